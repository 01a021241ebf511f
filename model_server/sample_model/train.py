"""Train the demonstration model: `python -m model_server.sample_model.train --output model.pth`.

It renders its own images and starts from random weights. On two CPU cores it takes less than 20 minutes.
"""

import tempfile
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional

from model_server.sample_model.augment import augmented
from model_server.sample_model.dataset import labels, training_pixels
from model_server.sample_model.network import build_network

_THREADS = 2
_BATCH = 64
_EPOCHS = 10
_PEAK_LEARNING_RATE = 4e-3
_WEIGHT_DECAY = 0.02
_LABEL_SMOOTHING = 0.05


@click.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Checkpoint to write.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the rendered images here.")
@click.option("--images", type=click.IntRange(min=_BATCH), default=10_000, show_default=True, help="Images to render.")
@click.option("--seed", default=0, show_default=True, help="Seed of the first weights and of the order of images.")
def main(output: Path, data: Path | None, images: int, seed: int) -> None:
    """Render training images, train the network on them and save its weights as a state_dict."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pixels = training_pixels(images, data or Path(scratch))
    torch.set_num_threads(_THREADS)
    torch.manual_seed(seed)
    network = train(pixels, labels(images))
    torch.save(network.state_dict(), output)
    Console().print(f"Saved {output}, {output.stat().st_size / 1e6:.1f} MB.")


def train(pixels: torch.Tensor, classes: torch.Tensor) -> nn.Module:
    """A network trained from random weights on images, uint8 [n, 3, 128, 128], and their classes [n]."""
    network = build_network().train()
    batches = len(pixels) // _BATCH
    total = batches * _EPOCHS
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _PEAK_LEARNING_RATE, total_steps=total, pct_start=0.15)
    with _progress() as progress:
        bar = progress.add_task("Training", total=total, epoch=0, right=0.0)
        for epoch in range(1, _EPOCHS + 1):
            right = 0
            order = torch.randperm(len(pixels))[: batches * _BATCH].view(batches, _BATCH)
            for done, batch in enumerate(order, start=1):
                logits = network(augmented(pixels[batch]))
                loss = functional.cross_entropy(logits, classes[batch], label_smoothing=_LABEL_SMOOTHING)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
                right += int((logits.argmax(dim=1) == classes[batch]).sum())
                progress.update(bar, advance=1, epoch=epoch, right=right / (done * _BATCH))
            progress.console.print(f"epoch {epoch:2} of {_EPOCHS}: {right / order.numel():.1%} of training right")
    return network.eval()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}, epoch {task.fields[epoch]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[right]:.1%} right"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


if __name__ == "__main__":
    main()
