"""One running stack: emulators, deployment, first prediction, and a clean end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import emulators, logs
from harness.addresses import Addresses
from harness.configuration import read
from harness.processes import ProcessGroup
from harness.progress import ShowStep
from harness.state import State, remove, write
from harness.workspace import claimed
from model_server.serving.garbage import no_search_for_garbage

if TYPE_CHECKING:
    from harness.deployment import Deployed
    from harness.prediction import Sample


@dataclass(frozen=True)
class Running:
    """A stack that answers."""

    group: ProcessGroup
    state: State
    samples: list[Sample]


@contextmanager
def running_emulators(
    addresses: Addresses, directory: Path, show: ShowStep, enforce_iam: bool = False
) -> Iterator[ProcessGroup]:
    """Start both emulators, and stop them at the end of the ``with`` block, whatever else has joined their group.

    :param directory: folder for logs, state and temporary files.
    :param enforce_iam: check every call against the caller's policies.
    :raises WorkspaceError, EmulatorError: when they cannot be started. Nothing is left running.
    """
    with claimed(directory):
        emulators.check_ports(addresses)
        with _started(addresses, directory, show, enforce_iam) as group:
            yield group


@contextmanager
def _started(addresses: Addresses, directory: Path, show: ShowStep, enforce_iam: bool) -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        show("starting the emulators")
        emulators.start(group, addresses, directory, enforce_iam)
        try:
            yield group
        finally:
            remove(directory)
            show("stopping")


@contextmanager
def running_stack(
    stack: str, addresses: Addresses, directory: Path, show: ShowStep, enforce_iam: bool = False
) -> Iterator[Running]:
    """Start a stack, and stop everything at the end of the ``with`` block.

    :param enforce_iam: check every call against the caller's policies.
    :raises WorkspaceError, EmulatorError, ConfigurationError, DeploymentError, PredictionError: when it does not
        come up.
    """
    started_at = time.monotonic()
    with running_emulators(addresses, directory, show, enforce_iam) as group:
        deployed = _deploy(stack, addresses, directory, group, show)
        from harness.prediction import samples_of  # imported here as in harness/cli.py

        show("asking for a first prediction")
        samples = samples_of(deployed.outputs["pageUrl"])
        first = _first_prediction(deployed, samples[0], addresses)
        state = State(
            group=group.id,
            stack=stack,
            aws_port=addresses.aws_port,
            sagemaker_port=addresses.sagemaker_port,
            outputs=deployed.outputs
            | {"awsEndpointUrl": addresses.aws_url, "sagemakerEndpointUrl": addresses.sagemaker_url},
            first_answer={
                "file": samples[0].file,
                "label": first["label"],
                "probability": first["probabilities"][first["label"]],
            },
            timings={
                "firstAnswerSeconds": time.monotonic() - started_at,
                "deploymentSeconds": deployed.seconds,
                "endpointSeconds": deployed.endpoint_seconds,
                "resources": deployed.resources,
            },
        )
        write(directory, state)
        yield Running(group, state, samples)


def deploy_into(stack: str, addresses: Addresses, show: ShowStep) -> dict[str, Any]:
    """Deploy into emulators that somebody else has started, and return the stack's outputs.

    :raises ConfigurationError: before anything is touched.
    :raises EmulatorError, DeploymentError: when it does not work.
    """
    configuration = read(stack, addresses)
    # Imported here for the commands that need neither: Pulumi's SDK takes seconds to import.
    from harness.deployment import deploy
    from harness.emptying import empty

    show("emptying the emulators")
    empty(addresses)
    return deploy(configuration, addresses, show).outputs


def _first_prediction(deployed: Deployed, sample: Sample, addresses: Addresses) -> dict[str, Any]:
    from harness.prediction import PredictionError, predict

    try:
        return predict(deployed.outputs["predictUrl"], sample.url).answer
    except PredictionError as error:
        # The log is gone when the stack is, and nobody could read there what the answer does not tell strangers.
        lines = logs.of_function(addresses, deployed.outputs["functionName"])
        raise PredictionError(f"{error}\nThe function's log says:\n" + "\n".join(lines)) from error


def _deploy(stack: str, addresses: Addresses, directory: Path, group: ProcessGroup, show: ShowStep) -> Deployed:
    """Deploy in a thread of its own, so that an emulator's end, or Ctrl-C, ends the wait at once."""
    results: list[Deployed] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            configuration = read(stack, addresses)
            # Imported here and not above: Pulumi's SDK takes seconds to import, in which the emulators start.
            with no_search_for_garbage():
                from harness.deployment import deploy, preload

                preload()
            emulators.wait_until_ready(addresses, directory)
            results.append(deploy(configuration, addresses, show))
        except BaseException as error:  # re-raised below, in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
        emulators.keep_running(group, directory)
    if errors:
        raise errors[0]
    return results[0]
