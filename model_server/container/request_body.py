"""The body of a request, up to a limit, and what becomes of the rest."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MALFORMED_BODY = "The body is incomplete, or its chunks are malformed."

_DISCARDED = 32 * 1024 * 1024


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body.

    Raises:
        HTTPException: 413 if it has more than `limit` bytes, announced or not; 400 if it is broken off.
    """
    too_large = HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request is larger than {limit} bytes.")
    if int(request.headers.get("Content-Length", 0)) > limit:
        raise too_large
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise too_large
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, MALFORMED_BODY) from None
    return bytes(body)


class UnreadBody:
    """ASGI middleware that takes what nobody has read of a body, and throws it away, before the answer is sent.

    A client that is still sending when the connection is closed sees a broken connection, not the answer. One that
    waits to be told to send (`Expect: 100-continue`) is not told, and one that never ends is not heard to the end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        unread = not any(name == b"expect" for name, _ in scope["headers"])

        async def receive_and_note() -> Message:
            nonlocal unread
            message = await receive()
            unread = message.get("more_body", False)
            return message

        async def discard_and_send(message: Message) -> None:
            to_come = _DISCARDED
            while message["type"] == "http.response.start" and unread and to_come > 0:
                to_come -= len((await receive_and_note()).get("body", b""))
            await send(message)

        await self._app(scope, receive_and_note, discard_and_send)
