"""A running stack for a benchmark, on ports and in a folder of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.addresses import Addresses
from harness.clients import Clients
from harness.environment import isolate
from harness.project import PROJECT

isolate()

PORT, SAGEMAKER_PORT = 5566, 5567


@dataclass(frozen=True)
class BenchmarkStack:
    """A stack that answers."""

    outputs: dict[str, str]
    directory: Path

    @property
    def addresses(self) -> Addresses:
        """Where its emulators are."""
        return Addresses(PORT, SAGEMAKER_PORT)

    @property
    def clients(self) -> Clients:
        """AWS clients for it."""
        return Clients(self.addresses)

    def status(self) -> dict[str, Any]:
        """What `harness status` says: endpoints, processes, memory."""
        return dict(json.loads(_harness(self.directory, "status", "--json")))


@contextmanager
def benchmark_stack() -> Iterator[BenchmarkStack]:
    """Start a stack with the command that users call, and stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        options = [f"--port={PORT}", f"--sagemaker-port={SAGEMAKER_PORT}"]
        outputs = json.loads(_harness(directory, "up", "--detach", "--json", *options))
        try:
            yield BenchmarkStack(outputs, directory)
        finally:
            _harness(directory, "down")


def _harness(directory: Path, *command: str) -> bytes:
    """What a command of the harness prints; where it fails, it has said why, and the benchmark ends as well."""
    process = [sys.executable, "-m", "harness", *command, f"--directory={directory}"]
    done = subprocess.run(process, cwd=PROJECT, stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout
