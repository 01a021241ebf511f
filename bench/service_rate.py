"""How many predictions per second were measured: everything about scaling derives from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from harness.project import PROJECT

# A run of bench.serving that is kept for this: which policy production has must not depend on which machine ran the
# benchmarks last, or on what else that was doing. The CPU is Intel's, as those of stack prod's instances are.
SERVING = PROJECT / "docs/benchmarks/serving-intel.json"
# The rows of that file which are nearest to what stack prod deploys: AWS's container, whose server is TorchServe, with
# the float sample model. (There it serves this project's graph, here plain layers: rather too few than too many.)
SERVER, MODEL, ARTIFACT, CLIENTS = "TorchServe", "sample", "float32", 8


@dataclass(frozen=True)
class ServiceRate:
    """rate: predictions per second with every core at work. seconds: one prediction, and nothing else at work."""

    source: str
    machine: str
    rate: float
    seconds: float


def measured(serving: Path = SERVING) -> ServiceRate:
    """From the figures of a run of bench.serving."""
    figures: dict[str, Any] = json.loads(serving.read_text())
    wanted = (SERVER, MODEL, ARTIFACT)
    rows = {row["clients"]: row for row in figures["rows"] if (row["server"], row["model"], row["artifact"]) == wanted}
    if not {1, CLIENTS} <= rows.keys():
        raise click.ClickException(f"{serving} has no rows {wanted} for 1 and {CLIENTS} clients")
    return ServiceRate(serving.name, figures["machine"], rows[CLIENTS]["rps"], rows[1]["p50_ms"] / 1000)
