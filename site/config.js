// @ts-check
import { Failure } from "./failure.js";
import { fill, language, texts } from "./language.js";

/** Slower than any network on which the rest of the page arrived. */
const TIME_LIMIT_S = 20;

/**
 * An image that the visitor can choose.
 * @typedef {object} Sample
 * @property {string} label
 * @property {string} url where the image is; in the file it may be relative to the page
 */

/**
 * The shape of config.json. The deployment writes that file next to index.html; it is not in the source tree.
 * @typedef {object} Config
 * @property {string} apiUrl where images are posted to, for example "https://.../predict"
 * @property {string} title heading of the page
 * @property {string} answerTemplate sentence of the answer, with {label} where the label goes
 * @property {string[]} labels what the model tells apart
 * @property {Sample[]} samples at least one
 * @property {Record<string, Record<string, string>>} translations of the texts above, by language, then by text
 * @property {number} imageSize pixels of the shorter side to which larger photos are scaled down
 * @property {number} maxImageBytes largest image that the API takes
 */

/**
 * Read config.json.
 * @returns {Promise<Config>} with absolute URLs, and in the page's language as far as there are translations
 * @throws {Failure} if the file does not arrive, is missing or is not a configuration
 */
export async function loadConfig() {
  const config = await fetchJson("config.json");
  if (!isConfig(config)) throw unconfigured(texts.wrongConfig);
  return {
    ...config,
    title: translate(config, config.title),
    answerTemplate: translate(config, config.answerTemplate),
    labels: config.labels.map((label) => translate(config, label)),
    samples: config.samples.map(({ label, url }) => ({
      label: translate(config, label),
      url: new URL(url, document.baseURI).href,
    })),
  };
}

/**
 * @param {Config} config
 * @param {string} text
 */
export function translate({ translations }, text) {
  return translations[language]?.[text] ?? text;
}

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
async function fetchJson(path) {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(TIME_LIMIT_S * 1000) });
    if (response.ok) return await response.json();
    throw unconfigured(fill(texts.noConfig, { status: response.status }));
  } catch (error) {
    if (error instanceof SyntaxError) throw unconfigured(texts.wrongConfig);
    if (error instanceof Failure) throw error;
    throw new Failure(navigator.onLine ? "notLoaded" : "notLoadedOffline");
  }
}

/**
 * @param {any} value
 * @returns {value is Config}
 */
function isConfig(value) {
  return [value?.apiUrl, value?.title, value?.answerTemplate].every((setting) => typeof setting === "string")
    && [value.imageSize, value.maxImageBytes].every((setting) => setting > 0)
    && Array.isArray(value.labels) && value.labels.every((/** @type {unknown} */ label) => typeof label === "string")
    && value.translations instanceof Object
    && Array.isArray(value.samples) && value.samples.length > 0 && value.samples.every(isSample);
}

/**
 * @param {any} value
 * @returns {value is Sample}
 */
function isSample(value) {
  return typeof value?.label === "string" && URL.canParse(value.url, document.baseURI);
}

/** @param {string} detail for whoever deployed the page */
function unconfigured(detail) {
  return new Failure("unconfigured", { detail });
}
