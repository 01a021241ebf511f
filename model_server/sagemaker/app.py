"""The routes: the control plane at `/`, the runtime below `/endpoints`, a health check at `/_health`."""

import contextlib
import logging
import time

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from model_server.sagemaker import autoscaling, iam, protocol, runtime
from model_server.sagemaker.endpoint import Endpoint
from model_server.sagemaker.errors import (
    InternalFailure,
    MalformedHttpRequestException,
    RequestEntityTooLargeException,
    SageMakerError,
    UnknownOperationException,
)
from model_server.sagemaker.operations import perform
from model_server.sagemaker.registry import Registry
from model_server.sagemaker.request_body import MalformedBody, read_body, with_request_body
from model_server.serving.request_id import CUSTOM_ATTRIBUTES, request_id_of
from model_server.serving.request_log import log_answer

log = logging.getLogger(__name__)

_MAX_CONTROL_PLANE_BYTES = 1024**2
_MAX_DISCARDED_BYTES = 64 * 1024**2


def create_app(registry: Registry) -> Flask:
    """The WSGI application over `registry`."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # AWS does not redirect
    app.wsgi_app = with_request_body(app.wsgi_app)  # type: ignore[method-assign]

    @app.post("/", provide_automatic_options=False)
    def control_plane() -> Response:
        body = read_body(_MAX_CONTROL_PLANE_BYTES)
        if request.headers.get("X-Amz-Target", "").startswith(autoscaling.TARGET_PREFIX):
            return autoscaling.answer(protocol.caller_of(request.headers, autoscaling.SERVICE), request, body)
        caller = protocol.caller_of(request.headers)
        operation = protocol.operation_of(request.headers)
        if registry.enforce_iam:
            iam.require_root(request.method, request.path, request.headers, body)
        answer = perform(operation, registry, caller, protocol.parse_json(body))
        return protocol.empty_response() if answer is None else protocol.json_response(answer)

    @app.post("/endpoints/<name>/invocations", provide_automatic_options=False)
    def invoke_endpoint(name: str) -> Response:
        return runtime.invoke(registry, protocol.caller_of(request.headers), name, request)

    @app.get("/_health", provide_automatic_options=False)
    def health() -> Response:
        """The endpoints with the process ids of their containers; needs no signature."""
        with registry.lock:
            return jsonify(status="ok", endpoints=[_health_of(endpoint) for endpoint in registry.endpoints.values()])

    app.before_request(_note_start)
    app.before_request(lambda: protocol.require_private_name(request.headers))
    app.after_request(_log_request)
    app.after_request(_take_the_whole_body)
    app.register_error_handler(SageMakerError, _error_response)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(MalformedBody, _malformed)
    app.register_error_handler(ClientDisconnected, _malformed)
    app.register_error_handler(HTTPException, _not_routed)
    app.register_error_handler(Exception, _failed)
    return app


def _health_of(endpoint: Endpoint) -> dict[str, object]:
    return {
        "name": endpoint.name,
        "arn": endpoint.arn,
        "status": endpoint.status,
        "failure_reason": endpoint.failure_reason,
        "container_pid": endpoint.serving.container_pid if endpoint.serving else None,
    }


def _note_start() -> None:
    """Before anything else happens to a request: it gets its ids, and its time begins to count."""
    g.started_at = time.monotonic()
    g.request_id = request_id_of(request.headers.get(CUSTOM_ATTRIBUTES))
    g.aws_request_id = protocol.new_request_id()


def _log_request(response: Response) -> Response:
    """SDKs show their users the id in the header, and these look for it in the log."""
    response.headers["x-amzn-RequestId"] = g.aws_request_id
    if request.path != "/_health":
        log_answer(
            g.request_id,
            g.started_at,
            request.method,
            request.path,
            response.status_code,
            awsRequestId=g.aws_request_id,
            target=request.headers.get("X-Amz-Target"),
            error=g.get("error"),
        )
    return response


def _take_the_whole_body(response: Response) -> Response:
    """A client whose body is refused unread would see a broken connection, now or at its next request."""
    body, to_come = request.environ["wsgi.input"], _MAX_DISCARDED_BYTES
    with contextlib.suppress(MalformedBody):
        while to_come > 0 and (chunk := body.read(64 * 1024)):
            to_come -= len(chunk)
    return response


def _error_response(error: SageMakerError) -> Response:
    """The runtime speaks another protocol than the control plane."""
    g.error = error.code
    if request.path.startswith("/endpoints/"):
        return protocol.runtime_error(error)
    return protocol.control_plane_error(error)


def _too_large(error: RequestEntityTooLarge) -> Response:
    return _error_response(RequestEntityTooLargeException(error.description or error.name))


def _malformed(_: HTTPException) -> Response:
    return _error_response(MalformedHttpRequestException(MalformedBody.description))


def _not_routed(error: HTTPException) -> Response:
    """Neither SageMaker nor its runtime has such a path or method."""
    response = _error_response(UnknownOperationException(f"{request.method} {request.path}: {error.name}"))
    response.status_code = error.code or 400
    return response


def _failed(error: Exception) -> Response:
    log.error("the stand-in failed", exc_info=error, extra={"fields": {"requestId": g.request_id}})
    return _error_response(InternalFailure("The SageMaker stand-in failed; its log has the details."))
