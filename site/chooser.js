// @ts-check
import { byId, element } from "./dom.js";
import { texts } from "./language.js";

/** @import { Sample } from "./config.js" */
/** @import { Picture } from "./picture.js" */

// All ways to choose an image, and the chosen one.

const form = byId("form", HTMLFormElement);
const choices = byId("choices", HTMLFieldSetElement);
const frame = byId("frame", HTMLDivElement);
const image = byId("image", HTMLImageElement);
const thumbnails = byId("thumbnails", HTMLDivElement);
const select = byId("sample", HTMLSelectElement);
const address = byId("address", HTMLInputElement);
const submit = byId("submit", HTMLButtonElement);
const cancel = byId("cancel", HTMLButtonElement);

const ownImage = new Option(texts.ownImage, "");
let preview = "";

image.addEventListener("error", () => (image.className = "broken"));
image.addEventListener("load", () => (image.className = ""));

/**
 * @param {Sample[]} samples
 * @param {(address: string) => void} onAddress called when the visitor chooses a URL
 * @param {(file: File) => void} onFile called when the visitor chooses a file
 */
export function offer(samples, onAddress, onFile) {
  select.replaceChildren(...samples.map(({ label, url }) => new Option(label, url)));
  select.addEventListener("change", () => select.value && onAddress(select.value));
  thumbnails.replaceChildren(...samples.map(({ label, url }) => {
    const picture = element("img", { fetchPriority: "low", src: url, alt: label, title: label, width: 96, height: 96 });
    const button = element("button", { type: "button", value: url }, picture);
    button.addEventListener("click", () => onAddress(url));
    return button;
  }));
  address.addEventListener("change", () => onAddress(address.value.trim() || samples[0].url));
  for (const input of [byId("file", HTMLInputElement), byId("camera", HTMLInputElement)]) {
    input.addEventListener("change", () => {
      if (input.files?.length) onFile(input.files[0]);
      input.value = ""; // so that choosing the same file again is a change, too
    });
  }
  receive("paste", (event) => event.clipboardData, onAddress, onFile);
  receive("drop", (event) => event.dataTransfer, onAddress, onFile);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    frame.classList.toggle("target", !choices.disabled);
  });
  for (const end of ["dragleave", "drop"]) document.addEventListener(end, () => frame.classList.remove("target"));
  choices.disabled = submit.disabled = false;
}

/**
 * @param {() => void} onSubmit
 * @param {() => void} onCancel
 */
export function listen(onSubmit, onCancel) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit();
  });
  cancel.addEventListener("click", onCancel);
  // The Enter that submitted, held a little longer, is no wish to cancel.
  cancel.addEventListener("keydown", (event) => event.repeat && event.preventDefault());
}

/**
 * Show the chosen image, and in every control that it is the chosen one.
 * @param {Picture} picture
 */
export function show({ content, preview: url, name }) {
  if (preview !== url) URL.revokeObjectURL(preview);
  image.className = "loading"; // until then the browser goes on showing the previous one
  preview = image.src = url;
  const sample = [...select.options].find((option) => option.value && option.value === content);
  image.alt = sample?.text ?? name;
  if (sample) ownImage.remove();
  else select.append(ownImage);
  select.value = sample?.value ?? "";
  address.value = typeof content === "string" && !sample ? content : "";
  address.removeAttribute("aria-invalid");
  mark(sample?.value);
}

/**
 * Show that no image is chosen, because what was chosen is not one.
 * @param {string} [written] what the visitor chose instead of the address of an image
 */
export function showNone(written = "") {
  image.removeAttribute("src");
  image.alt = "";
  image.className = "";
  select.append(ownImage);
  select.value = "";
  address.value = written;
  if (written) address.setAttribute("aria-invalid", "true");
  mark(undefined);
}

/** @param {boolean} busy whether an answer is awaited; until then, nothing else can be chosen or sent */
export function setBusy(busy) {
  // A control that disappears or gets disabled loses the focus. Pass it on, unless the visitor has moved on.
  const lost = document.activeElement === document.body || form.contains(document.activeElement);
  form.setAttribute("aria-busy", String(busy));
  choices.disabled = submit.disabled = busy;
  cancel.hidden = !busy;
  if (lost) (busy ? cancel : submit).focus({ preventScroll: true });
}

/** @param {string | undefined} url of the chosen sample */
function mark(url) {
  for (const button of thumbnails.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === url));
  }
}

/**
 * Take images, and addresses of images, from the clipboard or from a drag.
 * @template {"paste" | "drop"} K
 * @param {K} type
 * @param {(event: DocumentEventMap[K]) => DataTransfer | null} data
 * @param {(address: string) => void} onAddress
 * @param {(file: File) => void} onFile
 */
function receive(type, data, onAddress, onFile) {
  document.addEventListener(type, (event) => {
    const [file] = data(event)?.files ?? [];
    const text = data(event)?.getData("text").trim() ?? "";
    const isAddress = /^https?:\/\/\S+$/i.test(text);
    if (type === "drop" || file || isAddress) event.preventDefault();
    if (choices.disabled) return;
    if (file) onFile(file);
    else if (isAddress) onAddress(text);
  });
}
