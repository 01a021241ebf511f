"""`python -m model_server.package`: makes model.tar.gz, the artifact that SageMaker and the container load.

The artifact holds the weights (`model.pth`), `manifest.json` and the model code (`code/`). Before it is written, the
very code that will serve it loads it and classifies a blank image. The same inputs give the same bytes, so the
content's hash can name a version of the model.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import click
from PIL import Image

from model_server.container.hooks import load_hooks

_PROJECT = Path(__file__).resolve().parent.parent
_GUARDED_FETCH = _PROJECT / "handlers" / "predict" / "guarded_fetch.py"
MODEL_CODE = _PROJECT / "model_server" / "artifact"

# Weights hardly compress; a higher level costs seconds and saves next to nothing.
_GZIP_LEVEL = 1


def _split_labels(_: click.Context, __: click.Parameter, text: str) -> list[str]:
    labels = [label.strip() for label in text.split(",")]
    if not all(labels) or len(set(labels)) != len(labels):
        raise click.BadParameter("must be different names, separated by commas, such as 'cat,dog'")
    return labels


@click.command()
@click.option(
    "--checkpoint",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the weights: torch.save(model.state_dict(), FILE).",
)
@click.option("--architecture", required=True, help="A torchvision classifier, such as mobilenet_v3_small.")
@click.option(
    "--labels",
    required=True,
    callback=_split_labels,
    help="Class names in the order of the logits, separated by commas.",
)
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The artifact to write.")
@click.option(
    "--image-size",
    nargs=2,
    type=click.IntRange(min=1),
    default=(224, 224),
    show_default=True,
    metavar="HEIGHT WIDTH",
    help="Pixels to which every image is resized.",
)
@click.option(
    "--mean", nargs=3, type=float, default=(0, 0, 0), show_default=True, help="Of red, green, blue in [0, 1]."
)
@click.option(
    "--std",
    nargs=3,
    type=click.FloatRange(min=0, min_open=True),
    default=(1, 1, 1),
    show_default=True,
    help="Likewise; a value x becomes (x - mean) / std.",
)
def main(
    checkpoint: Path,
    architecture: str,
    labels: list[str],
    output: Path,
    image_size: tuple[int, int],
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
) -> None:
    """Package a trained torchvision classifier as model.tar.gz."""
    manifest = {
        "architecture": architecture,
        "labels": labels,
        "image_size": image_size,
        "mean": mean,
        "std": std,
    }
    with tempfile.TemporaryDirectory(prefix="artifact-") as staged:
        artifact = Path(staged)
        try:
            shutil.copyfile(checkpoint, artifact / "model.pth")
            package(artifact, manifest, output)
        except (ValueError, OSError) as error:
            raise click.ClickException(str(error)) from error


def package(artifact: Path, manifest: dict[str, Any], output: Path) -> None:
    """Make the archive from a folder with the weights, to which the rest is added, and say what is in it.

    Raises:
        ValueError: the weights and the manifest do not fit each other.
        OSError: a file cannot be read or written.
    """
    (artifact / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (artifact / "code").mkdir()
    for source in (*MODEL_CODE.glob("*.py"), _GUARDED_FETCH):
        shutil.copyfile(source, artifact / "code" / source.name)
    prove(artifact, num_classes=len(manifest["labels"]))
    write_archive(artifact, output)
    click.echo(f"{output}: {output.stat().st_size} bytes, sha256 {_sha256(output)}")
    for name in _files(artifact):
        click.echo(f"  {name}")


def prove(artifact: Path, num_classes: int) -> None:
    """Load the artifact with its own code and classify a blank image.

    Raises:
        ValueError: the parts do not fit each other, or the answer is not one list of `num_classes` logits.
    """
    # Else the import would leave compiled files in the artifact.
    sys.dont_write_bytecode = True
    blank = BytesIO()
    Image.new("RGB", (64, 64), "white").save(blank, "PNG")
    hooks = load_hooks(artifact)
    model = hooks.model_fn(str(artifact))
    image = hooks.input_fn(blank.getvalue(), "image/png")
    document, _ = hooks.answer(hooks.predict_fn(image, model), "application/json")
    answer = json.loads(document)
    if [len(row) for row in answer] != [num_classes]:
        raise ValueError(f"the model answers {answer} to one image; there are {num_classes} labels")


def write_archive(artifact: Path, output: Path) -> None:
    """Write the files as a gzipped tar that depends on nothing but their names and content.

    `output` is replaced at the end, in one step: there is never half an archive under this name.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0) as compressed,
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in _files(artifact):
                entry = tarfile.TarInfo(name)
                entry.size = (artifact / name).stat().st_size
                entry.mode = 0o644
                with (artifact / name).open("rb") as content:
                    archive.addfile(entry, content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(output)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _files(artifact: Path) -> Iterator[str]:
    """The names of the artifact's files, sorted. TarInfo's defaults for owner and time are 0."""
    return iter(sorted(path.relative_to(artifact).as_posix() for path in artifact.rglob("*") if path.is_file()))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
