"""This project's container beside plain Flask and the serving frameworks that people would pick instead.

All serve the same model and the same images on the same cores, and are asked by the same clients, one after the other.
What cannot be avoided is a bare loop over the forward passes, and a bare Python that loads the model.
"""

import json
import subprocess
import sys
import time
from functools import cache
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/serving.py` works, too

from bench.bare_process import bare
from bench.peers.running import DoesNotRun, running
from bench.peers.servers import OURS, SERVERS
from bench.serving_load import ask
from bench.serving_report import draw, summary, tables
from harness.project import PROJECT

MODELS = ("sample", "resnet18", "resnet50")
CLIENTS = (1, 8, 32)
ANSWERS = 300  # at least, to each number of clients in all rounds, so that a 99th percentile means something
STARTS = 3  # of the bare Python in each round
TOLERANCE = 0.05  # of logits; the decoders differ a little (model_server/artifact/image.py)


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=2.0, show_default=True, help="Of a measurement, at least."
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="How often all take their turn."
)
@click.option("--model", "models", multiple=True, type=click.Choice(MODELS), default=MODELS, help="Default: all.")
@click.option("--server", "servers", multiple=True, type=click.Choice(list(SERVERS)), default=list(SERVERS))
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/serving.json")
def main(seconds: float, rounds: int, models: tuple[str, ...], servers: tuple[str, ...], json_file: Path) -> None:
    """Throughput, latency, memory and start of servers of the same model."""
    kinds = [(server, "float32") for server in servers] + [(OURS, "int8")]
    rows: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    not_run: dict[str, str] = {}
    with Progress() as bar:
        line = bar.add_task("", total=rounds * len(models) * len(kinds))
        for turn, model in product(range(rounds), models):
            first = turn * len(kinds) // rounds  # not always the same, as a machine may slow down in the meantime
            for server, precision in kinds[first:] + kinds[:first]:
                what = f"{model}, {server}, {precision}, round {turn + 1}"
                bar.update(line, description=what)
                if server == OURS:
                    limits.append(limit(model, precision, seconds))
                try:
                    rows += measure(server, model, precision, seconds, ANSWERS / rounds)
                except DoesNotRun as error:
                    not_run[what] = str(error)
                bar.advance(line)
    figures = summary(rows, limits) | {"not_run": not_run}
    tables(figures)
    json_file.write_text(json.dumps(figures, indent=2) + "\n")
    draw(figures, json_file.with_suffix(".png"))
    for name, reason in not_run.items():
        click.echo(f"did not run: {name}: {reason}", err=True)


def measure(server: str, model: str, precision: str, seconds: float, answers: float) -> list[dict[str, Any]]:
    """One row for each number of clients."""
    rows = []
    with running(server, artifact(model, precision)) as process:
        check(process.logits, model, precision)
        for clients in CLIENTS:
            row: dict[str, Any] = {"server": server, "model": model, "artifact": precision, "clients": clients}
            row |= ask(server, process, clients, seconds, answers)
            rows.append(row | {"rss_mb": process.rss_mb(), "start_s": process.start_seconds})
    return rows


def check(logits: list[float], model: str, precision: str) -> None:
    """An answer that is wrong would be no use, however fast."""
    expected = right_logits(model)
    if precision == "float32" and max(abs(a - b) for a, b in zip(logits, expected, strict=True)) > TOLERANCE:
        raise click.ClickException(f"{model} answers {logits} instead of {expected}")
    if model == "sample" and logits.index(max(logits)) != 0:
        raise click.ClickException(f"the sample model counts {logits.index(max(logits)) + 1} objects, not 1")


@cache
def right_logits(model: str) -> list[float]:
    """Plain PyTorch's answer."""
    logits: list[float] = bare("start", artifact(model, "float32"))["logits"]
    return logits


def limit(model: str, precision: str, seconds: float) -> dict[str, Any]:
    """What no server can exceed: answers per second, and, in float, the seconds and memory of a first answer."""
    directory = artifact(model, precision)
    row = {"model": model, "artifact": precision, **bare("loop", directory, str(seconds))}
    return row | (floor(directory) if precision == "float32" else {})


def floor(directory: Path) -> dict[str, float]:
    """Seconds until a bare Python has answered for the first time, and its memory then: medians of some starts."""
    seconds, memory = [], []
    for _ in range(STARTS):
        started_at = time.time()
        first = bare("start", directory)
        seconds.append(first["answered_at"] - started_at)
        memory.append(first["rss_mb"])
    return {"start_s": median(seconds), "rss_mb": median(memory)}


@cache
def artifact(model: str, precision: str) -> Path:
    """Where it is unpacked, made by a process that ends: what this one had of PyTorch, the servers would share with it.

    Pages that are shared count only in part for each of those who share them (bench/peers/memory.py).
    """
    make = "import sys; from bench.served_models import model_directory; print(model_directory(*sys.argv[1:]))"
    output = subprocess.check_output([sys.executable, "-c", make, model, precision], text=True, cwd=PROJECT)
    return Path(output.splitlines()[-1])


if __name__ == "__main__":
    main()
