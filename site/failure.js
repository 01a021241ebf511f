// @ts-check
import { fill, texts } from "./language.js";

/** Something that went wrong, in words for the visitor: what happened, to what, and what to do about it. */
export class Failure extends Error {
  /**
   * @param {keyof typeof texts.failures} kind
   * @param {Record<string, string | number>} [values] for the placeholders in the kind's texts
   * @param {{ detail?: unknown, requestId?: unknown }} [problem] the API's own words, which are English; and what to
   *   quote when reporting it
   */
  constructor(kind, values = {}, { detail, requestId } = {}) {
    const [title, message, advice] = texts.failures[kind];
    super(fill(message, detail ? { detail: String(detail) } : values));
    this.name = "Failure";
    this.title = title;
    this.advice = advice;
    this.fromApi = Boolean(detail);
    this.requestId = requestId && String(requestId);
  }
}
