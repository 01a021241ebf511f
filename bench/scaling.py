"""How far the stacks scale: what each part lets through, and which autoscaling policy stack prod should have.

docs/scaling.md explains the figures. Nothing is measured here; bench/service_rate.py says where the speed comes from.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/scaling.py` works, too

import click
import matplotlib
import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.autoscaling import MINUTE, PUBLICATION_SECONDS, START_SECONDS, Instance, Policy, simulate
from bench.capacity import DOLLARS_PER_MILLION_CALLS, Capacity, capacities
from bench.policy_choice import ACCEPTED, RAMP_SECONDS, SEEDS, Outcome, burst, candidates, outcome, recommended
from bench.service_rate import SERVING, measured
from harness.project import PROJECT

FIGURES = PROJECT / "docs/benchmarks/scaling.json"

# Assumed: an ml.m5.large makes so many predictions for each of the machine that was measured. Its two vCPUs are the two
# threads of one core (a half), of an older generation (four fifths).
INSTANCE_SPEED = 0.5 * 0.8
INSTANCE_CPUS = 2


def committed() -> tuple[Policy, dict[str, float], tuple[int, int]]:
    """The policy in Pulumi.prod.yaml, its other limits, and memory and concurrency of dev's serverless endpoint."""
    prod, dev = _settings("prod"), _settings("dev")
    policy = Policy(
        int(prod["minInstances"]),
        int(prod["maxInstances"]),
        float(prod["autoscalingTarget"]),
        int(prod["scaleOutCooldownSeconds"]),
        int(prod["scaleInCooldownSeconds"]),
    )
    limits = {"throttle": float(prod["throttleRate"]), "concurrency": float(prod["functionReservedConcurrency"])}
    return policy, limits, (int(dev["serverlessMemoryMb"]), int(dev["serverlessMaxConcurrency"]))


def _settings(stack: str) -> dict[str, Any]:
    defaults = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]
    chosen = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: each.get("default") for key, each in defaults.items()} | {
        key.partition(":")[2]: value for key, value in chosen.items()
    }


def draw(peak: float, instance: Instance, policies: dict[str, Policy], picture: Path) -> None:
    """For every policy and both bursts: requests, what the instances in service can do, and refusals."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(len(policies), 2, sharex=True, sharey=True, figsize=(10, 6), layout="constrained")
    for (name, policy), row in zip(policies.items(), rows, strict=True):
        for panel, ramp_seconds, title in zip(row, (RAMP_SECONDS, 0), ("twenty minutes", "one second"), strict=True):
            load = burst(peak, ramp_seconds)
            seconds = simulate(load, instance, policy)
            minutes = [now / MINUTE for now in range(len(load))]
            panel.plot(minutes, load, "k", label="requests")
            panel.plot(minutes, [each.in_service * instance.rate for each in seconds], label="instances can serve")
            refused = [sum(each.refused for each in seconds[now : now + 10]) / 10 for now in range(0, len(load), 10)]
            panel.fill_between(minutes[::10], refused, color="C3", label="refused")
            panel.set(title=f"{name}: up within {title}", ylim=(0, None))
            panel.grid(alpha=0.3)
    figure.supxlabel("minutes")
    figure.supylabel("a second")
    figure.legend(*rows[0][0].get_legend_handles_labels(), loc="outside lower right", ncols=3)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)


def show(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def show_capacities(parts: dict[str, list[Capacity]]) -> None:
    """Predictions per second, and dollars a million."""
    rows = [
        (part, each.name, f"{each.per_second:,.0f}", "" if each.dollars is None else f"{each.dollars:.2f}")
        for part, capacity in parts.items()
        for each in capacity
    ]
    show("What each part lets through", ("part", "limit", "a second", "$ a million"), rows)
    print(f"All the rest of a million predictions: {DOLLARS_PER_MILLION_CALLS:.2f} $")


def show_outcomes(outcomes: dict[str, Outcome]) -> None:
    """One line for each policy."""
    rows = [
        (
            f"{each.policy.min_instances} to {each.policy.max_instances}",
            f"{each.policy.target:.0f}",
            f"{each.policy.scale_out_cooldown} s",
            f"{each.ramp_refused:.2%}",
            f"{each.step_refused:.0%}, {each.step_refused_minutes} min",
            f"{each.instance_hours:.2f}",
            name,
        )
        for name, each in outcomes.items()
    ]
    columns = ("instances", "target", "cooldown", "ramp", "step", "hours", "")
    show(f"Policies, with the worst of {SEEDS} seeds", columns, rows)


@click.command()
@click.option("--serving", type=click.Path(path_type=Path), default=SERVING, help="The run of bench.serving to use.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=FIGURES)
def main(serving: Path, json_file: Path) -> None:
    """Simulate, and recommend a policy."""
    service = measured(serving)
    instance = Instance(float(round(INSTANCE_SPEED * service.rate)), INSTANCE_CPUS)
    policy, limits, serverless = committed()
    judge = partial(outcome, peak=limits["throttle"], instance=instance)
    tried = [judge(each) for each in track(candidates(limits["throttle"], instance), "simulating")]
    chosen = recommended(tried)
    others = {
        "recommended": judge(chosen),
        "start: 3 min": judge(chosen, start_seconds=180),
        "start: 10 min": judge(chosen, start_seconds=600),
        "defaults": judge(replace(chosen, target=600, scale_out_cooldown=60)),
        "not scaled": judge(replace(chosen, min_instances=chosen.max_instances)),
    }
    parts = capacities(limits | asdict(chosen), serverless, instance.rate, service.seconds / INSTANCE_SPEED)
    print(f"{INSTANCE_SPEED:g} of {service.source} ({service.machine}): {instance.rate:.0f} a second for an instance")
    show_capacities(parts)
    show_outcomes({str(number): each for number, each in enumerate(tried, 1)} | others)
    half = replace(chosen, target=instance.rate * MINUTE / 2)  # where AWS advises to begin
    drawn = {f"target {chosen.target:.0f}": chosen, f"target {half.target:.0f}": half}
    draw(limits["throttle"], instance, drawn, json_file.with_suffix(".png"))
    figures = {
        "measured": asdict(service),
        "assumed": {
            "instance_speed": INSTANCE_SPEED,
            "start_seconds": START_SECONDS,
            "publication_seconds": PUBLICATION_SECONDS,
        },
        "seeds": SEEDS,
        "accepted": ACCEPTED,
        "instance": asdict(instance),
        "peak": limits["throttle"],
        "capacities": {part: [asdict(each) for each in capacity] for part, capacity in parts.items()},
        "tried": [asdict(each) for each in tried],
        "outcomes": {name: asdict(each) for name, each in others.items()},
    }
    json_file.write_text(json.dumps(figures, indent=2) + "\n")
    if policy != chosen:
        click.echo(f"Pulumi.prod.yaml has {policy}. After {service.source} it should have {chosen}.", err=True)


if __name__ == "__main__":
    main()
