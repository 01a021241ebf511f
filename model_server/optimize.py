"""`python -m model_server.optimize`: makes a model.tar.gz that computes in 8-bit integers, and answers as before.

That it does is shown, not assumed: on 1,000 images or more that the model was not trained on. It runs wherever the
float artifact does: in AWS's PyTorch containers and in this project's.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from model_server.package import MODEL_CODE, package
from model_server.quantization import BATCH, quantize
from model_server.quantized_engine import fastest_engine, seconds_for
from model_server.sagemaker.archive import ArchiveRefused, unpack

sys.path.insert(0, str(MODEL_CODE))
import graph
from checkpoint import read_state_dict
from classifier import load_classifier
from errors import RequestError
from image import to_tensor
from manifest import Manifest

# Faithful is who answers like the float model in so many of so many images, and is right as often.
LEAST_HELD_OUT = 1000
LEAST_AGREEMENT = 0.99
MOST_ACCURACY_LOST = 0.005


@dataclass(frozen=True)
class Comparison:
    """How the int8 model answers, beside the float model. All are shares of the held-out images, but the number."""

    images: int
    agreement: float
    float32_accuracy: float
    int8_accuracy: float

    def faults(self) -> list[str]:
        """Why it is not faithful; empty if it is."""
        faults = []
        if self.agreement < LEAST_AGREEMENT:
            faults.append(f"the answers agree in {self.agreement:.1%}; {LEAST_AGREEMENT:.0%} are needed")
        if self.float32_accuracy - self.int8_accuracy > MOST_ACCURACY_LOST:
            faults.append(
                f"accuracy drops from {self.float32_accuracy:.1%} to {self.int8_accuracy:.1%}, which is more than "
                f"{MOST_ACCURACY_LOST * 100:g} points"
            )
        return faults


@click.command()
@click.option("--artifact", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--calibration",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of some hundred images as the model will see them, in sub-folders named as the labels.",
)
@click.option(
    "--held-out",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"Likewise, {LEAST_HELD_OUT} or more that neither training nor calibration has seen.",
)
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The artifact to write.")
def main(artifact: Path, calibration: Path, held_out: Path, output: Path) -> None:
    """Quantise the model of an artifact, if it stays faithful."""
    # As in production. Besides, the operations are so small that a second thread would mostly wait for the first.
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
        try:
            optimize(artifact, calibration, held_out, output, Path(folder))
        except (ValueError, OSError, ArchiveRefused) as error:
            raise click.ClickException(str(error)) from error


def optimize(artifact: Path, calibration: Path, held_out: Path, output: Path, folder: Path) -> None:
    """Write the int8 artifact.

    Raises:
        ValueError: it would not be faithful, or a part of what is given does not fit the others.
        OSError: a file cannot be read or written.
        ArchiveRefused: `artifact` is no archive that can be unpacked.
    """
    given = folder / "float32"
    unpack(artifact, given)
    manifest = Manifest.read(given / "manifest.json")
    if manifest.precision != "float32":
        raise ValueError(f"{artifact} is {manifest.precision} already. Optimise the artifact with the float weights.")
    unseen, labels = read_images(held_out, manifest)
    if len(labels) < LEAST_HELD_OUT:
        raise ValueError(f"{len(labels)} held-out images show too little; {LEAST_HELD_OUT} are needed.")
    known, _ = read_images(calibration, manifest)

    weights = read_state_dict(given / "model.pth")
    network = load_classifier(manifest.architecture, weights, len(manifest.labels), manifest.image_size)
    expected = answers(network, unseen)
    made = folder / "int8"
    made.mkdir()
    for float_layers in dict.fromkeys(((), first_layer(network))):
        torch.jit.save(quantize(network, known, float_layers), made / "model.pt")
        engine = fastest_engine(made / "model.pt", manifest.image_size)
        quantized = graph.load(made / "model.pt", manifest.image_size, engine)
        comparison = compare(expected, answers(quantized, unseen), labels)
        show(comparison, float_layers)
        if not comparison.faults():
            break
    else:
        raise ValueError(f"Nothing is written, because {'; '.join(comparison.faults())}.")

    float32, int8 = seconds_for([graph.trace(network, manifest.image_size), quantized], manifest.image_size)
    click.echo(
        f"A forward pass is {float32 / int8:.1f} times as fast as in float32, on one core of this machine"
        f"{f', with the quantized engine {engine}' if engine else ''}."
    )
    description = {
        **vars(manifest),
        "precision": "int8",
        "quantized_engine": engine,
        "float_layers": float_layers,
        "torch": torch.__version__,
        "faithfulness": vars(comparison),
    }
    package(made, description, output)


def first_layer(network: nn.Module) -> tuple[str, ...]:
    """The name of the first convolution, if any: what is rounded there, all that follows gets to feel."""
    return tuple(name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d))[:1]


def read_images(folder: Path, manifest: Manifest) -> tuple[Tensor, Tensor]:
    """The images in a folder's sub-folders, as the model takes them, `[n, 3, H, W]`; and the class of each, `[n]`."""
    unknown = {path.name for path in folder.iterdir() if path.is_dir()} - set(manifest.labels)
    if unknown:
        raise ValueError(f"{folder} has folders that are no labels of the model: {', '.join(sorted(unknown))}")
    files = [(path, label) for label in manifest.labels for path in sorted((folder / label).glob("*"))]
    if not files:
        raise ValueError(f"{folder} has no images; they belong into folders named {', '.join(manifest.labels)}")
    images = []
    for path, _ in track(files, f"reading {folder.name} images", transient=True):
        try:
            images.append(to_tensor(path.read_bytes(), manifest))
        except RequestError as error:
            raise ValueError(f"{path}: {error}") from error
    return torch.cat(images), torch.tensor([manifest.labels.index(label) for _, label in files])


@torch.inference_mode()
def answers(network: nn.Module, images: Tensor) -> Tensor:
    """The most likely class of each image."""
    batches = track(torch.split(images, BATCH), f"asking {type(network).__name__}", transient=True)
    return torch.cat([network(batch).argmax(dim=1) for batch in batches])


def compare(before: Tensor, after: Tensor, labels: Tensor) -> Comparison:
    """What the classes say that both models answered."""

    def share(of: Tensor) -> float:
        return int(of.sum()) / len(labels)

    return Comparison(len(labels), share(before == after), share(before == labels), share(after == labels))


def show(comparison: Comparison, float_layers: tuple[str, ...]) -> None:
    """Print how the models answered."""
    int8 = f"int8 without {', '.join(float_layers)}" if float_layers else "int8"
    table = Table("", "float32", int8, title=f"{comparison.images} held-out images", title_justify="left")
    table.add_row("right", f"{comparison.float32_accuracy:.1%}", f"{comparison.int8_accuracy:.1%}")
    table.add_row("same answer as float32", "", f"{comparison.agreement:.1%}")
    Console().print(table)


if __name__ == "__main__":
    main()
