"""An endpoint's life: Creating -> InService or Failed; InService <-> Updating; at the end Deleting.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html#sagemaker-DescribeEndpoint-response-EndpointStatus
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from model_server.sagemaker.container import Container
from model_server.sagemaker.deployment import Deployment
from model_server.sagemaker.errors import ModelNotReadyException, ServiceUnavailable, ValidationException
from model_server.sagemaker.variant import LaunchFailed, NotServing, Variant

log = logging.getLogger(__name__)

_MAX_FAILURE_REASON = 1024  # the service model's limit


class Status(StrEnum):
    """The values of EndpointStatus that the stand-in goes through."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    FAILED = "Failed"
    DELETING = "Deleting"


@dataclass
class Endpoint:
    """One endpoint. Its fields and methods are for holders of `lock`, except `lease`, which takes it.

    Each change of state runs in a thread of its own, which takes the lock only to publish its result.
    """

    arn: str
    name: str
    deployment: Deployment
    """What serves now; while nothing does, what is to serve or failed to."""
    home: Path
    """Where the container log and, while they are in use, the model files are."""
    command: tuple[str, ...]
    lock: threading.Condition
    enforce_iam: bool
    """Whether the model's execution role needs its permissions."""
    changed: Callable[[], None]
    """Called, with the lock held, after the status has changed."""
    status: Status = Status.CREATING
    failure_reason: str | None = None
    created: float = field(default_factory=time.time)
    modified: float = field(default_factory=time.time)
    serving: Variant | None = None
    incoming: Variant | None = None
    deployment_config: dict[str, Any] | None = None

    def deploy(self, deployment: Deployment, model_files: str | None = None) -> None:
        """Start bringing `deployment` into service; what serves now stays until its successor is healthy.

        `model_files` names the folder in `home` in which an earlier variant has left its model.
        """
        deployment = replace(deployment, rollback_alarms=self._rollback_alarms())
        variant = self.incoming = Variant(deployment, self.home, self.command, self.lock, self.enforce_iam, model_files)
        self.failure_reason = None
        self._enter(Status.UPDATING if self.serving else Status.CREATING)
        self._in_background(lambda: self._roll_out(variant))

    def delete(self, when_gone: Callable[[], None]) -> None:
        """Start deleting; `when_gone` is called with the lock held, once nothing is left."""
        self.require_settled()
        self._enter(Status.DELETING)
        variant, self.serving = self.serving, None
        self._in_background(lambda: self._tear_down(variant, when_gone))

    def require_settled(self) -> None:
        """Raise while a change of state is under way."""
        if self.status not in (Status.IN_SERVICE, Status.FAILED):
            raise ValidationException(f'Cannot update in-progress endpoint "{self.arn}".')

    @contextlib.contextmanager
    def lease(self) -> Iterator[tuple[Container, Deployment]]:
        """The container that serves now, for one request. It is not stopped before the request has ended.

        Raises:
            ServiceUnavailable, ModelNotReadyException: the container died and is being restarted.
            LookupError: the endpoint is not in service.
        """
        with self.lock:
            variant = self.serving
            if variant is None:
                self._refuse_before_service()
                raise LookupError(self.name)
            try:
                container = variant.take_container()
            except NotServing:
                raise self._restarting(variant) from None
        try:
            yield container, variant.deployment
        finally:
            with self.lock:
                variant.give_back(container)

    def stop(self, keep_files: bool = False) -> None:
        """End at once, for good: the stand-in itself stops. Call without the lock."""
        with self.lock:
            variants = [variant for variant in (self.serving, self.incoming) if variant]
        for variant in variants:
            variant.retire(drain=0, keep_files=keep_files)

    def _rollback_alarms(self) -> tuple[str, ...]:
        rollback = (self.deployment_config or {}).get("AutoRollbackConfiguration", {})
        return tuple(alarm["AlarmName"] for alarm in rollback.get("Alarms", []))

    def _refuse_before_service(self) -> None:
        if self.incoming and self.incoming.deployment.is_serverless:
            raise ModelNotReadyException(f"The serverless endpoint {self.name} is still being provisioned.")

    def _restarting(self, variant: Variant) -> ModelNotReadyException | ServiceUnavailable:
        message = f"The container of endpoint {self.name} is being restarted. Try your call again."
        return ModelNotReadyException(message) if variant.deployment.is_serverless else ServiceUnavailable(message)

    def _roll_out(self, variant: Variant) -> None:
        failure_reason = None
        try:
            variant.launch()
        except LaunchFailed as error:
            failure_reason = str(error)[:_MAX_FAILURE_REASON]
        except Exception:
            log.exception("%s: deployment failed", self.name)
            failure_reason = "An internal error occurred. The log of the SageMaker stand-in has the details."
        with self.lock:
            self.incoming = None
            previous = None
            if failure_reason is None:
                previous, self.serving = self.serving, variant
                self.deployment = variant.deployment
        if previous:
            previous.retire()
        with self.lock:
            self.failure_reason = failure_reason
            self._enter(Status.IN_SERVICE if self.serving else Status.FAILED)

    def _tear_down(self, variant: Variant | None, when_gone: Callable[[], None]) -> None:
        if variant:
            variant.retire()
        with self.lock:
            when_gone()
        log.info("%s: deleted", self.name)

    def _enter(self, status: Status) -> None:
        self.status = status
        self.modified = time.time()
        pid = self.serving.container_pid if self.serving else None
        details = f" (container {pid})" if pid else ""
        log.info(
            "%s: %s%s%s",
            self.name,
            status,
            details,
            f": {self.failure_reason}" if self.failure_reason else "",
        )
        self.changed()

    def _in_background(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name=f"{self.name}-{self.status}", daemon=True).start()
