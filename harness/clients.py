"""AWS clients that talk to the emulators."""

import threading
from functools import cached_property
from typing import Any

from botocore.config import Config
from localstack_client.session import Session

from harness.addresses import REGION, Addresses

# Nothing gets lost on the way to a process on the same machine; what fails has a reason.
NO_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 1})
SAGEMAKER_SERVICES = ("sagemaker", "sagemaker-runtime", "application-autoscaling")


class Clients:
    """One boto3 client per service, made at its first use; safe to share between threads."""

    def __init__(self, addresses: Addresses) -> None:
        self._aws = _session(addresses.aws_url)
        self._sagemaker = _session(addresses.sagemaker_url)
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def identity(self) -> dict[str, str]:
        """``Account``, ``Arn`` and ``UserId`` of whom the emulator takes us for."""
        identity: dict[str, str] = self["sts"].get_caller_identity()
        return identity

    def __getitem__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                session = self._sagemaker if service in SAGEMAKER_SERVICES else self._aws
                self._made[service] = session.client(service, config=NO_RETRIES)
            return self._made[service]


def _session(url: str) -> Session:
    return Session("test", "test", None, REGION, localstack_host=url.removeprefix("http://"))
