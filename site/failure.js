// @ts-check

/** Something that went wrong, in words for the visitor: what happened, to what, and what to do about it. */
export class Failure extends Error {
  /**
   * @param {string} title what happened, in a few words
   * @param {string} detail what exactly, as a sentence
   * @param {string} advice what the visitor can do about it, as a sentence; empty if the detail says it
   * @param {string} [requestId] what to quote when reporting it; absent when no answer came
   */
  constructor(title, detail, advice, requestId) {
    super(detail);
    this.name = "Failure";
    this.title = title;
    this.detail = detail;
    this.advice = advice;
    this.requestId = requestId;
  }
}
