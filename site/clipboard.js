// @ts-check
import { byId } from "./dom.js";
import { texts } from "./language.js";

const notice = byId("notice", HTMLParagraphElement);

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
