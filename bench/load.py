"""Ten thousand requests from 32 visitors at once: nothing lost, nothing outside the contract, no memory kept.

Half send an image, half a URL, 5 % something bad. The status, media type and body of every answer are checked
against `site/openapi.json`; afterwards the logs of all parts are searched for stack traces.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/load.py` works, too

from bench.visitors import BUSY, Visit, mixture, send_crowd  # isort: skip
from collections import Counter
from statistics import quantiles

import click
from rich.progress import Progress

from bench.report import exit_unless, report
from bench.stack import BenchmarkStack, benchmark_stack

WARM_UP_SHARE = 0.1
LIMITS = {"lost": 0, "outside_contract": 0, "stack_traces": 0, "memory_ratio": 1.1}


def stack_traces(stack: BenchmarkStack) -> int:
    """How many there are in the logs of the emulators, the function and the endpoint's container."""
    logs = [log.read_text(errors="replace") for log in stack.directory.rglob("*.log")]
    group = f"/aws/lambda/{stack.outputs['functionName']}"
    pages = stack.clients["logs"].get_paginator("filter_log_events").paginate(logGroupName=group)
    logs += [event["message"] for page in pages for event in page["events"]]
    return sum(log.count("Traceback") for log in logs)


@click.command()
@click.option("--requests", type=click.IntRange(min=100), default=10_000, show_default=True)
@click.option("--visitors", type=click.IntRange(min=1), default=32, show_default=True, help="Visitors at once.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(requests: int, visitors: int, json_file: Path | None) -> None:
    """Put the stack under load."""
    first = round(WARM_UP_SHARE * requests)
    with benchmark_stack() as stack, Progress() as bar:
        line = bar.add_task("asking", total=requests)
        request = mixture(stack.outputs["pageUrl"])

        def crowd(number: int, before: int) -> Visit:
            return send_crowd(
                stack.outputs["predictUrl"],
                visitors,
                request,
                requests=number,
                progress=lambda visit: bar.update(line, completed=before + len(visit.answers)),
            )

        warm_up = crowd(first, before=0)
        memory_before = stack.status()["memoryMb"]
        visit = crowd(requests - first, before=first)
        memory_after = stack.status()["memoryMb"]
        traces = stack_traces(stack)
    answers = warm_up.answers + visit.answers
    broken = warm_up.broken_promises + visit.broken_promises
    for promise in broken[:20]:
        click.echo(promise, err=True)
    statuses = Counter(answer.status for answer in answers)
    percentiles = quantiles(visit.seconds(200), n=100)
    duration = visit.answers[-1].sent_at - visit.answers[0].sent_at
    figures = {
        "requests": requests,
        "answers": requests - statuses[0],
        "lost": statuses[0],
        **{f"status_{status}": statuses[status] for status in sorted(statuses)},
        "outside_contract": len(broken),
        "stack_traces": traces,
        "requests_per_second": len(visit.answers) / duration,
        "p50_ms": percentiles[49] * 1000,
        "p99_ms": percentiles[98] * 1000,
        "memory_mb": memory_after,
        "memory_ratio": memory_after / memory_before,
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
            f"memory at the end, to that after {first} requests": f"{figures['memory_ratio']:.2f}",
        },
        figures,
        json_file,
    )
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
