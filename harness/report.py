"""What the harness shows to people on standard output."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.project import PROJECT
from harness.state import State
from harness.workspace import holder

if TYPE_CHECKING:
    from harness.prediction import Prediction, Sample

console = Console(highlight=False, emoji=False)
messages = Console(stderr=True)


def show_running(state: State, directory: Path) -> None:
    """The table that tells a user where everything is and what to try next."""
    outputs, first, timings = state.outputs, state.first_answer, state.timings
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in (
        ("Page", outputs["pageUrl"]),
        ("API", f"POST {outputs['predictUrl']}"),
        ("Endpoint", f"{outputs['endpointName']} at {outputs['sagemakerEndpointUrl']}"),
        ("AWS", outputs["awsEndpointUrl"]),
        ("Try", _command("predict site/samples/3.jpg", directory)),
        ("", _command("status", directory)),
        ("", _command("logs function -f", directory)),
    ):
        table.add_row(name, Text(value))
    console.print(table)
    console.print(
        f"\n{escape(first['file'])} shows [bold]{escape(first['label'])}[/], says the model, with a probability of "
        f"{first['probability']:.2f}.\n{timings['resources']} resources were deployed in "
        f"{timings['deploymentSeconds']:.1f} s, the endpoint was in service {timings['endpointSeconds']:.1f} s after "
        f"its creation, and the first answer came {timings['firstAnswerSeconds']:.1f} s after the start.",
        soft_wrap=True,
    )


def show_outputs(outputs: dict[str, Any]) -> None:
    """The stack's outputs, one per line."""
    for name, value in outputs.items():
        console.print(f"{name:<14} {value}", markup=False, soft_wrap=True)


def _command(arguments: str, directory: Path) -> str:
    """A command line that works in this shell, whether or not the virtual environment is active."""
    python = Path(sys.executable)
    python = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    where = "" if directory == PROJECT / ".harness" else f" --directory {shlex.quote(str(directory))}"
    return f"{python} -m harness {arguments}{where}"


def show_prediction(prediction: "Prediction") -> None:
    """A bar per label; the most likely one stands out."""
    for label, probability in prediction.answer["probabilities"].items():
        style = "bold" if label == prediction.answer["label"] else "dim"
        console.print(f"[{style}]{escape(label):<12} {'█' * round(40 * probability):<40} {probability:6.1%}[/]")
    console.print(f"{prediction.milliseconds:.0f} ms", style="dim")


def show_predictions(predict_url: str, samples: "Sequence[Sample]") -> int:
    """Ask about each sample and show one line for it.

    :return: how many answers were right. Where the file is not named after a label, any answer is.
    """
    from harness.prediction import PredictionError, predict

    right = 0
    console.print(f"{'file':<16} {'expected':<10} {'answer':<10} {'ms':>6}", style="bold")
    for sample in samples:
        try:
            prediction = predict(predict_url, sample.url)
        except PredictionError as error:
            console.print(f"{escape(sample.file):<16} [red]no answer: {escape(str(error))}[/]")
            continue
        answer = prediction.answer["label"]
        expected = sample.label if sample.label in prediction.answer["probabilities"] else "-"
        is_right = expected in ("-", answer)
        right += is_right
        console.print(
            f"{escape(sample.file):<16} {escape(expected):<10} {escape(answer):<10} {prediction.milliseconds:>6.0f}"
            f"{'' if is_right else '  [red]wrong[/]'}"
        )
    return right


def show_line(text: str, source: str | None) -> None:
    """One line of a log, with its source where several are mixed."""
    prefix = "" if source is None else f"[cyan]{source:<9}[/] "
    console.print(f"{prefix}{escape(printable(text))}", soft_wrap=True)


def printable(text: str) -> str:
    """Text with its control characters spelled out: whoever gets them into a log commands no terminal."""
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


def status(state: State, directory: Path) -> dict[str, Any]:
    """How a running stack is: its endpoints, and the memory of its processes in megabytes."""
    from harness.clients import Clients

    endpoints = Clients(state.addresses)["sagemaker"].list_endpoints()["Endpoints"]
    processes: list[dict[str, Any]] = [
        {"process": _what_it_is(process), "pid": process.pid, "memoryMb": round(_memory(process) / 1e6, 1)}
        for process in _members(state, directory)
    ]
    return {
        "stack": state.stack,
        "outputs": state.outputs,
        "timings": state.timings,
        "endpoints": {endpoint["EndpointName"]: endpoint["EndpointStatus"] for endpoint in endpoints},
        "processes": processes,
        "memoryMb": round(sum(process["memoryMb"] for process in processes), 1),
    }


def show_status(state: State, directory: Path) -> None:
    """The same, for people."""
    shown = status(state, directory)
    for name, endpoint_status in shown["endpoints"].items():
        console.print(f"endpoint [bold]{name}[/] is {endpoint_status}")
    console.print(f"page     {state.outputs['pageUrl']}\nAPI      {state.outputs['predictUrl']}\n")
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("process", "total")
    table.add_column("pid", justify="right")
    table.add_column("memory, MB", f"{shown['memoryMb']:.0f}", justify="right")
    for process in shown["processes"]:
        table.add_row(process["process"], str(process["pid"]), f"{process['memoryMb']:.0f}")
    console.print(table)


def _members(state: State, directory: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            is_member = process.pid == holder(directory) or os.getpgid(process.pid) == state.group
            if is_member and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _memory(process: psutil.Process) -> int:
    """Bytes; memory that processes share counts once, where the system tells (Linux)."""
    try:
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    except psutil.Error:
        return 0


def _what_it_is(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "ended"
    for part, name in {
        "_worker.py": "function",
        "reaper.py": "reaper",
        "harness.aws_emulator": "MiniStack",
        "model_server.container": "model container",
        "model_server.sagemaker": "SageMaker stand-in",
        "harness": "harness",
    }.items():
        if part in command:
            return name
    return process.name()
