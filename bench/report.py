"""How a benchmark shows its figures."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table


def report(title: str, rows: Mapping[str, str], figures: Mapping[str, float], json_file: Path | None) -> None:
    """Print a table, and write the figures where they are wanted.

    :param rows: what each line shows, as text.
    :param figures: the same for machines.
    """
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
