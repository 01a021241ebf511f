"""This project's container beside plain Flask and the serving frameworks that people would pick instead.

All serve the same model and the same images on the same cores, and are asked by the same clients, one after the other.
What cannot be avoided is a bare loop over the forward passes, and a bare Python that loads the model.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/serving.py` works, too

from bench.peers.running import DoesNotRun, running
from bench.peers.servers import OURS, SERVERS
from bench.served_models import MODELS, model_directory
from bench.serving_load import ask
from bench.serving_report import draw, summary, tables
from harness.project import PROJECT

CLIENTS = (1, 8, 32)
SAMPLE = PROJECT / "site/samples/1.jpg"
TOLERANCE = 0.05  # of logits; the decoders differ a little (model_server/artifact/image.py)


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), default=6.0, show_default=True, help="Of each measurement.")
@click.option(
    "--rounds", type=click.IntRange(min=1), default=1, show_default=True, help="How often all take their turn."
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
        for _ in range(rounds):
            for model in models:
                limits += [limit(model, precision, seconds) for precision in ("float32", "int8")]
                for server, precision in kinds:
                    bar.update(line, description=f"{model}, {server}, {precision}")
                    try:
                        rows += measure(server, model, precision, seconds)
                    except DoesNotRun as error:
                        not_run[server] = str(error)
                    bar.advance(line)
    figures = summary(rows, limits) | {"not_run": not_run}
    tables(figures)
    json_file.write_text(json.dumps(figures, indent=2) + "\n")
    draw(figures, json_file.with_suffix(".png"))
    for name, reason in not_run.items():
        click.echo(f"{name} does not run here: {reason}", err=True)


def measure(server: str, model: str, precision: str, seconds: float) -> list[dict[str, Any]]:
    """One row for each number of clients."""
    rows = []
    with running(server, model_directory(model, precision)) as process:
        check(process.logits, model, precision)
        for clients in CLIENTS:
            row = {"server": server, "model": model, "artifact": precision, "clients": clients}
            row |= ask(server, process.url, clients, seconds)
            rows.append(row | {"rss_mb": process.rss_mb(), "start_s": process.start_seconds})
    return rows


def check(logits: list[float], model: str, precision: str) -> None:
    """An answer that is wrong would be no use, however fast."""
    expected = bare("start", model_directory(model, "float32"))["logits"]
    if precision == "float32" and max(abs(a - b) for a, b in zip(logits, expected, strict=True)) > TOLERANCE:
        raise click.ClickException(f"{model} answers {logits} instead of {expected}")
    if model == "sample" and logits.index(max(logits)) != 0:
        raise click.ClickException(f"the sample model counts {logits.index(max(logits)) + 1} objects, not 1")


def limit(model: str, precision: str, seconds: float) -> dict[str, Any]:
    """What no server can exceed: answers per second, and the seconds and memory until a bare process has answered."""
    directory = model_directory(model, precision)
    started_at = time.monotonic()
    memory = bare("start", directory) if precision == "float32" else {}
    start_s = time.monotonic() - started_at
    return {
        "model": model,
        "artifact": precision,
        **bare("loop", directory, str(seconds)),
        **({"start_s": start_s, "rss_mb": memory["rss_mb"]} if memory else {}),
    }


def bare(measure: str, directory: Path, *arguments: str) -> dict[str, Any]:
    """What `bench.peers.bare` prints."""
    command = [sys.executable, "-m", "bench.peers.bare", measure, str(SAMPLE), *arguments]
    environment = {"MODEL_DIR": str(directory), "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    return dict(json.loads(subprocess.check_output(command, env=environment, cwd=PROJECT)))


if __name__ == "__main__":
    main()
