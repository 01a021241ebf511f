"""Rendered images for training and for testing, on two sides of a line of seeds that neither crosses."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from model_server.sample_model.render import render_bin

CLASSES = 5
IMAGE_SIZE = 128
PHOTO_SIZE = 500
FIRST_TRAINING_SEED = 1_000_000
"""Seeds below this one are held out: no training image has one of them."""

_WORKERS = 2
_JPEG_QUALITY = 88
_RENDERER = ("camera", "light", "pod", "prints", "products", "render", "scene", "solids")


def count_and_seed(index: int, first_seed: int = 0) -> tuple[int, int]:
    """Image number `index` of a set: counts take turns, so that any five in a row have one of each."""
    return index % CLASSES + 1, first_seed + index // CLASSES


def labels(images: int) -> torch.Tensor:
    """Class of each image of a set: class i means i + 1 objects."""
    return torch.arange(images) % CLASSES


def photograph(index: int, first_seed: int = 0) -> bytes:
    """Image number `index` of a set as the JPEG file that a user would send: full size, compressed again."""
    file = io.BytesIO()
    render_bin(*count_and_seed(index, first_seed), PHOTO_SIZE).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def held_out_pixels(images: int) -> torch.Tensor:
    """The first held-out photographs as pixels, uint8 [images, 3, 128, 128], resized as Pillow does."""
    return _stack(_in_parallel(_held_out_image, range(images), "Rendering test images"), images)


def training_pixels(images: int, directory: Path) -> torch.Tensor:
    """Training images as pixels, uint8 [images, 3, 128, 128].

    They are kept in the directory, and rendered again only when the renderer's code or their number changed.
    """
    file = directory / f"{images}-images-{_fingerprint()}.npy"
    if not file.exists():
        pixels = _stack(_in_parallel(_training_image, range(images), "Rendering training images"), images)
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part.npy")
        np.save(unfinished, pixels.numpy())
        unfinished.rename(file)
    return torch.from_numpy(np.load(file))


def to_input(pixels: torch.Tensor) -> torch.Tensor:
    """The model's input, float [n, 3, 128, 128]: RGB scaled to [0, 1], not normalized."""
    return pixels.float() / 255


def _held_out_image(index: int) -> NDArray[np.uint8]:
    return model_pixels(Image.open(io.BytesIO(photograph(index))))


def _training_image(index: int) -> NDArray[np.uint8]:
    return model_pixels(render_bin(*count_and_seed(index, FIRST_TRAINING_SEED), IMAGE_SIZE))


def model_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Pixels [3, 128, 128] of an image, resized to exactly the model's size."""
    resized = image.convert("RGB").resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(resized).transpose(2, 0, 1)


def _in_parallel(
    make: Callable[[int], NDArray[np.uint8]], indices: Iterable[int], title: str
) -> Iterator[NDArray[np.uint8]]:
    tasks = list(indices)
    with ProcessPoolExecutor(_WORKERS) as workers:
        yield from track(workers.map(make, tasks, chunksize=10), title, total=len(tasks))


def _stack(images: Iterable[NDArray[np.uint8]], count: int) -> torch.Tensor:
    stack = torch.empty((count, 3, IMAGE_SIZE, IMAGE_SIZE), dtype=torch.uint8)
    for index, image in enumerate(images):
        stack[index] = torch.from_numpy(image.copy())
    return stack


def _fingerprint() -> str:
    """Changes whenever the code that renders changes."""
    digest = hashlib.sha256()
    for module in _RENDERER:
        digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    return digest.hexdigest()[:12]
