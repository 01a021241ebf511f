"""A container as a process of its own, and requests to it."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.project import PROJECT
from model_server.sagemaker.archive import unpack
from tests.embedded_stack import free_port

T = TypeVar("T")


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass
class Container:
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | tuple[bytes, ...] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def invoke(self, request: object, **headers: str) -> Answer:
        return self.request(
            "POST", "/invocations", json.dumps(request), {"Content-Type": "application/json", **headers}
        )

    def wait_for_ping(self, *statuses: int) -> int:
        def ping() -> int | None:
            try:
                status = self.request("GET", "/ping").status
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                return None
            return status if status in statuses else None

        return wait_until(ping)


def wait_until(found: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError("what the test waits for did not happen")


@contextmanager
def serving(model_dir: Path, log: Path, **environment: str) -> Iterator[Container]:
    port = free_port()
    variables = {"SM_MODEL_DIR": str(model_dir), "SAGEMAKER_BIND_TO_PORT": str(port), **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_server.container", "serve"],
            cwd=PROJECT,
            env={**os.environ, **variables},
            stdout=output,
            stderr=output,
        )
    try:
        yield Container(process, port, log)
    finally:
        process.kill()
        process.wait()


@contextmanager
def sample_model_container(directory: Path) -> Iterator[Container]:
    """A container with the sample model, as `make model` packages it."""
    unpack(PROJECT / "build" / "model.tar.gz", directory / "model")
    with serving(directory / "model", directory / "log") as container:
        container.wait_for_ping(200)
        yield container


def memory(container: Container, measure: str) -> int:
    """The container's memory in bytes. `measure` is a line of proc(5)'s status."""
    status = Path(f"/proc/{container.process.pid}/status").read_text()
    return int(status.split(f"{measure}:")[1].split()[0]) * 1024


def peak_memory(container: Container) -> int:
    """The most memory, in bytes, that it has had."""
    return memory(container, "VmHWM")
