"""What the comparison of the servers says: ratios, tables and the picture."""

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from rich.console import Console
from rich.table import Table

from bench.machine import machine
from bench.peers.servers import OURS, OURS_OPENVINO, PLAIN_FLASK

COMPARED_AT = 8  # clients
MEASURED = ("server", "model", "artifact", "clients")  # what is measured once in each round
Row = dict[str, Any]
Ratios = dict[str, dict[str, float]]


def summary(rows: list[Row], limits: list[Row]) -> dict[str, Any]:
    """All rounds in one: medians of the rows, and what they are to each other, by model."""
    rows = [_median_row(group) | _spread(group) for group in _groups(rows)]
    limits = [_median_row(group) for group in _groups(limits)]
    # Who answered nothing is compared with nobody.
    answered = [row for row in rows if row["rps"] and row["p99_ms"]]
    found = {(row["server"], row["model"], row["artifact"], row["clients"]): row for row in answered}
    bounds = {(row["model"], row["artifact"]): row for row in limits}
    ratios: dict[str, Ratios] = {}

    def note(name: str, model: str, ratio: dict[str, float]) -> None:
        ratios.setdefault(name, {})[model] = {key: round(value, 3) for key, value in ratio.items()}

    for model in dict.fromkeys(row["model"] for row in rows):
        at_work = {key[0::2]: row for key, row in found.items() if key[1] == model and key[3] == COMPARED_AT}
        ours, quantized = at_work.get((OURS, "float32")), at_work.get((OURS, "int8"))
        plain = at_work.get((PLAIN_FLASK, "float32"))
        others = (OURS, OURS_OPENVINO, PLAIN_FLASK)
        peers = [row for (server, _), row in at_work.items() if server not in others]
        if ours and peers:
            best = max(peers, key=lambda row: row["rps"])
            note("vs_best_peer", model, {"rps": ours["rps"] / best["rps"], "p99": ours["p99_ms"] / best["p99_ms"]})
        if plain and ours and quantized:
            note("vs_flask_eager", model, {row["artifact"]: row["rps"] / plain["rps"] for row in (ours, quantized)})
        to_limit = {
            f"{row['artifact']} {part}": row["rps"] / bound[part]
            for row in (ours, quantized)
            if row and (bound := bounds.get((model, row["artifact"])))
            for part in ("forward", "decode_and_forward")
        }
        note("vs_limit", model, to_limit)
        if all((server, model, "float32", key[3]) in found for server in (OURS, OURS_OPENVINO) for key in found):
            note("openvino_vs_pytorch", model, _openvino(found, model))
        alone, bare = found.get((OURS, model, "float32", 1)), bounds.get((model, "float32"))
        if alone and bare:
            start, memory = (alone[figure] / bare[figure] for figure in ("start_s", "rss_mb"))
            note("start", model, {"seconds": start, "rss": memory})
    return {"machine": machine(), "rows": rows, "limits": limits, **ratios}


def _openvino(found: dict[tuple[str, str, str, int], Row], model: str) -> dict[str, float]:
    """What OpenVINO in place of PyTorch does to the container's figures in float."""

    def ratio(figure: str, clients: int) -> float:
        with_openvino, with_pytorch = (
            found[server, model, "float32", clients][figure] for server in (OURS_OPENVINO, OURS)
        )
        return float(with_openvino / with_pytorch)

    throughput = {f"rps, {clients} clients": ratio("rps", clients) for clients in sorted({key[3] for key in found})}
    return throughput | {"rss": ratio("rss_mb", 1), "seconds to start": ratio("start_s", 1)}


def _groups(rows: list[Row]) -> Iterable[list[Row]]:
    """The rounds of the same measurement."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in MEASURED), []).append(row)
    return groups.values()


def _median_row(group: list[Row]) -> Row:
    """All rounds in one."""
    values = {name: [row[name] for row in group] for name in group[0]}
    return {name: each[0] if name in MEASURED else _median(each) for name, each in values.items()}


def _median(values: Iterable[float | None]) -> float | None:
    """None is the latency where nothing was answered: more than any other."""
    middle = median(math.inf if value is None else value for value in values)
    return None if middle == math.inf else round(middle, 2)


def _spread(group: list[Row]) -> Row:
    """What a median hides."""
    rates = [round(row["rps"], 2) for row in group]
    return {"rps_min": min(rates), "rps_max": max(rates), "errors": max(row["errors"] for row in group)}


def tables(figures: dict[str, Any]) -> None:
    """Print the rows, and the ratios."""
    columns = (*MEASURED, "rps", "rps_min", "rps_max", "p50_ms", "p99_ms", "errors", "rss_mb", "start_s")
    caption = f"{figures['machine']}; rss_mb is PSS, see bench/peers/memory.py"
    table = Table(*columns, title="Servers of the same model", title_justify="left", caption=caption)
    for row in figures["rows"]:
        table.add_row(*(_cell(row[name]) for name in columns))
    Console(width=140).print(table)
    ratios = Table("ratio", "model", "", title="This container", title_justify="left")
    for name in (name for name, value in figures.items() if isinstance(value, dict) and name != "not_run"):
        for model, values in figures[name].items():
            ratios.add_row(name, model, ", ".join(f"{key} {value:.2f}" for key, value in values.items()))
    Console(width=120).print(ratios)


def _cell(value: object) -> str:
    return "none" if value is None else f"{value:.0f}" if isinstance(value, float) else str(value)


def draw(figures: dict[str, Any], picture: Path) -> None:
    """Throughput of each server, for each model in multiples of plain Flask's."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    models = list(dict.fromkeys(row["model"] for row in figures["rows"]))
    figure, panels = pyplot.subplots(1, len(models), figsize=(11, 3.6), layout="constrained", squeeze=False)
    for panel, model in zip(panels[0], models, strict=True):
        rows = [row for row in figures["rows"] if row["model"] == model and row["clients"] == COMPARED_AT]
        rows.sort(key=lambda row: row["rps"])
        names = [row["server"] + (", int8" if row["artifact"] == "int8" else "") for row in rows]
        colours = ["tab:blue" if row["server"] in (OURS, OURS_OPENVINO) else "tab:gray" for row in rows]
        plain = next((row["rps"] for row in rows if row["server"] == PLAIN_FLASK and row["rps"]), 1.0)
        bars = panel.barh(names, [row["rps"] / plain for row in rows], color=colours)
        panel.bar_label(bars, fmt=" %.1f")
        panel.set_title(model)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0.15)
    figure.supxlabel(f"answers per second with {COMPARED_AT} clients, {PLAIN_FLASK} = 1", fontsize=10)
    figure.suptitle(figures["machine"], fontsize=9)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
