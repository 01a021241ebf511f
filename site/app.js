// @ts-check
// The page: choose an image, submit it, wait, read the answer. config.js says what to show and whom to ask,
// api.js speaks with the API, view.js is all that touches the document.
import { predictRequest, readAnswer, send } from "./api.js";
import { loadConfig } from "./config.js";
import { Failure } from "./failure.js";
import * as view from "./view.js";

/** @import { Config } from "./config.js" */

async function start() {
  const config = await loadConfig();
  view.showConfig(config);
  view.onChoose(view.showChosenImage);
  view.onSubmit(() => explainFailures(() => askAboutChosenImage(config)));
}

/** @param {Config} config */
async function askAboutChosenImage({ apiUrl, answerTemplate }) {
  const request = predictRequest(apiUrl, view.chosenImage());
  view.startWaiting(request);
  try {
    const response = await send(request);
    view.showResponse(response);
    view.showAnswer(readAnswer(response), answerTemplate);
  } finally {
    view.stopWaiting();
  }
}

/** @param {() => Promise<void>} action */
async function explainFailures(action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    view.showFailure(error);
  }
}

explainFailures(start);
