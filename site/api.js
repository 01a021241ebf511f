// @ts-check
import { Failure } from "./failure.js";

/** HTTP APIs end a call after 30 s: whoever waits clearly longer waits for an answer that is lost. */
const TIME_LIMIT_S = 35;

/** Errors that are about the image, by status. */
const IMAGE_ERRORS = new Map([
  [400, "This image cannot be used"],
  [413, "This image is too large"],
  [415, "This kind of image is not supported"],
  [422, "This image could not be read"],
]);

/** Errors that pass with time, by status. */
const PASSING_ERRORS = new Map([
  [429, "Too many people are asking"],
  [503, "The model is warming up or busy"],
  [504, "The model took too long to answer"],
]);

/**
 * @typedef {object} ApiRequest
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string} body
 */

/**
 * @typedef {object} ApiResponse
 * @property {number} status
 * @property {string} statusText empty over HTTP/2
 * @property {string} contentType
 * @property {string} body
 * @property {string | null} retryAfter null also when the API does not expose this header to other origins
 */

/**
 * @typedef {object} Answer
 * @property {string} label
 * @property {Record<string, number>} probabilities by label
 * @property {string} model
 * @property {number} latencyMs how long the API took
 */

/**
 * @param {string} apiUrl
 * @param {string} imageUrl absolute, because the API fetches it
 * @returns {ApiRequest}
 */
export function predictRequest(apiUrl, imageUrl) {
  return {
    method: "POST",
    url: apiUrl,
    headers: { "Content-Type": "application/json", "Accept": "application/json" },
    body: JSON.stringify({ url: imageUrl }),
  };
}

/**
 * Send a request and wait for the whole response, whatever its status.
 * @param {ApiRequest} request
 * @returns {Promise<ApiResponse>}
 * @throws {Failure} if no response came
 */
export async function send({ url, ...init }) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIME_LIMIT_S * 1000) });
    return {
      status: response.status,
      statusText: response.statusText,
      contentType: response.headers.get("Content-Type") ?? "",
      retryAfter: response.headers.get("Retry-After"),
      body: await response.text(),
    };
  } catch (error) {
    throw noResponse(error);
  }
}

/**
 * The answer in a response.
 * @param {ApiResponse} response
 * @returns {Answer}
 * @throws {Failure} if the response is an error, or not an answer
 */
export function readAnswer(response) {
  const content = parseObject(response.body);
  if (response.status !== 200) throw problem(response, content);
  if (!isAnswer(content)) {
    throw new Failure(
      "The answer cannot be read",
      "The API answered something else than a label with probabilities.",
      "The response shows what came. Check that this page and the API are of the same version.",
    );
  }
  return content;
}

/**
 * @param {unknown} error what `fetch` threw
 * @returns {unknown} a Failure, unless the error is none of the network's
 */
function noResponse(error) {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new Failure(
      "No answer in time",
      `The API did not answer within ${TIME_LIMIT_S} seconds.`,
      "Try again: a model that was idle needs a while to start.",
    );
  }
  if (error instanceof TypeError) {
    return new Failure(
      "The API could not be reached",
      "The connection failed, or the API does not accept calls from this page.",
      "Check your network connection and try again.",
    );
  }
  return error;
}

/**
 * The failure that an error response describes (RFC 9457). Its title is a bare HTTP phrase, so the page
 * has its own; its detail often says already when to try again; errors of the gateway have no detail.
 * @param {ApiResponse} response
 * @param {Record<string, any>} content
 */
function problem({ status, retryAfter }, { detail, requestId }) {
  const title = IMAGE_ERRORS.get(status) ?? PASSING_ERRORS.get(status) ?? "The API answered with an error";
  const what = String(detail ?? `The API answered ${status} without saying why.`);
  const advice = IMAGE_ERRORS.has(status) ? "Choose another image." : retryAdvice(retryAfter);
  return new Failure(title, what, what.includes("Try again") ? "" : advice, requestId && String(requestId));
}

/** @param {string | null} retryAfter seconds; the header may also be a date, which our API never sends */
function retryAdvice(retryAfter) {
  return /^\d+$/.test(retryAfter ?? "") ? `Try again in ${retryAfter} seconds.` : "Try again later.";
}

/**
 * @param {string} text
 * @returns {Record<string, any>} empty if the text is not a JSON object
 */
function parseObject(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * @param {Record<string, any>} content
 * @returns {content is Answer}
 */
function isAnswer(content) {
  const { label, probabilities, model, latencyMs } = content;
  return typeof label === "string" && typeof model === "string" && probabilities instanceof Object
    && [latencyMs, ...Object.values(probabilities)].every((number) => typeof number === "number");
}
