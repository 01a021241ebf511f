"""AWS's own descriptions of its APIs, as botocore ships them."""

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

_loading = threading.Lock()


def operation_model(operation: str, service: str = "sagemaker") -> "OperationModel":
    """The service model of one operation; `operation` must be one that the service has."""
    with _loading:  # so that a request that comes while the model is being loaded waits instead of loading it again
        return _service_model(service).operation_model(operation)


def operations(service: str) -> list[str]:
    """The names of the operations that a service has."""
    with _loading:
        return _service_model(service).operation_names


@cache
def _service_model(service: str) -> "ServiceModel":
    # Imported here because it takes half a second, and the server should listen before that.
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)
