// @ts-check
// Every word that the page itself says, in each language that it speaks. Another language is another entry of TEXTS;
// one that is written from right to left says so in `direction`.

const en = {
  direction: "ltr",
  title: "Image classifier",
  lead: "Choose an image, and read what the model sees in it.",

  image: "Image",
  samples: "Samples",
  sample: "Sample",
  ownImage: "Your own image",
  address: "Image address",
  file: "Choose a file",
  camera: "Take a photo",
  hint: "You can also drop an image anywhere, or paste it. Large photos are scaled down before they leave this device.",
  broken: "This image cannot be shown here. You can still submit it.",
  submit: "Submit",
  cancel: "Cancel",

  answer: "Answer",
  probabilities: "Probabilities",
  label: "Label",
  probability: "Probability",
  idle: "Submit the image, and the answer appears here.",
  waiting: "Waiting for the answer …",
  slow: "This takes longer than usual. The network is slow, or the model was idle. You can wait, or cancel.",
  warmingUp: "The model is warming up",
  retrying: "This page asks again by itself.",
  countdown: "Next try in {seconds} (try {attempt} of {attempts})",
  cancelled: "Cancelled. Nothing is being sent any more.",
  source: "{model} answered in {time}, of which the API took {latency}.",
  requestId: "Request ID: {id}",
  share: "Copy link to this image",

  exchange: "Request and response",
  request: "Request",
  response: "Response",
  curl: "The same with curl",
  bytes: "({bytes} bytes: {name})",
  saveImage: "Save the image as sent",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Copying failed",

  history: "This visit",
  historyNote: "Kept in this browser tab only.",
  clear: "Clear",
  api: "API description (OpenAPI)",

  failures: {
    offline: ["You are offline", "This device has no network connection.", "Connect to a network, then submit again."],
    unreachable: [
      "The API could not be reached",
      "The connection failed, or the API does not accept calls from this page.",
      "Check your network connection, and submit again in a minute.",
    ],
    timeout: [
      "No answer in time",
      "The API did not answer within {seconds}.",
      "Submit again: a model that was idle needs a while to start.",
    ],
    unreadable: [
      "The answer cannot be read",
      "The API answered something else than a label with probabilities.",
      "Look at the response below. This page and the API must be of the same version.",
    ],
    badAddress: [
      "This is not the address of an image",
      "“{address}” does not start with https:// or http://, or has no host.",
      "Copy the whole address of an image, for example https://example.com/image.jpg.",
    ],
    notAnImage: [
      "This file cannot be used",
      "“{name}” is not an image that this browser can open.",
      "Choose a JPEG, PNG or WebP image.",
    ],
    tooLarge: [
      "This image is too large",
      "Even scaled down, “{name}” has more than {bytes} bytes.",
      "Choose a smaller image, or one that is less wide or high.",
    ],
    unconfigured: ["This page is not set up", "{detail}", "Reload the page. If that does not help, deploy it again."],
    badImage: ["This image cannot be used", "{detail}", "Choose another image."],
    unreadableImage: ["This image could not be read", "{detail}", "Choose another image."],
    busy: ["Too many people are asking", "{detail}", "Submit again in a moment."],
    stillWarmingUp: ["The model is not ready yet", "{detail}", "Submit again in a few minutes."],
    tooSlow: ["The model took too long to answer", "{detail}", "Submit again."],
    apiError: ["The API answered with an error", "{detail}", "Submit again later."],
    unexpected: ["Something is broken in this page", "{detail}", "Reload the page, and report this if it returns."],
  },
  noDetail: "The API answered {status} without saying why.",
};

/** @type {typeof en} */
const de = {
  direction: "ltr",
  title: "Bildklassifikator",
  lead: "Wählen Sie ein Bild und lesen Sie, was das Modell darin sieht.",

  image: "Bild",
  samples: "Beispiele",
  sample: "Beispiel",
  ownImage: "Eigenes Bild",
  address: "Bildadresse",
  file: "Datei wählen",
  camera: "Foto aufnehmen",
  hint: "Sie können ein Bild auch hierher ziehen oder einfügen. Große Fotos werden verkleinert, bevor sie dieses Gerät verlassen.",
  broken: "Dieses Bild kann hier nicht gezeigt werden. Absenden können Sie es trotzdem.",
  submit: "Absenden",
  cancel: "Abbrechen",

  answer: "Antwort",
  probabilities: "Wahrscheinlichkeiten",
  label: "Klasse",
  probability: "Wahrscheinlichkeit",
  idle: "Senden Sie das Bild ab, und hier erscheint die Antwort.",
  waiting: "Warten auf die Antwort …",
  slow: "Das dauert länger als sonst. Das Netz ist langsam, oder das Modell war untätig. Sie können warten oder abbrechen.",
  warmingUp: "Das Modell wärmt sich auf",
  retrying: "Diese Seite fragt von selbst noch einmal.",
  countdown: "Nächster Versuch in {seconds} (Versuch {attempt} von {attempts})",
  cancelled: "Abgebrochen. Es wird nichts mehr gesendet.",
  source: "{model} antwortete nach {time}, davon {latency} in der API.",
  requestId: "Anfragenummer: {id}",
  share: "Link zu diesem Bild kopieren",

  exchange: "Anfrage und Antwort im Wortlaut",
  request: "Anfrage",
  response: "Antwort",
  curl: "Dasselbe mit curl",
  bytes: "({bytes} Bytes: {name})",
  saveImage: "Bild sichern, wie es gesendet wurde",
  copy: "Kopieren",
  copied: "Kopiert",
  notCopied: "Kopieren misslang",

  history: "Dieser Besuch",
  historyNote: "Bleibt in diesem Browser-Tab.",
  clear: "Löschen",
  api: "Beschreibung der API (OpenAPI)",

  failures: {
    offline: ["Sie sind offline", "Dieses Gerät hat keine Netzverbindung.", "Stellen Sie eine Verbindung her und senden Sie noch einmal ab."],
    unreachable: [
      "Die API ist nicht erreichbar",
      "Die Verbindung misslang, oder die API nimmt von dieser Seite keine Anfragen an.",
      "Prüfen Sie Ihre Verbindung und senden Sie in einer Minute noch einmal ab.",
    ],
    timeout: [
      "Keine Antwort in der vorgesehenen Zeit",
      "Die API hat innerhalb von {seconds} nicht geantwortet.",
      "Senden Sie noch einmal ab: Ein untätiges Modell braucht eine Weile zum Start.",
    ],
    unreadable: [
      "Die Antwort ist nicht lesbar",
      "Die API antwortete etwas anderes als eine Klasse mit Wahrscheinlichkeiten.",
      "Sehen Sie sich unten die Antwort an. Seite und API müssen von derselben Version sein.",
    ],
    badAddress: [
      "Das ist keine Adresse eines Bildes",
      "„{address}“ beginnt nicht mit https:// oder http://, oder der Rechnername fehlt.",
      "Kopieren Sie die ganze Adresse eines Bildes, zum Beispiel https://example.com/bild.jpg.",
    ],
    notAnImage: [
      "Diese Datei ist nicht verwendbar",
      "„{name}“ ist kein Bild, das dieser Browser öffnen kann.",
      "Wählen Sie ein Bild im Format JPEG, PNG oder WebP.",
    ],
    tooLarge: [
      "Dieses Bild ist zu groß",
      "Auch verkleinert hat „{name}“ mehr als {bytes} Bytes.",
      "Wählen Sie ein kleineres Bild oder eines, das weniger breit oder hoch ist.",
    ],
    unconfigured: ["Diese Seite ist nicht eingerichtet", "{detail}", "Laden Sie die Seite neu. Hilft das nicht, stellen Sie sie noch einmal bereit."],
    badImage: ["Dieses Bild ist nicht verwendbar", "{detail}", "Wählen Sie ein anderes Bild."],
    unreadableImage: ["Dieses Bild war nicht lesbar", "{detail}", "Wählen Sie ein anderes Bild."],
    busy: ["Gerade fragen zu viele", "{detail}", "Senden Sie gleich noch einmal ab."],
    stillWarmingUp: ["Das Modell ist noch nicht bereit", "{detail}", "Senden Sie in ein paar Minuten noch einmal ab."],
    tooSlow: ["Das Modell hat zu lange gebraucht", "{detail}", "Senden Sie noch einmal ab."],
    apiError: ["Die API meldet einen Fehler", "{detail}", "Senden Sie später noch einmal ab."],
    unexpected: ["Auf dieser Seite ist etwas defekt", "{detail}", "Laden Sie die Seite neu, und melden Sie es, wenn es wiederkehrt."],
  },
  noDetail: "Die API antwortete {status} und nannte keinen Grund.",
};

/** @type {Record<string, typeof en>} texts by language */
export const TEXTS = { en, de };
