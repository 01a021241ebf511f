"""Reads a request's body up to a limit."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

_CHUNK = 64 * 1024

# How much of a body that is too large is read and thrown away. A client that is still sending when the connection is
# closed sees a broken connection, not the answer.
_DISCARDED = 32 * 1024 * 1024


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
