"""The body of a request, up to a limit. That its framing is broken is the request's fault, not the application's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from flask import request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

_CHUNK = 64 * 1024

# How much of a body that is too large is read and thrown away. A client that is still sending when the connection is
# closed sees a broken connection, not the answer.
_DISCARDED = 32 * 1024 * 1024


class MalformedBody(BadRequest):
    """The body is broken off, or its chunks are none."""

    description = "The body is incomplete, or its chunks are malformed."


class RequestBody:
    """`wsgi.input` that raises MalformedBody, once, where gunicorn's raises errors of its own."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body
        self._broken = False

    def read(self, size: int = -1) -> bytes:
        if self._broken:
            return b""
        try:
            return self._body.read(size)
        except (ParseException, NoMoreData):
            self._broken = True
            raise MalformedBody from None


def with_request_body(application: Any) -> Any:
    """A WSGI application that reads its requests' bodies so."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = RequestBody(environ["wsgi.input"])
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    return call


def read_body(limit: int) -> bytes:
    """Return the body of the current request.

    Raises:
        RequestEntityTooLarge: it has more than `limit` bytes, announced or not (Flask's own MAX_CONTENT_LENGTH cuts a
            chunked body off instead).
    """
    body = bytearray()
    announced = request.content_length or 0
    received = 0
    while received < limit + _DISCARDED and (chunk := request.stream.read(_CHUNK)):
        received += len(chunk)
        if max(announced, received) <= limit:
            body += chunk
    if max(announced, received) > limit:
        raise RequestEntityTooLarge(f"The request is larger than {limit} bytes.")
    return bytes(body)
