"""Application Auto Scaling, which looks after the number of an endpoint's instances: moto's emulation of it.

It keeps scalable targets and policies as AWS does, but nothing is ever scaled: an endpoint here is one process.
"""

import os

from flask import Request, Response

from .protocol import Caller

TARGET_PREFIX = "AnyScaleFrontendService."
"""How `X-Amz-Target` begins for every operation of Application Auto Scaling."""


def answer(caller: Caller, request: Request) -> Response:
    """Pass a request on to moto."""
    os.environ["MOTO_ACCOUNT_ID"] = caller.account
    # Imported here because it takes a second, which only stacks with autoscaling should pay.
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.core.request import Request as MotoRequest

    received = MotoRequest.from_primitives(request.method, request.url, request.headers, request.get_data())
    status, headers, body = ApplicationAutoScalingResponse.dispatch(received)
    return Response(body, status, headers)
