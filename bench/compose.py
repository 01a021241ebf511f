"""The stack in containers: start, sizes, memory, and what ``POST /predict`` costs against the embedded default.

Both stacks run at the same time, and the calls take turns, so that both see the same machine.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import matplotlib
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/compose.py` works, too

from bench.report import report
from bench.stack import benchmark_stack
from harness.prediction import predict
from harness.project import PROJECT

NAME = "object-counting-bench"
AWS_PORT, SAGEMAKER_PORT = 5576, 5577
IMAGES = ("aws", "sagemaker", "deploy", "container")
SERVICES = ("aws", "sagemaker")  # those that stay
BUILD_ARGUMENTS = [f"--build-arg=TORCH_INDEX_URL={os.environ.get('TORCH_INDEX_URL', '')}"]
BASE_IMAGE = "python:3.11-slim"
SAMPLE = PROJECT / "site/samples/1.jpg"
WARM_UP = 20


def run(*command: str) -> str:
    """What a command prints."""
    ports = {"AWS_PORT": str(AWS_PORT), "SAGEMAKER_PORT": str(SAGEMAKER_PORT)}
    environment = {name: value for name, value in os.environ.items() if name != "COMPOSE_PROFILES"} | ports
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise click.ClickException(f"{' '.join(command)}: {done.stderr}")
    return done.stdout.strip()


def compose(*arguments: str) -> str:
    """What ``docker compose`` prints."""
    return run("docker", "compose", f"--project-name={NAME}", *arguments)


def ask(predict_url: str) -> float:
    """Ask about an uploaded image; return the milliseconds that it took."""
    prediction = predict(predict_url, str(SAMPLE))
    if prediction.answer["label"] != "1":
        raise click.ClickException(f"the answer is {prediction.answer['label']!r}, not '1'")
    return prediction.milliseconds


@contextmanager
def compose_stack() -> Iterator[tuple[str, float]]:
    """Start the stack from images that are built.

    :return: the URL of the API, and the seconds from ``docker compose up --build`` to the first right answer.
    """
    started_at = time.monotonic()
    try:
        compose("up", "--build", "--detach")
        status = run("docker", "wait", compose("ps", "--all", "--quiet", "deploy"))
        printed = compose("logs", "--no-log-prefix", "deploy")
        if status != "0":
            raise click.ClickException(f"the deployment failed: {printed}")
        predict_url: str = json.loads(printed[printed.index("{") :])["predictUrl"]
        ask(predict_url)
        yield predict_url, time.monotonic() - started_at
    finally:
        compose("down", "--volumes")


def image_megabytes(image: str) -> float:
    """The size of an image, with all its layers."""
    return int(run("docker", "image", "inspect", "--format={{.Size}}", image)) / 1e6


def memory_megabytes(service: str) -> float:
    """What counts towards the limit of a service's container."""
    used = run("docker", "stats", "--no-stream", "--format={{.MemUsage}}", compose("ps", "--quiet", service))
    number, unit = re.findall(r"([\d.]+)([KMG]iB)", used)[0]
    return float(number) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[unit] / 1e6


def draw(figures: dict[str, float], picture: Path) -> None:
    """What the containers take, and what a call takes in them and embedded."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    megabytes = {name: figures[f"{name}_image_mb"] - figures["base_image_mb"] for name in IMAGES}
    megabytes = {f"image of {name}, over {BASE_IMAGE}": size for name, size in megabytes.items()}
    megabytes |= {f"memory of {service}": figures[f"{service}_memory_mb"] for service in SERVICES}
    milliseconds = {name: figures[f"{name}_predict_p50_ms"] for name in ("compose", "embedded")}
    figure, panels = pyplot.subplots(1, 2, figsize=(10, 2.6), layout="constrained")
    for panel, bars, label in zip(panels, (megabytes, milliseconds), ("MB", "ms, p50 of POST /predict"), strict=True):
        panel.bar_label(panel.barh(list(bars), list(bars.values())), fmt=" %.0f")
        panel.set_xlabel(label)
        panel.invert_yaxis()
        panel.margins(x=0.15)
        panel.spines[["top", "right"]].set_visible(False)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


@click.command()
@click.option("--starts", type=click.IntRange(min=1), default=3, show_default=True, help="How often it is started.")
@click.option("--calls", type=click.IntRange(min=2), default=200, show_default=True, help="Calls of each stack.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/compose.json")
def main(starts: int, calls: int, json_file: Path) -> None:
    """Measure the stack in containers."""
    seconds = []
    try:
        compose("build")
        run("docker", "build", f"--tag={NAME}-container", "--file=model_server/Dockerfile", *BUILD_ARGUMENTS, ".")
        for _ in range(starts - 1):
            with compose_stack() as (_, start):
                seconds.append(start)
        with compose_stack() as (in_containers, start), benchmark_stack() as stack:
            seconds.append(start)
            urls = {"compose": in_containers, "embedded": stack.outputs["predictUrl"]}
            for url in (*urls.values(),) * WARM_UP:
                ask(url)
            times: dict[str, list[float]] = {name: [] for name in urls}
            for _ in track(range(calls), "calling"):
                for name, url in urls.items():
                    times[name].append(ask(url))
            memory = {service: memory_megabytes(service) for service in SERVICES}
        sizes = {image: image_megabytes(f"{NAME}-{image}") for image in IMAGES}
    finally:
        if made := run("docker", "image", "ls", "--format={{.Repository}}", f"--filter=reference={NAME}-*").split():
            run("docker", "image", "rm", *made)
    base = image_megabytes(BASE_IMAGE)
    p50 = {name: statistics.median(values) for name, values in times.items()}
    figures = {
        "first_answer_s": statistics.median(seconds),
        **{f"{image}_image_mb": size for image, size in sizes.items()},
        "base_image_mb": base,
        **{f"{service}_memory_mb": megabytes for service, megabytes in memory.items()},
        **{f"{name}_predict_p50_ms": value for name, value in p50.items()},
        "ratio": p50["compose"] / p50["embedded"],
    }
    report(
        f"In containers, {starts} starts, {calls} calls",
        {
            "docker compose up to the first right answer, median": f"{figures['first_answer_s']:.1f} s",
            **{f"image of {image}, over {BASE_IMAGE}": f"{size - base:.0f} MB" for image, size in sizes.items()},
            **{f"memory of {service}": f"{megabytes:.0f} MB" for service, megabytes in memory.items()},
            "POST /predict with an image, p50, in containers": f"{p50['compose']:.1f} ms",
            "the same, embedded": f"{p50['embedded']:.1f} ms",
            "ratio": f"{figures['ratio']:.2f}",
        },
        figures,
        json_file,
    )
    draw(figures, json_file.with_suffix(".png"))


if __name__ == "__main__":
    main()
