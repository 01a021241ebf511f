"""Take the model away for a while, for real."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.stack import Stack


@contextmanager
def endpoint_deleted(stack: Stack) -> Iterator[None]:
    """The SageMaker endpoint does not exist; afterwards it is in service again."""
    sagemaker, name = stack.aws["sagemaker"], stack.outputs["endpointName"]
    configuration = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    try:
        yield
    finally:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})


@contextmanager
def containers_stopped(stack: Stack) -> Iterator[None]:
    """The model's container takes requests, but does not answer; afterwards it goes on."""
    stack.signal_containers(signal.SIGSTOP)
    try:
        yield
    finally:
        stack.signal_containers(signal.SIGCONT)


@contextmanager
def route_deleted(stack: Stack) -> Iterator[None]:
    """The API has no route to the function; afterwards it has one again."""
    api, api_id = stack.aws["apigatewayv2"], stack.outputs["apiId"]
    (route,) = api.get_routes(ApiId=api_id)["Items"]
    api.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    try:
        yield
    finally:
        api.create_route(ApiId=api_id, RouteKey=route["RouteKey"], Target=route["Target"])
