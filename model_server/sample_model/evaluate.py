"""Test a checkpoint on held-out images: `python -m model_server.sample_model.evaluate --checkpoint model.pth`."""

import json
from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from model_server.sample_model.dataset import CLASSES, count_and_seed, held_out_pixels, labels
from model_server.sample_model.network import ARCHITECTURE, load_network, predict

Matrix = NDArray[np.int64]


@click.command()
@click.option("--checkpoint", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=True)
@click.option("--images", type=click.IntRange(min=CLASSES), default=1000, show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/model"), show_default=True
)
def main(checkpoint: Path, images: int, output: Path) -> None:
    """Count objects in held-out photographs and write the confusion matrix as a picture and as numbers."""
    network = load_network(checkpoint)
    matrix = confusion_matrix(labels(images), predict(network, held_out_pixels(images)))
    _print(matrix)
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps(_report(matrix), indent=2) + "\n")
    _draw(matrix).savefig(output / "confusion.png", dpi=110)


def confusion_matrix(classes: torch.Tensor, answers: torch.Tensor) -> Matrix:
    """How often an image of class i (row) was answered with class j (column)."""
    matrix: Matrix = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(matrix, (classes.numpy(), answers.numpy()), 1)
    return matrix


def _report(matrix: Matrix) -> dict[str, object]:
    images = int(matrix.sum())
    per_class = matrix.diagonal() / matrix.sum(axis=1)
    return {
        "architecture": ARCHITECTURE,
        "images": images,
        "seeds": {"first": count_and_seed(0)[1], "last": count_and_seed(images - 1)[1]},
        "accuracy": round(float(matrix.trace() / images), 4),
        "accuracy_per_count": {str(i + 1): round(float(share), 4) for i, share in enumerate(per_class)},
        "confusion_matrix": {"rows": "objects in the image", "columns": "answer", "counts": matrix.tolist()},
    }


def _print(matrix: Matrix) -> None:
    table = Table(title=f"{matrix.trace() / matrix.sum():.1%} of {matrix.sum()} held-out images right")
    table.add_column("objects \\ answer")
    for count in range(1, CLASSES + 1):
        table.add_column(str(count), justify="right")
    table.add_column("right", justify="right")
    for i, row in enumerate(matrix):
        table.add_row(str(i + 1), *(str(number) for number in row), f"{row[i] / row.sum():.1%}")
    Console().print(table)


def _draw(matrix: Matrix) -> Figure:
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    axes.imshow(shares, cmap=mpl.colormaps["Blues"], vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(number), ha="center", va="center", color=color, fontsize=12)
    counts = [str(i + 1) for i in range(CLASSES)]
    axes.set_xticks(range(CLASSES), counts)
    axes.set_yticks(range(CLASSES), counts)
    axes.set_xlabel("answer")
    axes.set_ylabel("objects in the image")
    axes.set_title(f"{matrix.trace() / matrix.sum():.1%} of {matrix.sum()} held-out images right", fontsize=11)
    return figure


if __name__ == "__main__":
    main()
