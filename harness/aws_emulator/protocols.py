"""Which protocol a service of AWS speaks, without the rest of its model."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from ministack.core import responses

_HEAD = 4096  # characters of a model; the metadata are the first of it


def read_protocols_alone() -> None:
    """Spare MiniStack the models of all services.

    It looks up the media type of an answer by the service's protocol, for which it would import half of botocore and
    read every service's model: half of the time that a deployment keeps it busy.
    """
    load = responses._service_model

    @cache
    def service_model(service: str) -> _ServiceModel | None:
        metadata = _metadata_of(responses._BOTOCORE_NAME.get(service, service))
        return _ServiceModel(metadata, lambda: load(service)) if metadata else None

    responses._service_model = service_model


class _ServiceModel:
    """Stands in for botocore's, which is loaded when more than the metadata is asked for."""

    def __init__(self, metadata: dict[str, Any], load: Callable[[], Any]) -> None:
        self.metadata = metadata
        self._load = load

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)


def _metadata_of(service: str) -> dict[str, Any] | None:
    """A service model's `metadata`, or None if botocore has no such service."""
    folder = files("botocore") / "data" / service
    if not folder.is_dir():
        return None
    latest = max(folder.iterdir(), key=lambda version: version.name)
    with (latest / "service-2.json.gz").open("rb") as compressed, gzip.open(compressed, "rt") as model:
        head = model.read(_HEAD)
    metadata: dict[str, Any]
    metadata, _ = json.JSONDecoder().raw_decode(head, head.index("{", head.index('"metadata"')))
    return metadata
