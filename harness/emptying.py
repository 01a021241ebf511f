"""Emulators that outlive a deployment: the next one starts from empty ones, too, as there is no state to diff."""

import time
from typing import Any

import urllib3

from harness.addresses import Addresses
from harness.clients import Clients
from harness.emulators import EmulatorError

# How MiniStack and LocalStack forget everything.
RESETS = ("/_ministack/reset", "/_localstack/state/reset")


def empty(addresses: Addresses) -> None:
    """Remove everything that an earlier deployment, or anybody else, has made in the emulators.

    :raises EmulatorError: when one of them does not answer, or cannot be emptied.
    """
    try:
        urllib3.request("GET", f"{addresses.sagemaker_url}/_health")
        if not any(urllib3.request("POST", addresses.aws_url + path).status == 200 for path in RESETS):
            raise EmulatorError(f"{addresses.aws_url} is neither MiniStack nor LocalStack, so it is not emptied.")
    except urllib3.exceptions.MaxRetryError as error:
        raise EmulatorError(f"http://{error.pool.host}:{error.pool.port} does not answer: {error.reason}") from None
    _empty_sagemaker(Clients(addresses)["sagemaker"])


def _empty_sagemaker(sagemaker: Any) -> None:
    for name in _names(sagemaker, "Endpoint"):
        while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] in ("Creating", "Updating"):
            time.sleep(0.1)  # only an endpoint that has settled can be deleted
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    for name in _names(sagemaker, "EndpointConfig"):
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    for name in _names(sagemaker, "Model"):
        sagemaker.delete_model(ModelName=name)


def _names(sagemaker: Any, kind: str) -> list[str]:
    operation = {"Endpoint": "list_endpoints", "EndpointConfig": "list_endpoint_configs", "Model": "list_models"}[kind]
    pages = sagemaker.get_paginator(operation).paginate()
    return [summary[f"{kind}Name"] for page in pages for summary in page[f"{kind}s"]]
