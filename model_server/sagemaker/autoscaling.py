"""Application Auto Scaling, which looks after the number of an endpoint's instances: moto's emulation of it.

It keeps scalable targets and policies as AWS does, but nothing is ever scaled: an endpoint here is one process.
"""

import os

from flask import Request, Response

from model_server.sagemaker.errors import UnknownOperationException, ValidationException
from model_server.sagemaker.protocol import Caller, parse_json
from model_server.sagemaker.service_model import operations
from model_server.sagemaker.validation import validate

SERVICE = "application-autoscaling"
"""The name of its service model, and that in the signature of a request."""

TARGET_PREFIX = "AnyScaleFrontendService."
"""How `X-Amz-Target` begins for every operation of Application Auto Scaling."""


def answer(caller: Caller, request: Request, body: bytes) -> Response:
    """Pass a request on to moto, which takes whatever comes, once it is valid.

    Raises:
        SageMakerError: it is not, or moto does not emulate the operation.
    """
    operation = request.headers["X-Amz-Target"].removeprefix(TARGET_PREFIX)
    if operation not in operations(SERVICE):
        raise UnknownOperationException(f"Application Auto Scaling has no operation {operation!r}")
    validate(operation, parse_json(body), SERVICE)
    os.environ["MOTO_ACCOUNT_ID"] = caller.account
    # Imported here because it takes a second, which only stacks with autoscaling should pay.
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.core.request import Request as MotoRequest

    as_json = {**request.headers, "Content-Type": "application/x-amz-json-1.1"}
    received = MotoRequest.from_primitives(request.method, request.url, as_json, body)
    try:
        status, headers, content = ApplicationAutoScalingResponse.dispatch(received)
    except NotImplementedError:
        raise UnknownOperationException(f"{operation} is not emulated by moto") from None
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ) as error:  # as moto greets values that it did not expect
        raise ValidationException(
            f"moto, which emulates {operation} here, cannot take the request: {error!r}"
        ) from error
    return Response(content, status, headers)
