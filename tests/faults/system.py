"""The stack under test, and beside it an image host: its parts are processes that can be broken one by one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from harness import state
from harness.project import PROJECT
from tests.embedded_stack import (
    CONTAINER_WITHOUT_MODEL,
    WITHOUT_MODEL,
    EmbeddedStack,
    free_port,
    harness,
    start_stack,
)

FUNCTION_SECONDS = 5
"""The function's timeout here, and so the budget of a call. It is a setting (`functionTimeoutSeconds`, usually 29)."""

ENDPOINT = "object-counting-endpoint"


class Part(StrEnum):
    """What can break. Each is one process or several, which break together."""

    CONTAINER = "model's container"
    STAND_IN = "SageMaker stand-in"
    WORKER = "function's workers"
    IMAGE_HOST = "image host"
    EMULATOR = "MiniStack"
    HARNESS = "harness"


@dataclass
class System:
    """A running stack, and the image host that its callers name."""

    stack: EmbeddedStack
    fault_file: Path
    """What a container without a model reads; see container_without_model.py."""
    group: int
    image_port: int = field(default_factory=free_port)
    image_host: "subprocess.Popen[bytes] | None" = None

    @property
    def image_url(self) -> str:
        return f"http://127.0.0.1:{self.image_port}/2.jpg"

    @property
    def sagemaker(self) -> Any:
        return self.stack.aws["sagemaker"]

    def start_image_host(self) -> None:
        script = Path(__file__).with_name("image_host.py")
        image = PROJECT / "site/samples/2.jpg"
        self.image_host = subprocess.Popen([sys.executable, str(script), str(self.image_port), str(image)])

    def stop_image_host(self) -> None:
        if self.image_host:
            self.image_host.kill()
            self.image_host.wait()

    def all_processes(self) -> Iterator[tuple[Part | None, psutil.Process]]:
        """The living processes of the stack, and which part they belong to."""
        for process in psutil.process_iter():
            try:
                if os.getpgid(process.pid) == self.group and process.status() != psutil.STATUS_ZOMBIE:
                    yield part_of(process.cmdline()), process
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        if self.image_host and self.image_host.poll() is None:
            yield Part.IMAGE_HOST, psutil.Process(self.image_host.pid)

    def processes(self, part: Part) -> list[psutil.Process]:
        found = [process for belongs_to, process in self.all_processes() if belongs_to is part]
        assert found, f"no process of the {part}"
        return found

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        return described


def part_of(command: list[str]) -> Part | None:
    if any(word in ("model_server.container", str(CONTAINER_WITHOUT_MODEL)) for word in command):
        return Part.CONTAINER  # and, with the same words behind its own, the guard of its life
    if "model_server.sagemaker" in command:
        return Part.STAND_IN
    if any(word.endswith("/_worker.py") for word in command):
        return Part.WORKER
    if "harness.aws_emulator" in command:
        return Part.EMULATOR
    if any(word.endswith("harness/reaper.py") for word in command):
        return Part.HARNESS
    return None


@contextmanager
def running_system(directory: Path, with_model: bool = True) -> Iterator[System]:
    """Start a stack whose function has little time, and an image host.

    :param with_model: whether the container is the real one with the sample model.
    """
    fault_file = directory.with_name(f"{directory.name}-fault")
    fault_file.touch()
    options = {} if with_model else WITHOUT_MODEL
    stack = start_stack(directory, environment={**options, "FAULT_FILE": str(fault_file)})
    system = System(stack, fault_file, state.read(directory).group)
    try:
        system.start_image_host()
        _configure_function(system)
        yield system
    finally:
        system.stop_image_host()
        harness("down", directory=directory)
        fault_file.unlink()


def _configure_function(system: System) -> None:
    functions, name = system.stack.aws["lambda"], system.stack.outputs["functionName"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["TRUSTED_IMAGE_ORIGINS"] += f" http://127.0.0.1:{system.image_port}"
    functions.update_function_configuration(
        FunctionName=name, Timeout=FUNCTION_SECONDS, Environment={"Variables": variables}
    )
