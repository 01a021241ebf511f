"""From an image file to the network's input: the artifact's code, and Pillow with torchvision's transforms.

Both in turn, in one thread, on a photograph as the sample model gets it and on one as cameras take it.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import matplotlib
import numpy as np
import torch
from PIL import Image
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/preprocessing.py` works, too

from bench.report import exit_unless, report
from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision

sys.path.insert(0, str(PROJECT / "model_server/artifact"))
from image import to_tensor
from manifest import Manifest

PHOTOGRAPHS = {"500x500": (500, 500), "4000x3000": (4000, 3000)}
SIZES = {"128": (128, 128), "224": (224, 224)}
KINDS = [f"{photo}_to_{side}" for photo in PHOTOGRAPHS for side in SIZES]
PROMISED = {"mean_difference": 0.01, "difference": 0.1}  # by to_tensor
LIMITS = {f"500x500_to_{side}_ratio": 0.65 for side in SIZES}
LIMITS |= {f"{kind}_{what}": most for kind in KINDS for what, most in PROMISED.items()}


def photograph(size: tuple[int, int]) -> bytes:
    """A sample as a JPEG of this size.

    What is enlarged has no fine detail, and without that a decoder has hardly anything to do. So light falls on it as
    on a sensor, in photons, by chance, one for each of the 255 levels: 3.5 MB, which is what a camera's photograph has.
    """
    sample = Image.open(PROJECT / "site/samples/3.jpg").convert("RGB")
    if size != sample.size:
        light = np.asarray(sample.resize(size, Image.Resampling.BICUBIC))
        sample = Image.fromarray(np.random.default_rng(1).poisson(light).clip(max=255).astype(np.uint8))
    file = io.BytesIO()
    sample.save(file, "JPEG", quality=88)
    return file.getvalue()


def reference(size: tuple[int, int]) -> Callable[[bytes], torch.Tensor]:
    """What the tutorials do."""
    transforms = import_torchvision().transforms
    prepare = transforms.Compose([transforms.Resize(size), transforms.ToTensor()])
    return lambda image_file: prepare(Image.open(io.BytesIO(image_file)).convert("RGB")).unsqueeze(0)


def milliseconds(call: Callable[[bytes], torch.Tensor], image_file: bytes) -> float:
    """How long one call takes."""
    started_at = time.perf_counter()
    call(image_file)
    return (time.perf_counter() - started_at) * 1000


@click.command()
@click.option("--calls", type=click.IntRange(min=3), default=50, show_default=True, help="How often each is called.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/preprocessing.json"
)
def main(calls: int, json_file: Path) -> None:
    """Time of preprocessing, as a share of Pillow's and torchvision's."""
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    for photo, dimensions in PHOTOGRAPHS.items():
        image_file = photograph(dimensions)
        figures[f"{photo}_kilobytes"] = len(image_file) / 1000
        for side, size in SIZES.items():
            manifest, tutorial = Manifest("resnet18", ("a",), size), reference(size)
            times: dict[str, list[float]] = {"ms": [], "reference_ms": []}
            for _ in track(range(calls), f"{photo} to {side}", transient=True):
                times["ms"].append(milliseconds(partial(to_tensor, manifest=manifest), image_file))
                times["reference_ms"].append(milliseconds(tutorial, image_file))
            name = f"{photo}_to_{side}"
            figures |= {f"{name}_{what}": statistics.median(values) for what, values in times.items()}
            figures[f"{name}_ratio"] = figures[f"{name}_ms"] / figures[f"{name}_reference_ms"]
            difference = (to_tensor(image_file, manifest) - tutorial(image_file)).abs()
            figures |= {
                f"{name}_mean_difference": float(difference.mean()),
                f"{name}_difference": float(difference.max()),
            }
    rows = {}
    for name in KINDS:
        mean, most = figures[f"{name}_mean_difference"], figures[f"{name}_difference"]
        values = f"{figures[f'{name}_ratio']:.2f} (values differ by {mean:.4f}, at most {most:.3f})"
        rows[f"{name.replace('_', ' ')}, ratio"] = values
    report("JPEG to input, to Pillow and torchvision's transforms", rows, figures, json_file)
    draw({name.replace("_", " "): figures[f"{name}_ratio"] for name in KINDS}, json_file.with_suffix(".png"))
    exit_unless(figures, at_most=LIMITS)


def draw(ratios: dict[str, float], picture: Path) -> None:
    """One bar for each kind of image; 1 is what Pillow with torchvision's transforms takes."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 2.2), layout="constrained")
    axes.bar_label(axes.barh(list(ratios), list(ratios.values())), fmt=" %.2f")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("time, Pillow with torchvision's transforms = 1")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main()
