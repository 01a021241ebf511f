// @ts-check
// The page: choose an image, submit it, wait, read the answer. This file says what happens when; picture.js is the
// chosen image, api.js and patience.js speak with the API, and each of the others owns one part of the document.
import { predictRequest, readAnswer } from "./api.js";
import * as chooser from "./chooser.js";
import { loadConfig, translate } from "./config.js";
import { byId } from "./dom.js";
import * as exchange from "./exchange.js";
import { Failure } from "./failure.js";
import * as history from "./history.js";
import { fill, localize, texts } from "./language.js";
import { sendUntilReady } from "./patience.js";
import { pictureAt, pictureOf } from "./picture.js";
import * as result from "./result.js";

/** @import { Config } from "./config.js" */
/** @import { Picture } from "./picture.js" */

const share = byId("share", HTMLButtonElement);

/** @type {Promise<Picture>} what the visitor chose last; rejected if that is not an image */
let choice;
let link = "";

async function start() {
  localize();
  const config = await loadConfig();
  document.title = byId("title", HTMLHeadingElement).textContent = config.title;
  result.showLabels(config.labels);
  let call = new AbortController();
  chooser.offer(
    config.samples,
    (address) => choose(pictureAt(address), address),
    (file) => choose(pictureOf(file, config)),
  );
  chooser.listen(
    () => explainFailures(() => ask(config, (call = new AbortController()).signal)),
    () => call.abort(),
  );
  exchange.offerCopies();
  exchange.copies(share, () => link);
  // A link can choose an image, but only the visitor sends it.
  const address = new URLSearchParams(location.search).get("url") || config.samples[0].url;
  await choose(pictureAt(address), address);
}

/**
 * @param {Promise<Picture>} chosen
 * @param {string} [address] what the visitor wrote to choose it
 */
function choose(chosen, address) {
  choice = chosen;
  exchange.clear(); // it was about another image
  share.hidden = true;
  return explainFailures(async () => {
    try {
      const picture = await chosen;
      if (choice === chosen) show(picture); // else another was chosen while this one was being scaled down
    } catch (error) {
      if (choice !== chosen) return;
      chooser.showNone(address);
      throw error;
    }
  });
}

/** @param {Picture} picture */
function show(picture) {
  chooser.show(picture);
  result.showIdle();
  share.hidden = typeof picture.content !== "string";
  link = new URL(`?url=${encodeURIComponent(String(picture.content))}`, document.baseURI).href;
}

/**
 * @param {Config} config
 * @param {AbortSignal} signal
 */
async function ask(config, signal) {
  let sentAt = 0;
  chooser.setBusy(true);
  try {
    const picture = await choice;
    const request = predictRequest(config.apiUrl, picture.content);
    exchange.showRequest(request);
    const response = await sendUntilReady(request, signal, {
      sending() {
        sentAt = performance.now();
        result.showWaiting();
      },
      received: exchange.showResponse,
      waiting: result.showWarmUp,
    });
    const answer = readAnswer(response);
    const took = (performance.now() - sentAt) / 1000;
    const sentence = fill(config.answerTemplate, { label: translate(config, answer.label) });
    result.showAnswer(answer, sentence, (label) => translate(config, label), took);
    await history.remember(picture, sentence, took);
  } finally {
    chooser.setBusy(false);
  }
}

/** @param {() => Promise<void>} action */
async function explainFailures(action) {
  try {
    await action();
  } catch (error) {
    if (error instanceof Failure) result.showFailure(error);
    else if (error instanceof DOMException && error.name === "AbortError") result.showIdle(texts.cancelled);
    else {
      result.showFailure(new Failure("unexpected", { detail: String(error) }));
      throw error;
    }
  }
}

explainFailures(start);
