"""SageMaker's own description of its API, as botocore ships it."""

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

_loading = threading.Lock()


def operation_model(operation: str) -> "OperationModel":
    """The service model of one operation; `operation` must be one that SageMaker has."""
    with _loading:  # so that a request that comes while the model is being loaded waits instead of loading it again
        return _service_model().operation_model(operation)


@cache
def _service_model() -> "ServiceModel":
    # Imported here because it takes half a second, and the server should listen before that.
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
