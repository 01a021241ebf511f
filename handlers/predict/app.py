"""The Lambda handler: read the request, get the image, ask the endpoint, answer."""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

from . import guarded_fetch
from .answer import Prediction, json_answer, text_answer
from .endpoint import Endpoint
from .image import media_type_of
from .log import CallLog
from .problem import Problem
from .request import parse, request_id_of
from .response import Response
from .settings import Settings

# Seconds kept back from the function's timeout, so that our answer leaves before Lambda ends the call.
RESERVE = 0.5
# The part of the remaining time that a slow image host may use up; the rest is the endpoint's.
FETCH_SHARE = 0.4

UNEXPECTED = "Something is broken here. The log has the reason under this request id."
FETCH_PROBLEMS: dict[type[guarded_fetch.FetchError], int] = {
    guarded_fetch.InvalidUrl: 400,
    guarded_fetch.AddressNotAllowed: 400,
    guarded_fetch.ResponseTooLarge: 413,
    guarded_fetch.ImageHostError: 422,
    guarded_fetch.FetchTimeout: 422,
}

SETTINGS = Settings.read(os.environ, folder=Path(__file__).parent)
ENDPOINT = Endpoint(SETTINGS.endpoint_name, SETTINGS.region, SETTINGS.runtime_url)


class LambdaContext(Protocol):
    """What is used of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Any, context: LambdaContext) -> Response:
    """Answer one call of `POST /predict`, or one direct invoke. It always answers; it never raises."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    request_id = request_id_of(event, default=context.aws_request_id)
    log = CallLog(request_id)
    try:
        response = _predict(event, request_id, deadline, log)
    except Problem as problem:
        response = problem.response(request_id)
        log.add(error=problem.error, detail=problem.detail, note=problem.note)
    except Exception as error:
        response = Problem(500, UNEXPECTED).response(request_id)
        log.add(error=type(error).__name__, stack=traceback.format_exc())
    log.write(response["statusCode"])
    return response


def _predict(event: Any, request_id: str, deadline: float, log: CallLog) -> Response:
    request = parse(event, SETTINGS.max_image_bytes)
    image = request.source if isinstance(request.source, bytes) else _fetch(request.source, deadline, log)
    log.add(imageBytes=len(image))
    media_type = media_type_of(image)
    if media_type is None:
        raise Problem(422, "This is not an image that can be read. Use a JPEG, PNG or WebP image.")
    with log.stage("endpoint"):
        logits = ENDPOINT.invoke(image, media_type, request_id, deadline)
    prediction = Prediction.from_logits(logits, SETTINGS.labels)
    log.add(label=prediction.label)
    if request.wants_json:
        return json_answer(prediction, SETTINGS.model_name, request_id, log.latency_ms)
    return text_answer(prediction, SETTINGS.answer_template)


def _fetch(url: str, deadline: float, log: CallLog) -> bytes:
    now = time.monotonic()
    log.add(imageHost=guarded_fetch.host_of(url))  # path and query may hold a signature, or a name
    try:
        with log.stage("fetch"):
            return guarded_fetch.fetch(
                url,
                deadline=now + FETCH_SHARE * (deadline - now),
                max_bytes=SETTINGS.max_image_bytes,
                trusted_origins=SETTINGS.trusted_image_origins,
                allowed_hosts=SETTINGS.allowed_image_hosts,
            )
    except guarded_fetch.FetchError as error:
        status, cause = FETCH_PROBLEMS[type(error)], error.__cause__
        note = str(cause) if isinstance(cause, guarded_fetch.FetchError) else ""  # what callers must not learn
        raise Problem(status, str(error), error=type(error).__name__, note=note) from error
