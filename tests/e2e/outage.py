"""Take the model away for a while, for real."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from harness import state
from tests.conftest import Stack


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
    stopped = _containers(stack)
    assert stopped
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


def _containers(stack: Stack) -> list[psutil.Process]:
    group = state.read(stack.directory).group
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "model_server.container" in (process.info["cmdline"] or ()) and os.getpgid(process.pid) == group
    ]
