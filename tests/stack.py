"""A running stack, as tests use it: wherever it runs, they do the same to it."""

import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.addresses import Addresses
from harness.clients import Clients


@dataclass(frozen=True)
class Stack(ABC):
    """A stack that runs, and how to reach it from this machine."""

    outputs: dict[str, Any]
    addresses: Addresses

    @property
    def aws(self) -> Clients:
        return Clients(self.addresses)

    @property
    @abstractmethod
    def private_names(self) -> Sequence[str]:
        """Plain host names that have private addresses where the function runs."""

    @property
    @abstractmethod
    def model_reaches_page(self) -> bool:
        """Whether the page's origin leads to the page where the model's container runs, too."""

    @property
    @abstractmethod
    def python_beside_function(self) -> Sequence[str]:
        """The command that runs Python where the function runs."""

    @abstractmethod
    def log(self, part: str) -> str:
        """What a part has written: the `emulator`, `sagemaker`, or the `endpoint`'s container."""

    @abstractmethod
    def signal_containers(self, number: signal.Signals) -> None:
        """Send a signal to every process of the endpoint's container."""

    @contextmanager
    def beside_function(self, script: Path) -> Iterator[str]:
        """Run a Python script where the function runs; the end of its standard input tells it to end.

        :return: the first line that it prints.
        """
        command = [*self.python_beside_function, "-c", script.read_text()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin and process.stdout
            yield process.stdout.readline().strip()
            process.stdin.close()
