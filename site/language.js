// @ts-check
import { TEXTS } from "./texts.js";

/** Language of the page: the first of the browser's that it speaks. */
export const language = navigator.languages
  .map((tag) => tag.split("-")[0])
  .find((code) => Object.hasOwn(TEXTS, code)) ?? "en";

export const texts = TEXTS[language];

export const percent = new Intl.NumberFormat(language, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

export const list = new Intl.ListFormat(language, { type: "disjunction" });

export const count = new Intl.NumberFormat(language);

export const timeOfDay = new Intl.DateTimeFormat(language, { timeStyle: "short" });

/** @param {number} seconds */
export function duration(seconds) {
  return seconds > 0 && seconds < 1
    ? new Intl.NumberFormat(language, { style: "unit", unit: "millisecond", maximumFractionDigits: 0 }).format(seconds * 1000)
    : new Intl.NumberFormat(language, { style: "unit", unit: "second", maximumFractionDigits: 1 }).format(seconds);
}

/** Put the page's own texts into the document. */
export function localize() {
  document.documentElement.lang = language;
  document.documentElement.dir = texts.direction;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = Object(texts)[element.getAttribute("data-text") ?? ""];
  }
}

/**
 * @param {string} template
 * @param {Record<string, string | number>} values what stands for {name}
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}
