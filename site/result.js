// @ts-check
import { byId, element } from "./dom.js";
import { duration, fill, list, percent, texts } from "./language.js";

/** @import { Answer } from "./api.js" */
/** @import { Failure } from "./failure.js" */

// The answer, or what is instead of it.

/** A classifier may have a thousand labels; the page shows the likely ones. */
const MOST_BARS = 10;
/** Who waits longer than this wants to know why. */
const SLOW_AFTER_S = 8;

const section = byId("answer", HTMLElement);
const status = byId("status", HTMLDivElement);
const progress = byId("progress", HTMLDivElement);
const timer = byId("timer", HTMLParagraphElement);
const probabilities = byId("probabilities", HTMLTableElement);
const source = byId("source", HTMLParagraphElement);

let clock = 0;
let patience = 0;

/** @param {string[]} labels what the model tells apart; shown until there is an answer */
export function showLabels(labels) {
  const shown = labels.length > MOST_BARS ? [...labels.slice(0, MOST_BARS), "…"] : labels;
  byId("labels", HTMLParagraphElement).textContent = fill(texts.labels, { labels: list.format(shown) });
}

/** @param {string} [text] */
export function showIdle(text = texts.idle) {
  showStatus("idle", element("p", {}, text));
}

export function showWaiting() {
  showStatus("waiting", element("p", {}, texts.waiting));
  const start = performance.now();
  clock = setInterval(() => {
    timer.textContent = duration(Math.round((performance.now() - start) / 1000));
  }, 1000);
  patience = setTimeout(() => status.replaceChildren(element("p", {}, texts.slow)), SLOW_AFTER_S * 1000);
}

/**
 * Count down. Only the first call of a wait is announced; a screen reader that read out every second would be no help.
 * @param {number} left seconds
 * @param {number} all seconds of this wait
 * @param {number} attempt
 * @param {number} attempts
 */
export function showWarmUp(left, all, attempt, attempts) {
  if (left === all) {
    showStatus(
      "warming",
      element("p", { className: "headline" }, texts.warmingUp),
      element("p", {}, texts.retrying),
    );
  }
  timer.textContent = fill(texts.countdown, { seconds: duration(left), attempt, attempts });
  progress.style.setProperty("--share", String(1 - (left - 1) / all));
}

/**
 * @param {Answer} answer
 * @param {string} sentence
 * @param {(label: string) => string} translated
 * @param {number} took seconds from the request to the answer
 */
export function showAnswer({ label, probabilities: shares, model, latencyMs }, sentence, translated, took) {
  showStatus("answer", element("p", { className: "headline", dir: "auto" }, sentence));
  probabilities.tBodies[0].replaceChildren(...mostLikely(shares).map(
    ([name, share]) => bar(translated(name), share, name === label),
  ));
  probabilities.hidden = false;
  source.textContent = fill(texts.source, {
    model,
    time: duration(took),
    latency: duration(latencyMs / 1000),
  });
}

/** @param {Failure} failure */
export function showFailure({ title, message, advice, fromApi, requestId }) {
  showStatus(
    "failure",
    element("p", { className: "headline" }, title),
    element("p", fromApi ? { dir: "auto", lang: "en" } : {}, message),
    element("p", { className: "advice" }, advice),
  );
  source.textContent = requestId ? fill(texts.requestId, { id: requestId }) : "";
}

/**
 * @param {"idle" | "waiting" | "warming" | "answer" | "failure"} state
 * @param {HTMLElement[]} content
 */
function showStatus(state, ...content) {
  clearInterval(clock);
  clearTimeout(patience);
  section.dataset.state = state;
  status.replaceChildren(...content);
  progress.style.setProperty("--share", "0");
  probabilities.hidden = true;
  timer.textContent = source.textContent = "";
  // On a phone the answer is below the image; where it is in sight already, nothing moves.
  if (state !== "idle") section.scrollIntoView({ block: "nearest" });
}

/**
 * The most likely labels, in the order of the API.
 * @param {Record<string, number>} shares
 * @returns {[label: string, share: number][]}
 */
function mostLikely(shares) {
  const entries = Object.entries(shares);
  const least = entries.map(([, share]) => share).sort((a, b) => b - a)[MOST_BARS - 1] ?? 0;
  return entries.filter(([, share]) => share >= least).slice(0, MOST_BARS);
}

/**
 * @param {string} label
 * @param {number} share from 0 to 1
 * @param {boolean} chosen whether this label is the answer
 */
function bar(label, share, chosen) {
  const filled = element("div", { className: "bar" });
  filled.style.setProperty("--share", String(share));
  return element(
    "tr",
    { className: chosen ? "chosen" : "" },
    element("th", { scope: "row", dir: "auto" }, label),
    element("td", {}, filled),
    element("td", {}, percent.format(share)),
  );
}
