"""The body of a request, up to a limit."""

from __future__ import annotations

import contextlib
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

# How much of a body that is too large is read and thrown away. A client that is still sending when the connection is
# closed sees a broken connection, not the answer.
_DISCARDED = 32 * 1024 * 1024


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body.

    Raises:
        HTTPException: 413 if it has more than `limit` bytes, announced or not; 400 if it is broken off.
    """
    announced = int(request.headers.get("Content-Length", 0))
    received = 0
    body = bytearray()
    try:
        async for part in request.stream():
            received += len(part)
            if max(announced, received) <= limit:
                body += part
            elif received > limit + _DISCARDED:
                break
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is incomplete, or its chunks are malformed.") from None
    if max(announced, received) > limit:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request is larger than {limit} bytes.")
    return bytes(body)


async def discard_body(request: Request) -> None:
    """Read the body of a request that is refused, as far as a client that still sends it needs to see the answer."""
    with contextlib.suppress(HTTPException):
        await read_body(request, limit=0)
