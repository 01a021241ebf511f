"""A production variant: keeps one container of one deployment running, from download to retirement."""

import logging
import shutil
import threading
import time
import uuid
from pathlib import Path

from model_server.sagemaker.container import INVOCATION_TIMEOUT, Container, ContainerSpec, UnhealthyContainer
from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.execution_role import RoleRefused, act_as
from model_server.sagemaker.model_data import ModelDataError, fetch, own_s3_client, s3_client

log = logging.getLogger(__name__)

_LONGEST_BACKOFF = 30.0
_STEADY_AFTER = 60.0  # a container that ran this long has not died of its start


class LaunchFailed(Exception):
    """The variant cannot serve. The message is fit for an endpoint's FailureReason."""


class NotServing(Exception):
    """The variant has no container at the moment."""


class Variant:
    """Serves from `launch` until `retire`; a container that dies in between is replaced.

    `lock` is the registry's. It guards `_container`, `_starting`, `_retired` and the containers' `in_flight`.
    """

    def __init__(
        self,
        deployment: Deployment,
        home: Path,
        command: tuple[str, ...],
        lock: threading.Condition,
        enforce_iam: bool,
        model_files: str | None = None,
    ) -> None:
        """`model_files` names a folder in `home` where the model may be already."""
        self.deployment = deployment
        self._enforce_iam = enforce_iam
        self._home = home
        self._command = command
        self._lock = lock
        self._container: Container | None = None
        self._starting: Container | None = None
        self._retired = threading.Event()
        self.folder = home / (model_files or f"model-{uuid.uuid4().hex[:8]}")

    @property
    def container_pid(self) -> int | None:
        """The process id of the container, or None while there is none. Call with the lock held."""
        return self._container.pid if self._container else None

    def launch(self) -> None:
        """Fetch the model, start the container and wait until it is healthy.

        Raises:
            LaunchFailed: nothing is left running, and no file is left but the log.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            spec = self._fetch_model()
            container = self._start(spec)
        except OSError as error:
            self.retire()
            raise LaunchFailed(f"The model cannot be written to the disk: {error}") from error
        except (RoleRefused, ModelDataError, UnhealthyContainer) as error:
            self.retire()
            raise LaunchFailed(str(error)) from error
        except BaseException:
            self.retire()
            raise
        threading.Thread(target=self._keep_running, args=(spec, container), daemon=True).start()

    def take_container(self) -> Container:
        """The container, counted as busy until `give_back`. Call with the lock held.

        Raises:
            NotServing: the container is being restarted.
        """
        if self._container is None:
            raise NotServing
        self._container.in_flight += 1
        return self._container

    def give_back(self, container: Container) -> None:
        """End what `take_container` began. Call with the lock held."""
        container.in_flight -= 1
        self._lock.notify_all()

    def retire(self, drain: float = INVOCATION_TIMEOUT + 5, keep_files: bool = False) -> None:
        """Let requests that are being answered finish, for `drain` seconds at most; then stop for good."""
        with self._lock:
            self._retired.set()
            container, starting = self._container, self._starting
            self._container = self._starting = None
            if container:
                self._lock.wait_for(lambda: container.in_flight == 0, drain)
        for running in (container, starting):
            if running:
                running.stop()
        if not keep_files:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _fetch_model(self) -> ContainerSpec:
        deployment, model_dir = self.deployment, self.folder / "model"
        role = act_as(deployment, self._home.name) if self._enforce_iam else None
        if deployment.model_data_uri and not model_dir.exists():  # it appears complete or not at all
            s3 = s3_client(deployment.region, role) if role else own_s3_client(deployment.region)
            fetch(
                deployment.model_data_uri,
                model_dir,
                s3,
                role_arn=deployment.execution_role_arn,
                timeout=deployment.download_timeout,
            )
        else:
            model_dir.mkdir(exist_ok=True)
        return ContainerSpec(
            command=self._command,
            model_dir=model_dir,
            environment={**(role.environment if role else {}), **deployment.container.get("Environment", {})},
            network_isolation=deployment.network_isolation,
            region=deployment.region,
            log_file=self._home / "container.log",
        )

    def _start(self, spec: ContainerSpec) -> Container:
        """Start a container and put it into service once it is healthy."""
        try:
            container = Container(spec)
        except OSError as error:
            raise UnhealthyContainer(f"The container process cannot be started: {error}") from error
        try:
            with self._lock:
                self._refuse_when_retired()
                self._starting = container
            container.wait_until_healthy(self.deployment.startup_timeout)
            with self._lock:
                self._refuse_when_retired()
                self._container, self._starting = container, None
        except UnhealthyContainer as error:
            container.stop()
            raise UnhealthyContainer(
                f"The primary container for production variant {self.deployment.variant_name} did not pass "
                f"the ping health check. Please check CloudWatch logs for this endpoint. {error}"
            ) from error
        return container

    def _refuse_when_retired(self) -> None:
        if self._retired.is_set():
            raise UnhealthyContainer("It was stopped before it was ready.")

    def _keep_running(self, spec: ContainerSpec, container: Container) -> None:
        """Replace a container that dies: at once the first time, then with ever longer pauses."""
        backoff = 0.0
        while True:
            started = time.monotonic()
            how = container.wait()
            with self._lock:
                if self._container is container:
                    self._container = None
            container.release()
            if time.monotonic() - started > _STEADY_AFTER:
                backoff = 0.0
            if not self._retired.is_set():
                log.warning("%s: container %d %s; restarting it", self._home.name, container.pid, how)
            replacement = None
            while replacement is None:
                if self._retired.wait(backoff):
                    return
                backoff = min(2 * backoff + 1, _LONGEST_BACKOFF)
                try:
                    replacement = self._start(spec)
                except UnhealthyContainer as error:
                    if not self._retired.is_set():
                        log.warning("%s: %s", self._home.name, error)
            container = replacement
            log.info("%s: container %d serves on port %d", self._home.name, container.pid, container.port)
