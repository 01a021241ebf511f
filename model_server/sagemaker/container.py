"""One container: a process that keeps the contract of SageMaker's inference containers.

The model is in SM_MODEL_DIR, HTTP on SAGEMAKER_BIND_TO_PORT; GET /ping answers 200 when ready, POST
/invocations answers requests.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model_server.sagemaker import standby
from model_server.sagemaker.connections import (
    ConnectionBroken,
    ConnectionRefused,
    Connections,
    ContainerResponse,
    ResponseTimeout,
    ResponseTooLarge,
)
from model_server.sagemaker.ports import reserve_port

HOST = "127.0.0.1"

INVOCATION_TIMEOUT = 60.0
"""Seconds within which a container must answer (API reference of InvokeEndpoint)."""

MAX_RESPONSE_BYTES = 6 * 1024**2
"""The service model's limit for the body of an invocation, in both directions."""

_PING_TIMEOUT = 2.0  # "The timeout for the container to respond to ping is 2 seconds"
_PING_INTERVAL = 0.02
_PINGS_SPREAD = 50  # who has waited long can wait a fiftieth of that longer, and leaves the container its processor
_STOP_GRACE = 8.0


class UnhealthyContainer(Exception):
    """The container did not pass the health check; the message says what is known about why."""


@dataclass(frozen=True)
class ContainerSpec:
    """What to run, and for which model."""

    command: tuple[str, ...]
    model_dir: Path
    environment: Mapping[str, str]
    network_isolation: bool
    region: str
    log_file: Path


class Container:
    """A running container process. It ends with this process, however that ends (see lifeline.py)."""

    def __init__(self, spec: ContainerSpec) -> None:
        self.port = reserve_port(HOST)
        self.in_flight = 0  # requests being answered; guarded by the registry's lock
        self._connections = Connections(HOST, self.port)
        self._log_file = spec.log_file
        self._log_start = spec.log_file.stat().st_size if spec.log_file.exists() else 0
        environment = self._environment(spec)
        with spec.log_file.open("ab") as log:
            self._process, self._lifeline = standby.take(spec.command, environment, spec.log_file) or standby.start(
                spec.command, environment, log
            )

    @property
    def pid(self) -> int:
        """The process id of the container's command itself."""
        return self._process.pid

    def _environment(self, spec: ContainerSpec) -> dict[str, str]:
        """The contract's variables win: a model must not leave its port, its address or its isolation."""
        contract = {
            "AWS_REGION": spec.region,
            "SM_MODEL_DIR": str(spec.model_dir),
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "MODEL_SERVER_HOST": HOST,
            "SAGEMAKER_NETWORK_ISOLATION": "true" if spec.network_isolation else "false",
        }
        return {**os.environ, **spec.environment, **contract}

    def wait_until_healthy(self, timeout: float) -> None:
        """Ping until the answer is 200.

        Raises:
            UnhealthyContainer: the process ended, or did not answer 200 within `timeout` seconds.
        """
        started = time.monotonic()
        deadline = started + timeout
        answer = "did not answer"
        while time.monotonic() < deadline:
            status = self._process.poll()
            if status is not None:
                raise UnhealthyContainer(self._post_mortem(f"The container {_ended(status)}."))
            try:
                code = self._ping(min(_PING_TIMEOUT, deadline - time.monotonic()))
            except ConnectionRefused:
                answer = "did not listen"
            except ResponseTimeout:
                answer = "did not answer in time"
            except (ConnectionBroken, ResponseTooLarge):
                answer = "did not answer with valid HTTP"
            else:
                if code == 200:
                    return
                answer = f"answered {code}"
            time.sleep(max(_PING_INTERVAL, (time.monotonic() - started) / _PINGS_SPREAD))
        raise UnhealthyContainer(self._post_mortem(f"For {timeout:g} s, GET /ping {answer}."))

    def _ping(self, timeout: float) -> int:
        return self._connections.request("GET", "/ping", timeout=max(timeout, 0.01), max_bytes=64 * 1024).status

    def invoke(self, body: bytes, headers: Mapping[str, str], timeout: float = INVOCATION_TIMEOUT) -> ContainerResponse:
        """POST /invocations. Raises what `Connections.request` raises."""
        return self._connections.request(
            "POST", "/invocations", body=body, headers=headers, timeout=timeout, max_bytes=MAX_RESPONSE_BYTES
        )

    def wait(self) -> str:
        """Wait for the process to end, and say how it did."""
        return _ended(self._process.wait())

    def stop(self) -> None:
        """Ask the process to end, insist after some seconds, and release everything."""
        self._connections.close()  # a server that ends in good order waits for its clients to leave
        self._process.terminate()
        try:
            self._process.wait(_STOP_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.release()

    def release(self) -> None:
        """Let go of a process that has ended; may be called again."""
        self._process.wait()
        self._connections.close()
        self._lifeline.close()

    def _post_mortem(self, what_happened: str) -> str:
        return f"{what_happened} {_printable(_essence(self._log_tail()))} (log: {self._log_file})"

    def _log_tail(self) -> list[str]:
        with self._log_file.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 16 * 1024))
            lines = log.read().decode(errors="replace").split("\n")
        return [_message(line.strip()) for line in lines if line.strip()]


def _ended(status: int) -> str:
    return f"exited with status {status}" if status >= 0 else f"was ended by signal {-status}"


def _message(line: str) -> str:
    """What a line of a log says: this project's containers log JSON, others log what they like."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(record, dict) or not isinstance(record.get("message"), str):
        return line
    message: str = record["message"]
    return f"ERROR: {message}" if record.get("level") in ("ERROR", "CRITICAL") else message


def _printable(text: str) -> str:
    """Without what would be a command for the terminal of somebody who reads it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _essence(lines: list[str]) -> str:
    """The line that most likely names the cause, and the last lines."""
    if not lines:
        return "Its log is empty."
    last = " | ".join(lines[-3:])[-400:]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b|.*\b(ERROR|CRITICAL)\b", line)]
    if errors and errors[-1] not in last:
        return f"Its log says: {errors[-1][:300]} ... {last}"
    return f"Its log says: {last}"
