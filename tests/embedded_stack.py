"""The stack as processes of this machine, started by the command that users call."""

import ipaddress
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness import state
from harness.addresses import Addresses
from harness.emulators import wait_until_ready
from harness.project import PROJECT
from harness.stack import running_emulators
from tests.stack import Stack

CONTAINER_WITHOUT_MODEL = Path(__file__).with_name("container_without_model.py")
WITHOUT_MODEL = {"MODEL_CONTAINER_COMMAND": shlex.join([sys.executable, str(CONTAINER_WITHOUT_MODEL)])}
"""What starts such a container for every endpoint: for what is not about the model, which takes seconds to load."""


@dataclass(frozen=True)
class EmbeddedStack(Stack):
    """A stack that ``python -m harness up`` has started."""

    directory: Path

    @property
    def private_names(self) -> Sequence[str]:
        name = socket.gethostname()
        try:
            return [] if ipaddress.ip_address(socket.gethostbyname(name)).is_global else [name]
        except OSError:
            return []

    @property
    def model_reaches_page(self) -> bool:
        return True

    @property
    def python_beside_function(self) -> Sequence[str]:
        return [sys.executable]

    def log(self, part: str) -> str:
        endpoint = f"endpoints/{self.outputs['endpointName']}/container.log"
        file = endpoint if part == "endpoint" else f"{part}.log"
        return (self.directory / file).read_bytes().decode()

    def signal_containers(self, number: signal.Signals) -> None:
        group = state.read(self.directory).group
        containers = [
            process
            for process in psutil.process_iter(["cmdline"])
            if "model_server.container" in (process.info["cmdline"] or ()) and os.getpgid(process.pid) == group
        ]
        assert containers
        for process in containers:
            process.send_signal(number)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def harness(
    *arguments: str,
    directory: Path | None = None,
    project: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m harness`` as a user would, with `environment` added to this process's own."""
    options = [f"--directory={directory}"] if directory else []
    command = [sys.executable, "-m", "harness", *arguments, *options]
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=180)


def start_stack(
    directory: Path, *options: str, project: Path = PROJECT, environment: Mapping[str, str] | None = None
) -> EmbeddedStack:
    addresses = Addresses(free_port(), free_port())
    ports = (f"--port={addresses.aws_port}", f"--sagemaker-port={addresses.sagemaker_port}")
    command = ("up", "--detach", "--json", *ports, *options)
    started = harness(*command, directory=directory, project=project, environment=environment)
    assert started.returncode == 0, started.stderr
    return EmbeddedStack(json.loads(started.stdout), addresses, directory)


@contextmanager
def running_embedded_stack(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[EmbeddedStack]:
    """Start a stack, and stop it at the end of the ``with`` block."""
    running = start_stack(directory, environment=environment)
    try:
        yield running
    finally:
        harness("down", directory=directory)


@contextmanager
def bare_emulators(directory: Path) -> Iterator[Addresses]:
    """Start the emulators, with nothing deployed on them, and stop them at the end of the ``with`` block.

    In this process, so that tests can set what the command line keeps from them, as MINISTACK_HOST.
    """
    addresses = Addresses(free_port(), free_port())
    with running_emulators(addresses, directory, lambda step, detail="": None):
        wait_until_ready(addresses, directory)
        yield addresses
