"""Emulators that outlive a deployment: the next one starts from empty ones, too, as there is no state to diff."""

import time
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from harness.addresses import Addresses
from harness.clients import Clients
from harness.emulators import EmulatorError

# How MiniStack and LocalStack forget everything.
RESETS = ("/_ministack/reset", "/_localstack/state/reset")
TIMEOUT_SECONDS = 60.0


def empty(addresses: Addresses) -> None:
    """Remove everything that an earlier deployment, or anybody else, has made in the emulators.

    :raises EmulatorError: when one of them does not answer, or cannot be emptied.
    """
    if not any(_status("POST", addresses.aws_url + path) == 200 for path in RESETS):
        raise EmulatorError(f"{addresses.aws_url} is neither MiniStack nor LocalStack, so it is not emptied.")
    _status("GET", f"{addresses.sagemaker_url}/_health")
    try:
        _empty_sagemaker(Clients(addresses)["sagemaker"])
    except (ClientError, BotoCoreError) as error:
        raise EmulatorError(f"{addresses.sagemaker_url} is not emptied: {error}") from error


def _status(method: str, url: str) -> int:
    try:
        return urllib3.request(method, url, timeout=TIMEOUT_SECONDS, retries=False).status
    except urllib3.exceptions.HTTPError as error:
        raise EmulatorError(f"{url} does not answer: {error}") from None


def _empty_sagemaker(sagemaker: Any) -> None:
    for name in _names(sagemaker, "list_endpoints", "Endpoint"):
        while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] in ("Creating", "Updating"):
            time.sleep(0.1)  # only an endpoint that has settled can be deleted
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    for name in _names(sagemaker, "list_endpoint_configs", "EndpointConfig"):
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    for name in _names(sagemaker, "list_models", "Model"):
        sagemaker.delete_model(ModelName=name)


def _names(sagemaker: Any, operation: str, kind: str) -> list[str]:
    pages = sagemaker.get_paginator(operation).paginate()
    return [summary[f"{kind}Name"] for page in pages for summary in page[f"{kind}s"]]
