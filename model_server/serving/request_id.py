"""By which id a request is known in all logs on its way: API, function, endpoint, container."""

from __future__ import annotations

import re
import uuid

# SageMaker takes away every header that InvokeEndpoint does not know, and hands this one on as it is, for instance
# for "an ID that you can use to track a request".
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"

_ID = re.compile(r"[A-Za-z0-9+/=_-]{8,64}")


def request_id_of(custom_attributes: str | None) -> str:
    """The id that the caller gave as custom attributes; a new one if there is none, or something else."""
    given = custom_attributes or ""
    return given if _ID.fullmatch(given) else str(uuid.uuid4())
