"""A model or an endpoint configuration, as the registry keeps it."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Record:
    """The request that created the resource, without its tags, and the time."""

    arn: str
    name: str
    request: dict[str, Any]
    created: float = field(default_factory=time.time)
