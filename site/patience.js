// @ts-check
import { send } from "./api.js";

/** @import { ApiRequest, ApiResponse } from "./api.js" */

/** With the 30 s that our API asks for, six minutes: an endpoint that is being created takes a few. */
const MOST_ATTEMPTS = 12;
/** Who is asked to come back later than this need not keep the page open. */
const LONGEST_WAIT_S = 120;

/**
 * What happens meanwhile.
 * @typedef {object} Watcher
 * @property {() => void} sending
 * @property {(response: ApiResponse) => void} received
 * @property {(left: number, all: number, attempt: number, attempts: number) => void} waiting called each second of a
 *   wait: the seconds that are left, all its seconds, and the number of the attempt that follows
 */

/**
 * Send a request, and again while the API says that it is not ready and when to come back.
 * @param {ApiRequest} request
 * @param {AbortSignal} signal ends a request as well as a wait
 * @param {Watcher} watcher
 * @returns {Promise<ApiResponse>} the last one, if the API never got ready
 */
export async function sendUntilReady(request, signal, watcher) {
  for (let attempt = 1; ; attempt += 1) {
    watcher.sending();
    const response = await send(request, signal);
    watcher.received(response);
    const { status, retryAfter } = response;
    if (status !== 503 || retryAfter === null || retryAfter > LONGEST_WAIT_S || attempt === MOST_ATTEMPTS) {
      return response;
    }
    const wait = Math.max(1, retryAfter);
    for (let left = wait; left > 0; left -= 1) {
      watcher.waiting(left, wait, attempt + 1, MOST_ATTEMPTS);
      await second(signal);
    }
  }
}

/** @param {AbortSignal} signal ends the second at once, with its reason as error */
async function second(signal) {
  const over = AbortSignal.any([signal, AbortSignal.timeout(1000)]);
  if (!over.aborted) await new Promise((resolve) => over.addEventListener("abort", resolve));
  signal.throwIfAborted();
}
