// @ts-check
import { byId, element } from "./dom.js";
import { duration, timeOfDay } from "./language.js";

/** @import { Picture } from "./picture.js" */

// The answers of this visit. They live in this tab's session storage, and end with the tab.

const KEY = "history";
const MOST_ENTRIES = 12;
const THUMBNAIL_PIXELS = 96;

/**
 * @typedef {object} Entry
 * @property {string} thumbnail URL
 * @property {string} answer the sentence
 * @property {number} at milliseconds since 1970
 * @property {number} took seconds
 */

const section = byId("history", HTMLElement);
const list = byId("entries", HTMLOListElement);

/** @type {Entry[]} newest first */
let entries = load();

byId("clear", HTMLButtonElement).addEventListener("click", () => keep([]));
show();

/**
 * @param {Picture} picture
 * @param {string} answer
 * @param {number} took seconds
 */
export async function remember({ content }, answer, took) {
  const thumbnail = typeof content === "string" ? content : await shrink(content);
  keep([{ thumbnail, answer, at: Date.now(), took }, ...entries].slice(0, MOST_ENTRIES));
}

/** @param {Entry[]} kept */
function keep(kept) {
  entries = kept;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // A browser that forbids storage, or has none left, forgets the history with the page instead of with the tab.
  }
  show();
}

/** @returns {Entry[]} */
function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return []; // storage is forbidden
  }
}

function show() {
  section.hidden = entries.length === 0;
  list.replaceChildren(...entries.map(({ thumbnail, answer, at, took }) => element(
    "li",
    {},
    element("img", { src: thumbnail, alt: "", width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS }),
    element("p", { dir: "auto" }, answer),
    element("p", { className: "soft" }, element("time", { dateTime: new Date(at).toISOString() }, timeOfDay.format(at)), ` · ${duration(took)}`),
  )));
}

/**
 * @param {Blob} image
 * @returns {Promise<string>} a data URL of a small square from its middle, because the image itself is not kept
 */
async function shrink(image) {
  const bitmap = await createImageBitmap(image);
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = element("canvas", { width: THUMBNAIL_PIXELS, height: THUMBNAIL_PIXELS });
  canvas.getContext("2d")?.drawImage(
    bitmap,
    (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side,
    0, 0, THUMBNAIL_PIXELS, THUMBNAIL_PIXELS,
  );
  bitmap.close();
  return canvas.toDataURL("image/jpeg");
}
