"""The body of a request whose framing may be broken, which is the request's fault and not the application's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import BadRequest


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
