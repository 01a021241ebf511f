"""How a benchmark shows its figures."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.machine import machine


def report(title: str, rows: Mapping[str, str], figures: Mapping[str, float], json_file: Path) -> None:
    """Print a table, and write the figures to a file.

    :param rows: what each line shows, as text.
    :param figures: the same for machines.
    """
    table = Table(title=title, title_justify="left", show_header=False, caption=machine(), caption_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps({"machine": machine(), **figures}, indent=2) + "\n")


def exit_unless(
    figures: Mapping[str, float], at_most: Mapping[str, float] = {}, at_least: Mapping[str, float] = {}
) -> None:
    """End with status 1 if a figure is not within its limit, and say which."""
    missed = [
        f"{name} is {figures[name]:.3g}, the limit is {most:g}"
        for name, most in at_most.items()
        if figures[name] > most
    ]
    missed += [
        f"{name} is {figures[name]:.3g}, wanted is {least:g}"
        for name, least in at_least.items()
        if figures[name] < least
    ]
    for sentence in missed:
        print(sentence, file=sys.stderr)
    if missed:
        sys.exit(1)
