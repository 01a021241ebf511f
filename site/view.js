// @ts-check
/** @import { Answer, ApiRequest, ApiResponse } from "./api.js" */
/** @import { Config } from "./config.js" */
/** @import { Failure } from "./failure.js" */

// Whatever comes from the configuration or the API enters the document as text, never as markup.

/** A classifier may have a thousand labels; the page shows the likely ones. */
const MOST_BARS = 10;

const title = byId("title", HTMLHeadingElement);
const form = byId("form", HTMLFormElement);
const select = byId("sample", HTMLSelectElement);
const frame = byId("frame", HTMLDivElement);
const image = byId("image", HTMLImageElement);
const submit = byId("submit", HTMLButtonElement);
const answer = byId("answer", HTMLElement);
const status = byId("status", HTMLDivElement);
const probabilities = byId("probabilities", HTMLTableElement);
const source = byId("source", HTMLParagraphElement);
const request = byId("request", HTMLPreElement);
const response = byId("response", HTMLPreElement);

const idleText = status.querySelector("p:last-child")?.textContent ?? "";
const percent = new Intl.NumberFormat(document.documentElement.lang, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

image.addEventListener("error", () => frame.classList.add("broken"));
image.addEventListener("load", () => frame.classList.remove("broken"));

/** @param {() => void} listener called when the visitor chooses another image */
export function onChoose(listener) {
  select.addEventListener("change", listener);
}

/** @param {() => void} listener called when the visitor submits the chosen image */
export function onSubmit(listener) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    listener();
  });
}

/** @param {Config} config */
export function showConfig(config) {
  document.title = title.textContent = config.title;
  select.replaceChildren(...config.samples.map(({ label, url }) => new Option(label, url)));
  showChosenImage();
  select.disabled = submit.disabled = false;
}

/** @returns {string} URL of the chosen image */
export function chosenImage() {
  return select.value;
}

/** Show the chosen image, and no answer, because none was given for it yet. */
export function showChosenImage() {
  image.alt = select.selectedOptions[0].text;
  image.src = select.value;
  showStatus("idle", paragraph(idleText));
  request.textContent = response.textContent = "";
}

/** @param {ApiRequest} sent the request that an answer is now awaited for */
export function startWaiting({ method, url, headers, body }) {
  form.setAttribute("aria-busy", "true");
  select.disabled = submit.disabled = true;
  showStatus("waiting", paragraph("Waiting for the answer. The first one can take a while."));
  const headerLines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  request.textContent = [`${method} ${url}`, ...headerLines, "", body].join("\n");
  response.textContent = "";
  scrollToAnswer();
}

export function stopWaiting() {
  form.removeAttribute("aria-busy");
  select.disabled = submit.disabled = false;
  // A button that gets disabled loses the focus. Give it back, unless the visitor has moved on.
  if (document.activeElement === document.body) submit.focus({ preventScroll: true });
}

/** @param {ApiResponse} received */
export function showResponse({ status, statusText, contentType, body }) {
  const statusLine = `${status} ${statusText}`.trim();
  response.textContent = [statusLine, `Content-Type: ${contentType}`, "", body].join("\n");
}

/**
 * @param {Answer} given
 * @param {string} template sentence with {label} in it
 */
export function showAnswer(given, template) {
  showStatus("answer", paragraph(template.replaceAll("{label}", () => given.label), "headline"));
  const rows = mostLikely(given.probabilities).map(([label, probability]) => (
    probabilityRow(label, probability, label === given.label)
  ));
  probabilities.tBodies[0].replaceChildren(...rows);
  probabilities.hidden = false;
  source.textContent = `${given.model} answered in ${Math.round(given.latencyMs)} ms.`;
  scrollToAnswer();
}

/** @param {Failure} failure */
export function showFailure({ title, detail, advice, requestId }) {
  showStatus("failure", paragraph(title, "headline"), paragraph(detail), paragraph(advice, "advice"));
  source.textContent = requestId ? `Request ID: ${requestId}` : "";
  scrollToAnswer();
}

/**
 * @param {"idle" | "waiting" | "answer" | "failure"} state
 * @param {HTMLElement[]} content
 */
function showStatus(state, ...content) {
  answer.dataset.state = state;
  status.replaceChildren(...content);
  probabilities.hidden = true;
  source.textContent = "";
}

/** On a phone the answer is below the image; where it is in sight already, nothing moves. */
function scrollToAnswer() {
  answer.scrollIntoView({ block: "nearest" });
}

/**
 * The most likely labels, in the order of the API.
 * @param {Record<string, number>} probabilities
 * @returns {[label: string, probability: number][]}
 */
function mostLikely(probabilities) {
  const entries = Object.entries(probabilities);
  const least = entries.map(([, probability]) => probability).sort((a, b) => b - a)[MOST_BARS - 1] ?? 0;
  return entries.filter(([, probability]) => probability >= least).slice(0, MOST_BARS);
}

/**
 * @param {string} label
 * @param {number} probability from 0 to 1
 * @param {boolean} chosen whether this label is the answer
 */
function probabilityRow(label, probability, chosen) {
  const row = document.createElement("tr");
  row.classList.toggle("chosen", chosen);
  const heading = document.createElement("th");
  heading.scope = "row";
  heading.textContent = label;
  row.append(heading);
  row.insertCell().append(bar(probability));
  row.insertCell().textContent = percent.format(probability);
  return row;
}

/** @param {number} share from 0 to 1 */
function bar(share) {
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.style.setProperty("--share", String(share));
  return bar;
}

/**
 * @param {string} text
 * @param {string} [className]
 */
function paragraph(text, className = "") {
  const paragraph = document.createElement("p");
  paragraph.className = className;
  paragraph.textContent = text;
  return paragraph;
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} with the id "${id}"`);
  return element;
}
