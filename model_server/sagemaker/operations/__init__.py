"""The operations of the control plane, by name: each takes the registry, the caller and a valid request."""

from collections.abc import Callable
from typing import Any

from model_server.sagemaker.errors import UnknownOperationException
from model_server.sagemaker.operations import endpoint_configs, endpoints, models, tags
from model_server.sagemaker.protocol import Caller
from model_server.sagemaker.registry import Registry
from model_server.sagemaker.validation import validate

Request = dict[str, Any]
Operation = Callable[[Registry, Caller, Request], dict[str, Any] | None]

OPERATIONS: dict[str, Operation] = {
    "CreateModel": models.create,
    "DescribeModel": models.describe,
    "ListModels": models.list_,
    "DeleteModel": models.delete,
    "CreateEndpointConfig": endpoint_configs.create,
    "DescribeEndpointConfig": endpoint_configs.describe,
    "ListEndpointConfigs": endpoint_configs.list_,
    "DeleteEndpointConfig": endpoint_configs.delete,
    "CreateEndpoint": endpoints.create,
    "UpdateEndpoint": endpoints.update,
    "DescribeEndpoint": endpoints.describe,
    "ListEndpoints": endpoints.list_,
    "DeleteEndpoint": endpoints.delete,
    "AddTags": tags.add,
    "ListTags": tags.list_,
    "DeleteTags": tags.delete,
}


def perform(operation: str, registry: Registry, caller: Caller, request: Request) -> dict[str, Any] | None:
    """Validate and run one operation; the answer is None for those that have no output.

    Raises:
        SageMakerError: nothing has been changed.
    """
    if operation not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise UnknownOperationException(
            f"{operation} is not emulated by this stand-in for SageMaker (emulated: {known})"
        )
    validate(operation, request)
    with registry.lock:
        answer = OPERATIONS[operation](registry, caller, request)
        if not operation.startswith(("Describe", "List")):
            registry.save()
        return answer
