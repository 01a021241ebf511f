// @ts-check
import { byId } from "./dom.js";
import { count, fill, texts } from "./language.js";

/** @import { ApiRequest, ApiResponse } from "./api.js" */

// The request and the response, exactly as sent and received, and the same request for a terminal.

const request = byId("request", HTMLPreElement);
const response = byId("response", HTMLPreElement);
const curl = byId("curl", HTMLPreElement);
const save = byId("save", HTMLAnchorElement);
const notice = byId("notice", HTMLParagraphElement);

/** Give each text a button that copies it. */
export function offerCopies() {
  for (const text of [request, response, curl]) {
    copies(byId(`copy-${text.id}`, HTMLButtonElement), () => text.textContent ?? "");
  }
}

/**
 * Let a button copy a text, and say that it did.
 * @param {HTMLButtonElement} button
 * @param {() => string} text
 */
export function copies(button, text) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(text()).then(() => texts.copied, () => texts.notCopied);
    button.textContent = notice.textContent = done;
    setTimeout(() => {
      button.textContent = label;
      notice.textContent = "";
    }, 2000);
  });
}

/** @param {ApiRequest} sent */
export function showRequest({ method, url, headers, body }) {
  const name = typeof body === "string" ? "" : `image.${body.type.split("/")[1]}`;
  const headerLines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
  const content = typeof body === "string" ? body : fill(texts.bytes, { bytes: count.format(body.size), name });
  request.textContent = [`${method} ${url}`, ...headerLines, "", content].join("\n");
  const data = typeof body === "string" ? `--data-raw ${quote(body)}` : `--data-binary @${name}`;
  curl.textContent = [`curl ${quote(url)}`, ...headerLines.map((line) => `-H ${quote(line)}`), data].join(" \\\n  ");
  response.textContent = "";
  URL.revokeObjectURL(save.href);
  save.hidden = typeof body === "string";
  save.href = typeof body === "string" ? "#" : URL.createObjectURL(body);
  save.download = name;
}

/** @param {ApiResponse} received */
export function showResponse({ status, statusText, headers, body }) {
  const headerLines = headers.map(([header, value]) => `${header}: ${value}`);
  response.textContent = [`${status} ${statusText}`.trim(), ...headerLines, "", body].join("\n");
}

export function clear() {
  request.textContent = response.textContent = curl.textContent = "";
  save.hidden = true;
}

/** @param {string} text as one word of a POSIX shell */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
