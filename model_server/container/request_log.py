"""One line of the log for each request; but not for health checks, of which SageMaker sends one every few seconds."""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model_server.serving.request_id import CUSTOM_ATTRIBUTES, request_id_of
from model_server.serving.request_log import log_answer


class RequestLog:
    """ASGI middleware that gives each request its `state.request_id`, and logs its answer once that is sent.

    The application may say in `state.milliseconds` what took how long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.monotonic()
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get(CUSTOM_ATTRIBUTES))
        length = headers.get("Content-Length")
        scope["state"] = {"request_id": request_id, "milliseconds": {}}

        status = 500  # as uvicorn answers where the application does not

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            if scope["path"] != "/ping":
                log_answer(
                    request_id,
                    started_at,
                    scope["method"],
                    scope["path"],
                    status,
                    contentType=headers.get("Content-Type"),
                    bytes=int(length) if length else None,
                    **{name: round(value, 2) for name, value in scope["state"]["milliseconds"].items()},
                )
