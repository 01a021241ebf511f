"""Ten thousand requests from 32 visitors at once: nothing lost, nothing outside the contract, no memory kept.

Half send an image, half a URL, 5 % something bad. The status, media type and body of every answer are checked
against `site/openapi.json`; afterwards the logs of all parts are searched for stack traces. The visitors come in
rounds, because reading the memory takes time of the cores: that is done when nobody waits.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/load.py` works, too

from bench.visitors import BUSY, Visit, mixture, send_crowd  # isort: skip
from collections import Counter
from itertools import accumulate
from statistics import quantiles

import click
import matplotlib
from rich.progress import Progress

from bench.report import exit_unless, report
from bench.stack import BenchmarkStack, benchmark_stack
from harness.project import PROJECT

ROUNDS = 10  # the first is the warm-up
LIMITS = {"lost": 0, "outside_contract": 0, "stack_traces": 0, "memory_ratio": 1.1}


def stack_traces(stack: BenchmarkStack) -> int:
    """How many there are in the logs of the emulators, the function and the endpoint's container."""
    logs = [log.read_text(errors="replace") for log in stack.directory.rglob("*.log")]
    group = f"/aws/lambda/{stack.outputs['functionName']}"
    pages = stack.clients["logs"].get_paginator("filter_log_events").paginate(logGroupName=group)
    logs += [event["message"] for page in pages for event in page["events"]]
    return sum(log.count("Traceback") for log in logs)


def draw(visits: list[Visit], memory: list[float], picture: Path) -> None:
    """How long each request took, in the order in which they were sent, and the memory after each round."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    answers = sorted((answer for visit in visits for answer in visit.answers), key=lambda answer: answer.sent_at)
    sent = list(accumulate(len(visit.answers) for visit in visits))
    figure, (latency, used) = pyplot.subplots(2, sharex=True, figsize=(8, 4.5), layout="constrained")
    latency.plot([answer.seconds * 1000 for answer in answers], ".", markersize=1)
    latency.set(ylabel="ms until the answer", yscale="log")
    used.plot(sent, memory, "o-")
    used.set(ylabel="memory, MB", ylim=(0, 1.1 * max(memory)), xlabel="requests")
    for panel in (latency, used):
        panel.grid(alpha=0.3)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


def seconds_taken(visit: Visit) -> float:
    """From the first request to the last answer."""
    first = min(answer.sent_at for answer in visit.answers)
    return max(answer.sent_at + answer.seconds for answer in visit.answers) - first


@click.command()
@click.option("--requests", type=click.IntRange(min=100), default=10_000, show_default=True)
@click.option("--visitors", type=click.IntRange(min=1), default=32, show_default=True, help="Visitors at once.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/load.json")
def main(requests: int, visitors: int, json_file: Path) -> None:
    """Put the stack under load."""
    visits: list[Visit] = []
    memory: list[float] = []
    with benchmark_stack() as stack, Progress() as bar:
        line = bar.add_task("asking", total=requests)
        request = mixture(stack.outputs["pageUrl"])
        for number in range(ROUNDS):
            share = (number + 1) * requests // ROUNDS - number * requests // ROUNDS
            visits.append(send_crowd(stack.outputs["predictUrl"], visitors, request, requests=share))
            memory.append(stack.status()["memoryMb"])
            bar.advance(line, share)
        traces = stack_traces(stack)
    answers = [answer for visit in visits for answer in visit.answers]
    broken = [promise for visit in visits for promise in visit.broken_promises]
    for promise in broken[:20]:
        click.echo(promise, err=True)
    statuses = Counter(answer.status for answer in answers)
    warm = visits[1:]
    percentiles = quantiles([second for visit in warm for second in visit.seconds(200)], n=100)
    figures = {
        "requests": requests,
        "answers": requests - statuses[0],
        "lost": statuses[0],
        **{f"status_{status}": statuses[status] for status in sorted(statuses)},
        "outside_contract": len(broken),
        "stack_traces": traces,
        "requests_per_second": sum(len(visit.answers) for visit in warm) / sum(map(seconds_taken, warm)),
        "p50_ms": percentiles[49] * 1000,
        "p99_ms": percentiles[98] * 1000,
        "memory_mb": memory[-1],
        "memory_ratio": memory[-1] / memory[0],
    }
    shown = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    report(
        f"{requests} requests from {visitors} visitors at once",
        {
            "answers": shown,
            "lost": str(statuses[0]),
            "refused because busy": str(statuses[BUSY]),
            "outside the contract": str(len(broken)),
            "stack traces in the logs": str(traces),
            "requests per second": f"{figures['requests_per_second']:.0f}",
            "p50, p99 of status 200": f"{figures['p50_ms']:.0f} ms, {figures['p99_ms']:.0f} ms",
            f"memory at the end, to that after {requests // ROUNDS} requests": f"{figures['memory_ratio']:.2f}",
        },
        figures,
        json_file,
    )
    draw(visits, memory, json_file.with_suffix(".png"))
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
