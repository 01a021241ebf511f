"""The command line: ``python -m harness --help``.

What talks HTTP or to AWS is imported where it is used: it takes longer to import than all the rest, and a stack starts
with commands that only start others.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

import click
from rich.markup import escape

from harness import emulators, report, state, workspace
from harness import logs as log_sources
from harness.addresses import AWS_PORT, SAGEMAKER_PORT, Addresses
from harness.detached import start_detached, stop_unless_released
from harness.failure import Failure
from harness.progress import Progress, messages
from harness.project import PROJECT
from harness.stack import Running, deploy_into, running_emulators, running_stack

FAILED, NOT_RUNNING = 1, 3
INTERRUPTED = 128 + signal.SIGINT
DOWN_SECONDS = 30.0

Command = TypeVar("Command", bound=Callable[..., None])

directory_option = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    default=PROJECT / ".harness",
    help="Folder for logs and state; a second stack needs another one.  [default: .harness]",
)


def emulator_options(command: Command) -> Command:
    """How the emulators run."""
    port = click.IntRange(1, 65535)
    command = directory_option(command)
    command = click.option(
        "--enforce-iam", is_flag=True, help="Refuse what the roles and policies of the stack do not allow, as AWS does."
    )(command)
    command = click.option(
        "--sagemaker-port", type=port, default=SAGEMAKER_PORT, show_default=True, help="Port of SageMaker."
    )(command)
    return click.option("--port", type=port, default=AWS_PORT, show_default=True, help="Port of AWS.")(command)


def stack_options(command: Command) -> Command:
    """The options of the commands that start a stack."""
    option = click.option("--stack", default="local", show_default=True, help="Deploys Pulumi.<stack>.yaml.")
    return option(emulator_options(command))


@click.group(
    epilog="Exit status: 0 done; 1 the stack or a prediction failed; 2 wrong usage; 3 no stack is running; "
    "130 interrupted before it was done."
)
def main() -> None:
    """Run the whole stack on this machine: emulated AWS, the deployed program, the model."""


@main.command()
@stack_options
@click.option("--detach", is_flag=True, help="Return when the stack answers; `down` stops it.")
@click.option("--json", "as_json", is_flag=True, help="Print the stack's outputs as JSON, and nothing else.")
@click.option("--in-background", is_flag=True, hidden=True)  # how --detach starts it again
def up(
    stack: str,
    port: int,
    sagemaker_port: int,
    enforce_iam: bool,
    directory: Path,
    detach: bool,
    as_json: bool,
    in_background: bool,
) -> None:
    """Start the emulators, deploy the stack, and follow its logs until Ctrl-C."""
    if detach:
        options = [f"--stack={stack}", f"--port={port}", f"--sagemaker-port={sagemaker_port}"]
        options += ["--enforce-iam"] if enforce_iam else []
        with _interruptible() as progress:
            running = start_detached(["up", *options, f"--directory={directory}"], directory, progress.show)
        _show(running, directory, as_json)
        return
    if in_background:
        stop_unless_released()
    with (
        _interruptible() as progress,
        running_stack(stack, Addresses(port, sagemaker_port), directory, progress.show, enforce_iam) as started,
        suppress(KeyboardInterrupt),  # from here on Ctrl-C is the way to say that one is done
    ):
        progress.hide()
        _show(started.state, directory, as_json)
        if not (as_json or in_background):
            messages.print("\nLogs of the function and the endpoint follow; Ctrl-C stops everything.\n")
            _follow_logs(started, directory)
        while True:
            emulators.keep_running(started.group, directory)
            time.sleep(0.2)


@main.command("deploy")
@click.option("--stack", default="local", show_default=True, help="Deploys Pulumi.<stack>.yaml.")
@click.option("--aws-url", default=Addresses().aws_url, show_default=True, help="Where AWS is emulated.")
@click.option("--sagemaker-url", default=Addresses().sagemaker_url, show_default=True, help="Likewise SageMaker.")
@click.option("--json", "as_json", is_flag=True, help="Print the stack's outputs as JSON, and nothing else.")
def deploy_command(stack: str, aws_url: str, sagemaker_url: str, as_json: bool) -> None:
    """Deploy into emulators that run already, after emptying them."""
    try:
        addresses = Addresses.of_urls(aws_url, sagemaker_url)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with _interruptible() as progress:
        outputs = deploy_into(stack, addresses, progress.show)
    if as_json:
        click.echo(json.dumps(outputs, indent=2))
    else:
        report.show_outputs(outputs)


@main.command()
@stack_options
def demo(stack: str, port: int, sagemaker_port: int, enforce_iam: bool, directory: Path) -> None:
    """Start the stack, ask about every sample image, stop the stack."""
    with (
        _interruptible() as progress,
        running_stack(stack, Addresses(port, sagemaker_port), directory, progress.show, enforce_iam) as started,
    ):
        progress.hide()
        right = report.show_predictions(started.state.outputs["predictUrl"], started.samples)
    if right < len(started.samples):
        _fail(f"{len(started.samples) - right} of {len(started.samples)} answers are missing or wrong")


@main.command("emulators")
@emulator_options
def emulators_command(port: int, sagemaker_port: int, enforce_iam: bool, directory: Path) -> None:
    """Start only the emulators, for `pulumi up -s local`, until Ctrl-C."""
    addresses = Addresses(port, sagemaker_port)
    with (
        _interruptible() as progress,
        running_emulators(addresses, directory, progress.show, enforce_iam) as group,
        suppress(KeyboardInterrupt),
    ):
        emulators.wait_until_ready(addresses, directory)
        progress.hide()
        report.console.print(f"AWS        {addresses.aws_url}\nSageMaker  {addresses.sagemaker_url}")
        while True:
            emulators.keep_running(group, directory)
            time.sleep(0.2)


@main.command()
@directory_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(directory: Path, as_json: bool) -> None:
    """Show the endpoints, and the memory of every process."""
    running = _read_state(directory)
    if as_json:
        click.echo(json.dumps(report.status(running, directory), indent=2))
    else:
        report.show_status(running, directory)


@main.command("predict")
@click.argument("image", metavar="URL_OR_FILE")
@directory_option
@click.option("--json", "as_json", is_flag=True, help="Print the API's JSON answer.")
def predict_command(image: str, directory: Path, as_json: bool) -> None:
    """Ask the running stack what is on an image."""
    from harness.prediction import predict

    with _failures_as_sentences():
        prediction = predict(_read_state(directory).outputs["predictUrl"], image)
    if as_json:
        click.echo(json.dumps(prediction.answer, indent=2))
    else:
        report.show_prediction(prediction)


@main.command("logs")
@click.argument("source", type=click.Choice(log_sources.SOURCES), required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is added, until Ctrl-C.")
@directory_option
def logs_command(source: str | None, follow: bool, directory: Path) -> None:
    """Show the logs of one part of the running stack, or of all parts."""
    running = _read_state(directory)
    with suppress(KeyboardInterrupt):
        for line in log_sources.lines(running, directory, (source,) if source else log_sources.SOURCES):
            if line is not None:
                report.show_line(line.text, None if source else line.source)
            elif not follow or workspace.holder(directory) is None:
                return


@main.command()
@directory_option
def down(directory: Path) -> None:
    """Stop the stack that runs, or starts, and everything that belongs to it."""
    process = workspace.holder(directory)
    if process is None:
        _fail("no stack is running", NOT_RUNNING)
    os.kill(process, signal.SIGTERM)
    give_up_at = time.monotonic() + DOWN_SECONDS
    while workspace.holder(directory) == process:
        if time.monotonic() > give_up_at:
            os.kill(process, signal.SIGKILL)  # its reaper ends the rest
        time.sleep(0.05)
    click.echo("the stack is stopped")


@contextmanager
def _interruptible() -> Iterator[Progress]:
    """Progress of something that a signal may end early, but in good order."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _failures_as_sentences(), Progress() as progress:
            yield progress
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A second one would interrupt the orderly end, which is on its way.
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _failures_as_sentences() -> Iterator[None]:
    try:
        yield
    except Failure as error:
        _fail(str(error))


def _show(running: state.State, directory: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(running.outputs, indent=2))
    else:
        report.show_running(running, directory)


def _follow_logs(started: Running, directory: Path) -> None:
    for line in log_sources.lines(started.state, directory, ("function", "endpoint")):
        if line is not None:
            report.show_line(line.text, line.source)
        elif started.group.keep_running():
            return


def _read_state(directory: Path) -> state.State:
    try:
        return state.read(directory)
    except state.NotRunning as error:
        _fail(str(error), NOT_RUNNING)


def _fail(message: str, exit_status: int = FAILED) -> NoReturn:
    lines = "\n".join(report.printable(line) for line in message.split("\n"))
    messages.print(f"[red]error:[/] {escape(lines)}", soft_wrap=True)
    sys.exit(exit_status)
