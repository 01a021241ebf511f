"""The HTTP side of the container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import json
import logging
import threading
from http import HTTPStatus

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from model_server.container.queue import QueueFull
from model_server.container.served_model import ServedModel
from model_server.serving.request_body import read_body, with_request_body
from model_server.serving.request_log import log_answer, note_start

# More requests at once than these are turned away, so that the server has a thread left to answer /ping.
MAX_INVOCATIONS = 32

_log = logging.getLogger(__name__)


def create_app(model: ServedModel, max_request_bytes: int) -> Flask:
    """Return the WSGI application that serves the model. Until the model is loaded it answers 503."""
    app = Flask(__name__, static_folder=None)
    app.wsgi_app = with_request_body(app.wsgi_app)  # type: ignore[method-assign]
    places = threading.BoundedSemaphore(MAX_INVOCATIONS)

    @app.get("/ping", provide_automatic_options=False)
    def ping() -> Response:
        if not model.loaded:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "The model is being loaded.")
        return Response(status=HTTPStatus.OK)

    @app.post("/invocations", provide_automatic_options=False)
    def invocations() -> Response:
        if not model.loaded:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "The model is being loaded.")
        if not places.acquire(blocking=False):
            raise QueueFull(retry_after=1)
        try:
            body = read_body(max_request_bytes)
            answer, content_type = model.invoke(body, request.content_type, request.headers.get("Accept"))
        finally:
            places.release()
        return Response(answer, content_type=content_type)

    app.before_request(note_start)
    app.after_request(_log_request)
    app.register_error_handler(QueueFull, _queue_full)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _hook_error)
    return app


def _error(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, mimetype="application/json")


def _queue_full(error: QueueFull) -> Response:
    # Not 503: overload is no fault of the container's, and must not roll a deployment back that watches for 5xx.
    answer = _error(HTTPStatus.TOO_MANY_REQUESTS, str(error))
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _http_error(error: HTTPException) -> Response:
    answer = _error(error.code or HTTPStatus.INTERNAL_SERVER_ERROR, error.description or error.name)
    # Keeps what belongs to the status, such as Allow of a 405.
    answer.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return answer


def _hook_error(error: Exception) -> Response:
    # Model code blames a request by an error that carries the status; AWS's containers look for the same attributes.
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _error(status, str(getattr(error, "message", error)))
    _log.error("the model failed", exc_info=error, extra={"fields": {"requestId": g.request_id}})
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, f"The model failed; the log has more on {g.request_id}.")


def _log_request(response: Response) -> Response:
    """Log it, but not health checks, of which SageMaker sends one every few seconds."""
    if request.path != "/ping":
        log_answer(response.status_code, contentType=request.content_type, bytes=request.content_length)
    return response
