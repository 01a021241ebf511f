"""InvokeEndpoint: hands a request to the container of an endpoint and its answer back.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

import re

from flask import Request, Response, g
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge

from model_server.sagemaker import iam
from model_server.sagemaker.connections import (
    ConnectionBroken,
    ConnectionRefused,
    ContainerResponse,
    ResponseTimeout,
    ResponseTooLarge,
)
from model_server.sagemaker.container import Container
from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.endpoint import Endpoint
from model_server.sagemaker.errors import ModelError, ServiceUnavailable, ValidationError
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.registry import Registry
from model_server.sagemaker.request_body import read_body
from model_server.serving.request_id import CUSTOM_ATTRIBUTES

MAX_BODY_BYTES = 6 * 1024**2
"""The limit of BodyBlob in the runtime's service model."""

MAX_SERVERLESS_BODY_BYTES = 4 * 1024**2
"""https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html"""

_MAX_MESSAGE = 2048  # the service model's limit for Message and OriginalMessage

_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)

_TO_CONTAINER = ("Content-Type", "Accept", CUSTOM_ATTRIBUTES, "X-Amzn-SageMaker-Session-Id")
_TO_CLIENT = (CUSTOM_ATTRIBUTES, "X-Amzn-SageMaker-New-Session-Id", "X-Amzn-SageMaker-Closed-Session-Id")

# Each asks for something that an endpoint of one variant with one container does not have.
_REFUSED = (
    "X-Amzn-SageMaker-Target-Model",
    "X-Amzn-SageMaker-Target-Container-Hostname",
    "X-Amzn-SageMaker-Inference-Component",
    "X-Amzn-SageMaker-Enable-Explanations",
)


def invoke(registry: Registry, caller: Caller, name: str, request: Request) -> Response:
    """Answer one invocation.

    Raises:
        SageMakerError: the endpoint cannot take the request, or its container failed to answer it.
    """
    body = _body()
    if registry.enforce_iam:
        who = iam.caller_arn(request.method, request.path, request.headers, body)
        iam.authorize(who, "sagemaker:InvokeEndpoint", caller.arn("endpoint", name))
    with registry.lock:
        endpoint = registry.endpoints.get(caller.arn("endpoint", name))
    if endpoint is None:
        raise _not_found(caller, name)
    _check_headers(request.headers)
    headers = {header: request.headers[header] for header in _TO_CONTAINER if header in request.headers}
    try:
        with endpoint.lease() as (container, deployment):
            _check_deployment(deployment, request.headers, body)
            answer = _ask(container, body, headers, endpoint, caller)
    except LookupError:
        raise _not_found(caller, name) from None
    if answer.status >= 400:
        raise _refused_by_model(answer, endpoint, caller)
    return _response(answer, deployment.variant_name)


def _not_found(caller: Caller, name: str) -> ValidationError:
    """SageMaker says this as long as an endpoint is not in service, too."""
    return ValidationError(f"Endpoint {name} of account {caller.account} not found.")


def _check_headers(headers: Headers) -> None:
    for header in _REFUSED:
        if header in headers:
            raise ValidationError(f"{header} is not emulated by this stand-in for SageMaker")
    attributes = headers.get(CUSTOM_ATTRIBUTES, "")
    if len(attributes) > 1024 or not re.fullmatch(r"[\t\x20-\x7e]*", attributes):
        raise ValidationError("CustomAttributes must be at most 1024 visible US-ASCII characters")


def _body() -> bytes:
    try:
        return read_body(MAX_BODY_BYTES)
    except RequestEntityTooLarge:
        raise _oversize(MAX_BODY_BYTES) from None


def _oversize(limit: int) -> ValidationError:
    return ValidationError(f"Request {g.aws_request_id} has oversize body. The limit is {limit} bytes.")


def _check_deployment(deployment: Deployment, headers: Headers, body: bytes) -> None:
    target = headers.get("X-Amzn-SageMaker-Target-Variant", deployment.variant_name)
    if target != deployment.variant_name:
        raise ValidationError(f"Variant {target} was not found; the endpoint has {deployment.variant_name}")
    if deployment.is_serverless and len(body) > MAX_SERVERLESS_BODY_BYTES:
        raise _oversize(MAX_SERVERLESS_BODY_BYTES)


def _ask(
    container: Container, body: bytes, headers: dict[str, str], endpoint: Endpoint, caller: Caller
) -> ContainerResponse:
    try:
        return container.invoke(body, headers)
    except ConnectionRefused:
        raise ServiceUnavailable(
            f"The container of endpoint {endpoint.name} does not take requests. Try your call again."
        ) from None
    except ConnectionBroken:
        received = "Received server error (500) from primary and could not load the entire response body."
        raise _model_error(received, 500, "", endpoint, caller) from None
    except ResponseTooLarge:
        received = "Received a response from primary that is larger than 6 MB."
        raise _model_error(received, 500, "", endpoint, caller) from None
    except ResponseTimeout:
        received = f'Received server error (0) from primary with message "{_TIMED_OUT}".'
        raise _model_error(received, 0, _TIMED_OUT, endpoint, caller) from None


def _refused_by_model(answer: ContainerResponse, endpoint: Endpoint, caller: Caller) -> ModelError:
    original = answer.body.decode(errors="replace")
    kind = "client" if answer.status < 500 else "server"
    received = f'Received {kind} error ({answer.status}) from primary with message "{original[:1024]}".'
    return _model_error(received, answer.status, original, endpoint, caller)


def _model_error(received: str, status: int, original: str, endpoint: Endpoint, caller: Caller) -> ModelError:
    log_file = endpoint.home / "container.log"
    return ModelError(
        f"{received} See {log_file} for more information.",
        original_status=status,
        original_message=original[:_MAX_MESSAGE],
        log_stream_arn=(
            f"arn:aws:logs:{caller.region}:{caller.account}:log-group:/aws/sagemaker/Endpoints/{endpoint.name}"
        ),
    )


def _response(answer: ContainerResponse, variant_name: str) -> Response:
    response = Response(answer.body)
    response.headers["Content-Type"] = answer.headers.get("Content-Type", "application/octet-stream")
    response.headers["x-amzn-Invoked-Production-Variant"] = variant_name
    for header in _TO_CLIENT:
        if header in answer.headers:
            response.headers[header] = answer.headers[header]
    return response
