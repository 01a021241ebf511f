"""Sends damaged images to the model's container, and reports what it answered and how much memory it took.

    python -m tests.fuzz_images --count 20000

Needs `make model`. Every answer has to be a 200 or a 400; others are named by their number, which with the same seed
is the same file again: `--first NUMBER --count 1`.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.damaged_images import bombs, damaged, valid_images
from tests.integration.container_process import (
    Answer,
    Container,
    memory,
    peak_memory,
    sample_model_container,
)

CLIENTS = 4


@dataclass
class Report:
    """What came of a run: how many answers of each status, which were neither 200 nor 400, the slowest in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: dict[object, str] = field(default_factory=dict)
    slowest: float = 0.0


def send(container: Container, files: Iterable[tuple[object, bytes]]) -> Report:
    """Send named files from a few clients at once."""
    report = Report()

    def ask_once(file: bytes) -> Answer:
        return container.request("POST", "/invocations", file, {"Content-Type": "application/x-image"})

    def ask(named: tuple[object, bytes]) -> None:
        name, file = named
        started = time.monotonic()
        try:
            answer = ask_once(file)
            while answer.status == 429:  # costly images keep the container busy, and it says so
                time.sleep(int(answer.headers["Retry-After"]))
                answer = ask_once(file)
            status, text = answer.status, answer.body.decode()
        except OSError as error:  # nobody answered: the worst of all answers
            status, text = 0, repr(error)
        report.slowest = max(report.slowest, time.monotonic() - started)
        report.statuses[status] += 1
        if status not in (200, 400) or (status == 400 and "message" not in json.loads(text)):
            report.unexpected[name] = f"{status} {text}"

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, files))
    return report


def damaged_images(first: int, count: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """Damaged files and their numbers."""
    files = list(valid_images().values())
    return ((index, damaged(index, seed, files)) for index in range(first, first + count))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, sample_model_container(Path(directory)) as container:
        idle = peak_memory(container)
        for name, files in (
            ("damaged", damaged_images(options.first, options.count, options.seed)),
            ("bombs", bombs().items()),
        ):
            report = send(container, files)
            print(f"{name}: {dict(sorted(report.statuses.items()))}, slowest {report.slowest:.1f} s")
            print(
                f"  peak memory {peak_memory(container) / 1e6:.0f} MB, {idle / 1e6:.0f} MB before the first image,"
                f" {memory(container, 'VmRSS') / 1e6:.0f} MB after the last"
            )
            for number, answer in report.unexpected.items():
                print(f"  {number}: {answer}")
        print("the container is still there:", container.process.poll() is None)
        print("tracebacks in the log:", container.log.read_text().count("Traceback"))


if __name__ == "__main__":
    main()
