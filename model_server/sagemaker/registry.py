"""Everything that the stand-in knows: models, endpoint configurations, endpoints and their tags.

Threads: one lock, `Registry.lock`, guards all of it, the states of endpoints and variants included. It is
held for moments only. Whatever takes time (downloading, starting, waiting, answering, stopping) happens
without it, and its result is published under it. The lock is re-entrant, so code that holds it may call code
that takes it.
"""

import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from model_server.sagemaker import saved_state
from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.endpoint import Endpoint
from model_server.sagemaker.record import Record

log = logging.getLogger(__name__)


class Registry:
    """The resources by their ARN, so that accounts and regions are kept apart."""

    def __init__(
        self,
        directory: Path,
        container_command: tuple[str, ...],
        *,
        enforce_iam: bool = False,
        persistent: bool = False,
    ) -> None:
        """With `persistent`, everything is kept in the directory, and comes back from there."""
        self.lock = threading.Condition()
        self.container_command = container_command
        self.enforce_iam = enforce_iam  # ask IAM what callers and execution roles may do
        self.endpoints_directory = directory / "endpoints"
        self.models: dict[str, Record] = {}
        self.endpoint_configs: dict[str, Record] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.endpoints_directory.mkdir(parents=True, exist_ok=True)
        self._state_file: Path | None = None
        state_file = directory / "registry.json"
        with self.lock:
            if persistent:
                saved_state.restore(self, state_file)
                self._state_file = state_file
            self._remove_leftovers()

    def new_endpoint(self, arn: str, name: str, deployment: Deployment) -> Endpoint:
        """An endpoint that is not yet registered, nor started."""
        home = self.endpoints_directory / name
        return Endpoint(arn, name, deployment, home, self.container_command, self.lock, self.enforce_iam, self.save)

    def save(self) -> None:
        """Keep what has changed, if anything is to be kept. Call with the lock held.

        A full disk must not stop an endpoint half-way through its change; it costs what a restart would find.
        """
        if self._state_file:
            try:
                saved_state.save(self, self._state_file)
            except OSError as error:
                log.error("%s is out of date, a restart would not find the last change: %s", self._state_file, error)

    def _remove_leftovers(self) -> None:
        """Model files of a stand-in that was killed and whose endpoints nobody knows any more. Logs stay."""
        in_use = {endpoint.incoming.folder for endpoint in self.endpoints.values() if endpoint.incoming}
        for folder in set(self.endpoints_directory.glob("*/model-*/")) - in_use:
            shutil.rmtree(folder, ignore_errors=True)

    def shutdown(self) -> None:
        """Stop all containers."""
        with self.lock:
            endpoints = list(self.endpoints.values())
            persistent = self._state_file is not None
            self._state_file = None  # that the endpoints end now is nothing to remember
        if endpoints:
            with ThreadPoolExecutor(len(endpoints)) as pool:
                list(pool.map(lambda endpoint: endpoint.stop(keep_files=persistent), endpoints))
