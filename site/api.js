// @ts-check
// How the page speaks with the API. openapi.json describes the same for others.
import { Failure } from "./failure.js";
import { duration, fill, texts } from "./language.js";

/** HTTP APIs end a call after 30 s: whoever waits clearly longer waits for an answer that is lost. */
const TIME_LIMIT_S = 35;

/** @type {Map<number, keyof typeof texts.failures>} by status */
const PROBLEMS = new Map([
  [400, "badImage"],
  [413, "badImage"],
  [415, "badImage"],
  [422, "unreadableImage"],
  [429, "busy"],
  [503, "stillWarmingUp"],
  [504, "tooSlow"],
]);

/**
 * @typedef {object} ApiRequest
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string | Blob} body
 */

/**
 * @typedef {object} ApiResponse
 * @property {number} status
 * @property {string} statusText empty over HTTP/2
 * @property {string[][]} headers names and values of those that the API lets other origins read
 * @property {string} body
 * @property {number | null} retryAfter seconds after which the API asks to be asked again
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
 * @param {string | Blob} image its URL, or the image itself
 * @returns {ApiRequest}
 */
export function predictRequest(apiUrl, image) {
  const [type, body] = typeof image === "string"
    ? ["application/json", JSON.stringify({ url: image })]
    : [image.type, image];
  return { method: "POST", url: apiUrl, headers: { "Content-Type": type, "Accept": "application/json" }, body };
}

/**
 * Send a request and wait for the whole response, whatever its status.
 * @param {ApiRequest} request
 * @param {AbortSignal} signal ends the request, which then throws what `fetch` throws
 * @returns {Promise<ApiResponse>}
 * @throws {Failure} if no response came
 */
export async function send({ url, ...init }, signal) {
  try {
    const limit = AbortSignal.timeout(TIME_LIMIT_S * 1000);
    const response = await fetch(url, { ...init, signal: AbortSignal.any([signal, limit]) });
    const retryAfter = response.headers.get("Retry-After") ?? "";
    return {
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers],
      body: await response.text(),
      retryAfter: /^\d+$/.test(retryAfter) ? Number(retryAfter) : null, // our API never sends a date
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
export function readAnswer({ status, body }) {
  const content = parseObject(body);
  if (status === 200 && isAnswer(content)) return content;
  if (status === 200) throw new Failure("unreadable");
  // Problem details (RFC 9457) say in `detail` what is wrong; errors of the gateway itself have none.
  throw new Failure(PROBLEMS.get(status) ?? "apiError", { detail: fill(texts.noDetail, { status }) }, content);
}

/**
 * @param {unknown} error what `fetch` threw
 * @returns {unknown} a Failure, unless the error is none of the network's
 */
function noResponse(error) {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new Failure("timeout", { seconds: duration(TIME_LIMIT_S) });
  }
  if (error instanceof TypeError) return new Failure(navigator.onLine ? "unreachable" : "offline");
  return error;
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
