"""Everything that the stand-in knows: models, endpoint configurations, endpoints and their tags.

Threads: one lock, `Registry.lock`, guards all of it, the states of endpoints and variants included. It is
held for moments only. Whatever takes time (downloading, starting, waiting, answering, stopping) happens
without it, and its result is published under it. The lock is re-entrant, so code that holds it may call code
that takes it.
"""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .endpoint import Endpoint


@dataclass(frozen=True)
class Record:
    """A model or an endpoint configuration: the request that created it, without its tags, and the time."""

    arn: str
    name: str
    request: dict[str, Any]
    created: float = field(default_factory=time.time)


class Registry:
    """The resources by their ARN, so that accounts and regions are kept apart."""

    def __init__(self, directory: Path, container_command: tuple[str, ...], enforce_iam: bool = False) -> None:
        self.lock = threading.Condition()
        self.container_command = container_command
        self.enforce_iam = enforce_iam  # ask IAM what callers and execution roles may do
        self.endpoints_directory = directory / "endpoints"
        self.models: dict[str, Record] = {}
        self.endpoint_configs: dict[str, Record] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.endpoints_directory.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Model files of a stand-in that was killed; nobody knows its endpoints any more. Logs stay."""
        for folder in self.endpoints_directory.glob("*/model-*/"):
            shutil.rmtree(folder, ignore_errors=True)

    def shutdown(self) -> None:
        """Stop all containers."""
        with self.lock:
            endpoints = list(self.endpoints.values())
        if endpoints:
            with ThreadPoolExecutor(len(endpoints)) as pool:
                list(pool.map(Endpoint.stop, endpoints))
