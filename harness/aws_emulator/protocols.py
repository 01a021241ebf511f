"""Which protocol a service of AWS speaks, without the rest of its model."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from ministack.core import responses

_HEAD = 4096  # characters of a model; the metadata are near its beginning


def read_only_protocols() -> None:
    """Spare MiniStack the models of the services that it answers for.

    It looks up the media type of an answer by the service's protocol, for which it would import botocore's session and
    read the whole model of each service that answers: two fifths of its processor's time when a stack starts.
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
    """A service model's `metadata`, or None if botocore has no such service.

    A botocore whose files are otherwise is an error in the first answer, not a silent return to whole models.
    """
    folder = files("botocore") / "data" / service
    if not folder.is_dir():
        return None
    latest = max(folder.iterdir(), key=lambda version: version.name)
    with (latest / "service-2.json.gz").open("rb") as compressed, gzip.open(compressed, "rt") as model:
        head = model.read(_HEAD)
    metadata: dict[str, Any]
    metadata, _ = json.JSONDecoder().raw_decode(head, head.index("{", head.index('"metadata"')))
    return metadata
