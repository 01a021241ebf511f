"""A running stack for a benchmark, on ports and in a folder of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from harness.environment import isolate
from harness.project import PROJECT

isolate()

PORT, SAGEMAKER_PORT = 5566, 5567


@contextmanager
def benchmark_stack() -> Iterator[dict[str, str]]:
    """Start a stack with the command that users call, and stop it at the end.

    :return: the stack's outputs.
    """
    with tempfile.TemporaryDirectory() as directory:
        options = [f"--port={PORT}", f"--sagemaker-port={SAGEMAKER_PORT}"]
        command = [sys.executable, "-m", "harness"]
        started = subprocess.run(
            [*command, "up", "--detach", "--json", *options, f"--directory={directory}"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            check=True,
        )
        try:
            yield json.loads(started.stdout)
        finally:
            down = [*command, "down", f"--directory={directory}"]
            subprocess.run(down, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
