"""Asking the deployed API, as any client would."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import urllib3

from harness import loopback
from harness.failure import Failure

MEDIA_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}


class PredictionError(Failure):
    """There is no answer; the message says why, and what to do."""


@dataclass(frozen=True)
class Prediction:
    """An answer of the API."""

    answer: dict[str, Any]
    """``label``, ``probabilities`` and the rest of the API's JSON answer."""

    milliseconds: float
    """As the client measured it."""


@dataclass(frozen=True)
class Sample:
    """An image that the page offers."""

    url: str

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    @property
    def label(self) -> str:
        """The right answer, if the file is named after it, as those in ``site/samples`` are."""
        return self.file.rsplit(".", 1)[0]


def samples_of(page_url: str) -> list[Sample]:
    """The images that a page offers, as its ``config.json`` lists them.

    :raises PredictionError: when the page is not there.
    """
    try:
        response = loopback.request("GET", f"{page_url}/config.json")
    except urllib3.exceptions.HTTPError as error:
        raise PredictionError(f"the page {page_url} cannot be reached: {error}") from None
    if response.status != 200:
        raise PredictionError(f"{page_url}/config.json answered {response.status}: the page is not published")
    return [Sample(urljoin(f"{page_url}/", sample["url"])) for sample in response.json()["samples"]]


def predict(predict_url: str, image: str) -> Prediction:
    """Ask what is on an image.

    :param image: a URL, or the path of a file, which is uploaded.
    :raises PredictionError: when the API refuses, or cannot be reached.
    """
    if image.startswith(("http://", "https://")):
        content_type, body = "application/json", json.dumps({"url": image}).encode()
    else:
        content_type, body = _upload(Path(image))
    started_at = time.monotonic()
    try:
        response = loopback.request(
            "POST", predict_url, body, {"Content-Type": content_type, "Accept": "application/json"}
        )
    except urllib3.exceptions.HTTPError as error:
        raise PredictionError(f"{predict_url} does not answer: {error}. Is the stack up?") from None
    milliseconds = (time.monotonic() - started_at) * 1000
    if response.status != 200:
        raise PredictionError(f"{response.status} {_detail(response)}")
    return Prediction(response.json(), milliseconds)


def _upload(file: Path) -> tuple[str, bytes]:
    if not file.is_file():
        raise PredictionError(f"{file} is neither a file nor an http(s) URL")
    content_type = MEDIA_TYPES.get(file.suffix.lower())
    if content_type is None:
        raise PredictionError(f"{file}: the name must end in {', '.join(MEDIA_TYPES)}")
    return content_type, file.read_bytes()


def _detail(response: urllib3.BaseHTTPResponse) -> str:
    """What the API says is wrong (RFC 9457), or the gateway's own words."""
    try:
        problem = response.json()
        return f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return response.data.decode(errors="replace")
