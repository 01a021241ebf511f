// @ts-check
import { Failure } from "./failure.js";
import { count } from "./language.js";

/** @import { Config } from "./config.js" */

/** What the API takes. Other kinds that the browser can open are turned into JPEG. */
const MEDIA_TYPES = ["image/jpeg", "image/png", "image/webp"];
const JPEG_QUALITY = 0.9;

/**
 * An image that the visitor chose.
 * @typedef {object} Picture
 * @property {string | Blob} content its URL, from which the API fetches it; or the image itself, as it will be sent
 * @property {string} preview URL under which this browser can show it
 * @property {string} name
 */

/**
 * An image on the web.
 * @param {string} address
 * @returns {Promise<Picture>}
 * @throws {Failure} if it is not an http(s) URL
 */
export async function pictureAt(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new Failure("badAddress", { address: quoted(address) });
  return { content: url.href, preview: url.href, name: url.pathname.split("/").at(-1) || url.host };
}

/**
 * @param {string} text of the visitor
 * @returns {string} no longer than a sentence bears, and between the characters that isolate its direction from it
 */
function quoted(text) {
  return `\u2068${text.length > 80 ? `${text.slice(0, 79)}…` : text}\u2069`;
}

/**
 * An image on this device, upright, and no larger than the model needs.
 * @param {File} file
 * @param {Pick<Config, "imageSize" | "maxImageBytes">} limits
 * @returns {Promise<Picture>} its preview shows what will be sent
 * @throws {Failure} if it is not an image, or cannot be made small enough
 */
export async function pictureOf(file, { imageSize, maxImageBytes }) {
  const image = await decode(file);
  const scale = Math.min(1, imageSize / Math.min(image.naturalWidth, image.naturalHeight));
  const usable = scale === 1 && MEDIA_TYPES.includes(file.type) && file.size <= maxImageBytes;
  const content = usable ? file : await encode(image, scale);
  URL.revokeObjectURL(image.src);
  if (!content || content.size > maxImageBytes) {
    throw new Failure("tooLarge", { name: quoted(file.name), bytes: count.format(maxImageBytes) });
  }
  return { content, preview: URL.createObjectURL(content), name: file.name };
}

/**
 * @param {File} file
 * @returns {Promise<HTMLImageElement>} drawn upright, as the file's EXIF orientation says
 */
async function decode(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    if (!image.naturalWidth) throw new TypeError("an image without a size");
    return image;
  } catch {
    URL.revokeObjectURL(image.src);
    throw new Failure("notAnImage", { name: quoted(file.name) });
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {number} scale
 * @returns {Promise<Blob | null>} a JPEG; null if this browser has no memory for it
 */
function encode(image, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}
