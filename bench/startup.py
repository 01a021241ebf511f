"""How long from ``harness up`` to the first right answer over HTTP, against a bare Python with the same model.

The floor is a Python process that imports torch and torchvision, loads the model of the artifact and answers once:
whatever serves the model cannot be faster than that. Both are measured in turn, and compared by their medians.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
import matplotlib
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/startup.py` works, too

from bench.bare_process import bare
from bench.report import exit_unless, report
from bench.stack import benchmark_stack
from harness.prediction import predict
from harness.project import PROJECT
from model_server.sagemaker.archive import unpack

LIMITS = {"ratio": 1.5}


def floor_seconds(directory: Path) -> float:
    """One run of the bare process, until its answer."""
    started_at = time.time()
    return float(bare("start", directory)["answered_at"]) - started_at


def first_answer_seconds() -> float:
    """One start of the whole stack."""
    started_at = time.monotonic()
    with benchmark_stack() as stack:
        answer = predict(stack.outputs["predictUrl"], f"{stack.outputs['pageUrl']}/samples/1.jpg").answer
        seconds = time.monotonic() - started_at
    if answer["label"] != "1":
        raise click.ClickException(f"the answer is {answer['label']!r}, not '1'")
    return seconds


def draw(first: list[float], floor: list[float], picture: Path) -> None:
    """Every run, the medians, and the limit."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(8, 2.2), layout="constrained")
    for name, seconds in (("bare Python with the model", floor), ("harness up, first answer", first)):
        panel.barh(name, statistics.median(seconds), color="tab:blue")
        panel.plot(seconds, [name] * len(seconds), "k|", markersize=12)
    limit = LIMITS["ratio"]
    panel.axvline(limit * statistics.median(floor), color="black", linestyle=":", label=f"limit: {limit} floors")
    panel.set(xlabel="s (median; lines: every run)")
    panel.legend(fontsize="small")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


@click.command()
@click.option("--runs", type=click.IntRange(min=1), default=5, show_default=True, help="How often each is measured.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/startup.json")
@click.option("--picture", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/startup.png")
def main(runs: int, json_file: Path, picture: Path) -> None:
    """Time to the first answer, against the floor."""
    with tempfile.TemporaryDirectory() as directory:
        model = Path(directory) / "model"
        unpack(PROJECT / "build/model.tar.gz", model)
        first, floor = [], []
        for _ in track(range(runs), "starting"):
            floor.append(floor_seconds(model))
            first.append(first_answer_seconds())
    figures = {
        "first_answer_s": statistics.median(first),
        "floor_s": statistics.median(floor),
        "ratio": statistics.median(first) / statistics.median(floor),
    }
    report(
        f"Start, median of {runs}",
        {
            "harness up to the first right answer": f"{figures['first_answer_s']:.2f} s",
            "bare Python, same model, one forward pass": f"{figures['floor_s']:.2f} s",
            "ratio": f"{figures['ratio']:.2f}",
        },
        figures,
        json_file,
    )
    draw(first, floor, picture)
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
