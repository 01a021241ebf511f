// @ts-check
import { fill, texts } from "./language.js";

/** Something that went wrong, in words for the visitor: what happened, to what, and what to do about it. */
export class Failure extends Error {
  /**
   * @param {keyof typeof texts.failures} kind
   * @param {Record<string, string | number>} [values] for the placeholders in the kind's texts
   * @param {string} [requestId] what to quote when reporting it; absent when the API gave none
   */
  constructor(kind, values = {}, requestId) {
    const [title, detail, advice] = texts.failures[kind];
    super(fill(detail, values));
    this.name = "Failure";
    this.title = title;
    this.advice = advice;
    this.requestId = requestId;
  }
}
