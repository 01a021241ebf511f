"""The running stack that integration and browser tests share: started once, by the command that users call."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.addresses import Addresses
from harness.clients import Clients
from harness.environment import isolate
from harness.project import PROJECT

isolate()


@dataclass(frozen=True)
class Stack:
    """A stack that runs, and how to reach it."""

    outputs: dict[str, Any]
    addresses: Addresses
    directory: Path

    @property
    def aws(self) -> Clients:
        return Clients(self.addresses)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def harness(*arguments: str, directory: Path, project: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run ``python -m harness`` as a user would."""
    command = [sys.executable, "-m", "harness", *arguments, f"--directory={directory}"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=180)


def start_stack(directory: Path, name: str = "local") -> Stack:
    addresses = Addresses(free_port(), free_port())
    ports = (f"--port={addresses.aws_port}", f"--sagemaker-port={addresses.sagemaker_port}")
    started = harness("up", f"--stack={name}", "--detach", "--json", *ports, directory=directory)
    assert started.returncode == 0, started.stderr
    return Stack(json.loads(started.stdout), addresses, directory)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that most tests share; they leave it as they found it."""
    running = start_stack(tmp_path_factory.mktemp("stack"))
    yield running
    harness("down", directory=running.directory)
