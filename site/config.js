// @ts-check
import { Failure } from "./failure.js";

/**
 * An image that the visitor can choose.
 * @typedef {object} Sample
 * @property {string} label text in the dropdown
 * @property {string} url where the image is; in the file it may be relative to the page
 */

/**
 * The shape of config.json. The deployment writes that file next to index.html; it is not in the source tree.
 * @typedef {object} Config
 * @property {string} apiUrl where images are posted to, for example "https://.../predict"
 * @property {string} title heading of the page
 * @property {string} answerTemplate sentence of the answer, with {label} where the label goes
 * @property {Sample[]} samples at least one
 */

/**
 * Read config.json.
 * @returns {Promise<Config>} with the samples' URLs made absolute
 * @throws {Failure} if the file is missing or is not a configuration
 */
export async function loadConfig() {
  const config = await fetchJson("config.json");
  if (!isConfig(config)) {
    throw unusable("The page's config.json lacks an API address, a title, an answer template or samples.");
  }
  return { ...config, samples: config.samples.map(withAbsoluteUrl) };
}

/**
 * @param {Sample} sample
 * @returns {Sample}
 */
function withAbsoluteUrl({ label, url }) {
  return { label, url: new URL(url, document.baseURI).href };
}

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
async function fetchJson(path) {
  try {
    const response = await fetch(path);
    if (response.ok) return await response.json();
    throw unusable(`The server answered ${response.status} when asked for the page's ${path}.`);
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable(`The page's ${path} is not JSON.`);
    if (error instanceof TypeError) throw unusable(`The server did not send the page's ${path}.`);
    throw error;
  }
}

/**
 * @param {any} value
 * @returns {value is Config}
 */
function isConfig(value) {
  return [value?.apiUrl, value?.title, value?.answerTemplate].every((setting) => typeof setting === "string")
    && Array.isArray(value.samples) && value.samples.length > 0 && value.samples.every(isSample);
}

/**
 * @param {any} value
 * @returns {value is Sample}
 */
function isSample(value) {
  return typeof value?.label === "string" && URL.canParse(value.url, document.baseURI);
}

/** @param {string} detail */
function unusable(detail) {
  const advice = "Reload the page. If that does not help, deploy it again.";
  return new Failure("This page is not set up", detail, advice);
}
