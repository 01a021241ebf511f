"""From a Lambda event to what the caller asks for, or to a Problem that says what is wrong with it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .image import MEDIA_TYPES
from .problem import Problem

_HOW_TO = 'Send {"url": "https://example.com/image.jpg"} as application/json, or an image as ' + (
    ", ".join(MEDIA_TYPES) + "."
)
_ID = re.compile(r"[A-Za-z0-9+/=_-]{8,64}")


class PredictRequest(NamedTuple):
    """source: the image itself, or the URL where it is."""

    source: bytes | str
    wants_json: bool


def request_id_of(event: Any, default: str) -> str:
    """The API's request id, which the caller can look up in the access log; else Lambda's.

    A direct invoke may write there what it likes; what is no id does not go on into logs and headers.
    """
    match event:
        case {"requestContext": {"requestId": str(request_id)}} if _ID.fullmatch(request_id):
            return request_id
    return default


def parse(event: Any, max_bytes: int) -> PredictRequest:
    """Read an event of an HTTP API (payload format 2.0), or one with nothing but a `body` (a direct invoke).

    A request without a Content-Type is taken as JSON. Raises Problem 400, 413 or 415.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    if not isinstance(event, dict):
        raise Problem(400, "The event must be a JSON object with a `body`.")
    headers = _headers(event)
    media_type = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    body = _body(event, max_bytes)
    if media_type == "application/json":
        source: bytes | str = _url(body)
    elif media_type in MEDIA_TYPES:
        source = body
    else:
        raise Problem(415, f"The media type {media_type[:100]!r} is not supported. {_HOW_TO}")
    return PredictRequest(source, wants_json=_prefers_json(headers.get("accept", "")))


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    headers = event.get("headers")
    if not isinstance(headers, dict):
        return {}
    return {name.lower(): str(value) for name, value in headers.items()}


def _body(event: Mapping[str, Any], max_bytes: int) -> bytes:
    body = event.get("body")
    if not body:
        raise Problem(400, f"The request has no body. {_HOW_TO}")
    if not isinstance(body, str):
        raise Problem(400, "The `body` of the event must be a string.")
    try:
        if event.get("isBase64Encoded"):
            content = base64.b64decode(body, validate=True)
        else:
            content = body.encode("utf-8", "surrogatepass")
    except ValueError:
        raise Problem(400, "The `body` of the event is not valid base64.") from None
    if len(content) > max_bytes:
        raise Problem(413, f"The request body is larger than {max_bytes} bytes. Send a smaller image.")
    return content


def _url(body: bytes) -> str:
    try:
        document = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Problem(400, f"The request body is not valid JSON. {_HOW_TO}") from None
    if not isinstance(document, dict) or document.get("url", "") == "":
        raise Problem(400, f"The request body has no `url`. {_HOW_TO}")
    url = document["url"]
    if not isinstance(url, str):
        raise Problem(400, f"The `url` in the request body is not a string. {_HOW_TO}")
    return url


def _prefers_json(accept: str) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1) puts JSON before plain text, which is the default."""
    return _preference(accept, "application/json") > _preference(accept, "text/plain")


def _preference(accept: str, media_type: str) -> tuple[float, int]:
    """Quality and specificity of the media range that fits best; (0.0, 0) if none accepts the media type."""
    ranges = ["*/*", f"{media_type.partition('/')[0]}/*", media_type]
    best = (0, 0.0)
    for element in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in element.split(";"))
        if media_range in ranges:
            best = max(best, (ranges.index(media_range) + 1, _quality(parameters)))
    specificity, quality = best
    return (quality, specificity) if quality else (0.0, 0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if weight := re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter, re.ASCII):
            return float(weight[1])
    return 1.0
