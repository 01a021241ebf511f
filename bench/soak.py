"""Half an hour at half the capacity: does memory, the number of open files or the latency drift?

Too long for every change; run it before a release. The picture shows each over time.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/soak.py` works, too

from bench.visitors import Visit, show_broken, mixture, send_crowd  # isort: skip
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import mean, median

import click
import matplotlib
import psutil
from rich.progress import Progress

from bench.report import exit_unless, report
from bench.stack import BenchmarkStack, benchmark_stack
from harness.project import PROJECT

VISITORS = 8
WARM_UP_SECONDS = 5.0
CAPACITY_SECONDS = 20.0
SAMPLES = 60
# The stack is not measured while function processes that only the search for the capacity needed still live.
SETTLING_SHARE = 0.2
# Latency is the machine's, too; memory and files are the stack's alone.
LIMITS = {"outside_contract": 0, "memory_mb_drift": 1.1, "open_files_drift": 1.1, "p50_ms_drift": 1.25}


@dataclass(frozen=True)
class Sample:
    """The stack at one moment: minutes since the start, and what is watched."""

    minutes: float
    memory_mb: float
    open_files: int
    p50_ms: float


def sample(stack: BenchmarkStack, started_at: float, seconds: list[float]) -> Sample:
    """What is true now; the latency is of the answers since the sample before."""
    status = stack.status()
    open_files = 0
    for process in status["processes"]:
        with suppress(psutil.Error):
            open_files += psutil.Process(process["pid"]).num_fds()
    return Sample((time.monotonic() - started_at) / 60, status["memoryMb"], open_files, median(seconds) * 1000)


def drift(samples: list[Sample], what: str) -> float:
    """The mean of the last quarter, to that of the first quarter after settling."""
    values = [getattr(each, what) for each in samples[round(SETTLING_SHARE * len(samples)) :]]
    quarter = max(1, len(values) // 4)
    return float(mean(values[-quarter:]) / mean(values[:quarter]))


def draw(samples: list[Sample], picture: Path) -> None:
    """One curve below the other."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    watched = {"memory_mb": "memory, MB", "open_files": "open files", "p50_ms": "p50, ms"}
    figure, panels = pyplot.subplots(len(watched), sharex=True, figsize=(8, 6), layout="constrained")
    for panel, (what, label) in zip(panels, watched.items(), strict=True):
        panel.plot([each.minutes for each in samples], [getattr(each, what) for each in samples])
        panel.set(ylabel=label, ylim=(0, None))
        panel.grid(alpha=0.3)
    panels[-1].set_xlabel("minutes at half the capacity")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0.5), default=30.0, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/soak.json")
@click.option("--picture", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/soak.png")
def main(minutes: float, json_file: Path, picture: Path) -> None:
    """Let the stack work for a long time."""
    samples: list[Sample] = []
    with benchmark_stack() as stack, Progress() as bar:
        predict_url, request = stack.outputs["predictUrl"], mixture(stack.outputs["pageUrl"])
        line = bar.add_task("measuring the capacity", total=SAMPLES)
        send_crowd(predict_url, VISITORS, request, seconds=WARM_UP_SECONDS)  # starts as many functions
        full = send_crowd(predict_url, VISITORS, request, seconds=CAPACITY_SECONDS)
        capacity = len(full.seconds(200)) / CAPACITY_SECONDS
        bar.update(line, description=f"half of {capacity:.0f} requests per second")
        started_at, seen = time.monotonic(), 0

        def watch(visit: Visit) -> None:
            nonlocal seen
            is_due = time.monotonic() - started_at > len(samples) * minutes * 60 / SAMPLES
            if is_due and len(visit.answers) > seen:
                samples.append(sample(stack, started_at, [answer.seconds for answer in visit.answers[seen:]]))
                seen = len(visit.answers)
                bar.update(line, completed=len(samples))

        visit = send_crowd(predict_url, VISITORS, request, seconds=minutes * 60, rate=capacity / 2, progress=watch)
    draw(samples, picture)
    figures = {
        "minutes": minutes,
        "answers": len(visit.answers),
        "outside_contract": len(visit.broken_promises),
        **{f"{what}_drift": drift(samples, what) for what in ("memory_mb", "open_files", "p50_ms")},
    }
    report(
        f"{minutes:g} minutes at half the capacity",
        {
            "answers": str(len(visit.answers)),
            "outside the contract": str(len(visit.broken_promises)),
            "memory at the end, to the beginning": f"{figures['memory_mb_drift']:.2f}",
            "open files": f"{figures['open_files_drift']:.2f}",
            "p50": f"{figures['p50_ms_drift']:.2f}",
        },
        figures,
        json_file,
    )
    show_broken(visit)
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
