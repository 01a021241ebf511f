"""What a running stack tells the other commands, as one JSON file in its folder."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.addresses import Addresses
from harness.workspace import holder

FILE = "state.json"


class NotRunning(Exception):
    """There is no running stack in a folder; the message says how to start one."""


@dataclass(frozen=True)
class State:
    """A stack that answers."""

    group: int
    """Process group of everything that the harness started."""

    stack: str
    aws_port: int
    sagemaker_port: int

    outputs: dict[str, Any]
    """The stack's outputs, and the emulators' addresses."""

    first_answer: dict[str, Any]
    """``file``, ``label`` and ``probability`` of the prediction that proved that the stack works."""

    timings: dict[str, float]
    """What the start took: ``firstAnswerSeconds``, ``deploymentSeconds`` (all but the endpoint's container),
    ``endpointSeconds``; and the number of ``resources``."""

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.aws_port, self.sagemaker_port)


def write(directory: Path, state: State) -> None:
    """Publish a state; readers see all of it or nothing."""
    unfinished = directory / f"{FILE}.unfinished"
    unfinished.write_text(json.dumps(asdict(state), indent=2))
    unfinished.rename(directory / FILE)


def read(directory: Path) -> State:
    """The stack that runs in this folder.

    :raises NotRunning: when none does, or not yet.
    """
    if holder(directory) is None:
        raise NotRunning("no stack is running. Start one with `make up` or `python -m harness up`.")
    try:
        return State(**json.loads((directory / FILE).read_text()))
    except FileNotFoundError:
        raise NotRunning(
            "no stack answers: it is still starting or stopping, or only the emulators run. "
            "Try again when `python -m harness up` shows where it is."
        ) from None


def remove(directory: Path) -> None:
    """Tell that the stack does not answer any more."""
    (directory / FILE).unlink(missing_ok=True)
