"""A container as a process of its own, and requests to it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PROJECT = Path(__file__).parents[2]
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
