"""The HTTP side of the container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from model_server.container.queue import QueuedRequest, QueueFull
from model_server.container.request_body import UnreadBody, read_body
from model_server.container.request_log import RequestLog
from model_server.container.served_model import ServedModel
from model_server.container.threads import started_threads

# More requests at once than these are turned away: each holds a body in memory, and a thread while `input_fn` has it.
MAX_INVOCATIONS = 32

# Seconds that a refusal takes. Clients that ask again at once, over and over, would keep the model from its cores.
_REFUSAL = 0.1

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Respond = Callable[[Response], object]

_log = logging.getLogger(__name__)


def create_app(model: ServedModel, max_request_bytes: int) -> ASGIApp:
    """Return the ASGI application that serves the model. Until the model is loaded it answers 503."""
    places = asyncio.Semaphore(MAX_INVOCATIONS)
    threads = started_threads(MAX_INVOCATIONS, "request")

    def ping() -> Response:
        return Response() if model.loaded else _loading()

    async def invocations(request: Request) -> Response:
        if not model.loaded:
            return _loading()
        try:
            response = await invocation(request)
            if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                await asyncio.sleep(_REFUSAL)
            return response
        except asyncio.CancelledError:  # the container stops, and cannot wait any longer
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "The container is being stopped.")

    async def invocation(request: Request) -> Response:
        if places.locked():
            return _queue_full(QueueFull(retry_after=1))
        async with places:
            body = await read_body(request, max_request_bytes)
            return await _later(threads, partial(_invoke, model, request, body))

    async def answer(request: Request) -> Response:
        match request.method, request.scope["path"]:
            case "GET" | "HEAD", "/ping":
                return ping()
            case "POST", "/invocations":
                return await invocations(request)
            case _, "/ping":
                return _not_allowed("GET, HEAD")
            case _, "/invocations":
                return _not_allowed("POST")
        return _error(HTTPStatus.NOT_FOUND, "There are only /ping and /invocations.")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await answer(request)
        except HTTPException as error:
            response = _error(error.status_code, error.detail)
        except Exception:
            _log.exception("the container failed", extra={"fields": {"requestId": request.state.request_id}})
            response = _error(HTTPStatus.INTERNAL_SERVER_ERROR, "The container failed; its log has the details.")
        await response(scope, receive, send)

    return RequestLog(UnreadBody(app))


async def _later(threads: ThreadPoolExecutor, start: Callable[[Respond], None]) -> Response:
    """Wait for the response that comes of what is started in a thread, from whichever thread it comes."""
    loop = asyncio.get_running_loop()
    response: asyncio.Future[Response] = loop.create_future()

    def arrive(arrived: Response) -> None:
        if not response.cancelled():
            response.set_result(arrived)

    threads.submit(start, lambda arrived: loop.call_soon_threadsafe(arrive, arrived))
    return await response


def _invoke(model: ServedModel, request: Request, body: bytes, respond: Respond) -> None:
    """Ask the model. Nothing that its code may raise gets to the event loop, which could not bear it."""
    headers, request_id = request.headers, request.state.request_id

    def tell(queued: QueuedRequest) -> None:
        request.state.milliseconds = queued.milliseconds()
        respond(_result(queued, request_id))

    try:
        model.invoke(body, headers.get("Content-Type"), headers.get("Accept"), tell)
    except BaseException as error:
        respond(_error_response(error, request_id))


def _result(queued: QueuedRequest, request_id: str) -> Response:
    if (error := queued.take_error()) is not None:
        return _error_response(error, request_id)
    try:
        return _response(*queued.answer)
    except BaseException as nonsense:
        return _error_response(nonsense, request_id)


def _response(answer: str | bytes, content_type: str) -> Response:
    if _CONTROL_CHARACTERS.search(content_type):
        raise ValueError(f"{content_type!r} is no media type")
    return Response(answer if isinstance(answer, str) else bytes(answer), headers={"Content-Type": content_type})


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps({"message": message}), status, headers, media_type="application/json")


def _loading() -> Response:
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, "The model is being loaded.")


def _queue_full(error: QueueFull) -> Response:
    # Not 503: overload is no fault of the container's, and must not roll a deployment back that watches for 5xx.
    return _error(HTTPStatus.TOO_MANY_REQUESTS, str(error), {"Retry-After": str(error.retry_after)})


def _not_allowed(methods: str) -> Response:
    return _error(HTTPStatus.METHOD_NOT_ALLOWED, f"Only {methods}.", {"Allow": methods})


def _error_response(error: BaseException, request_id: str) -> Response:
    with contextlib.suppress(BaseException):  # an error is the model's code as well
        return _queue_full(error) if isinstance(error, QueueFull) else _hook_error(error, request_id)
    _log.error("the model failed, and so did its %s", type(error).__name__, extra={"fields": {"requestId": request_id}})
    return _BEYOND_WORDS


def _hook_error(error: BaseException, request_id: str) -> Response:
    # Model code blames a request by an error that carries the status; AWS's containers look for the same attributes.
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 400 <= status <= 599:
        return _error(status, str(getattr(error, "message", error)))
    _log.error("the model failed", exc_info=error, extra={"fields": {"requestId": request_id}})
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, f"The model failed; the log has more on {request_id}.")


_BEYOND_WORDS = _error(HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed, and so did its error.")
