"""The camera before the bin: the rays that it sees along, and what lens, sensor and JPEG encoder add."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from model_server.sample_model.solids import Array

REFERENCE_SIZE = 500


@dataclass(frozen=True, eq=False)
class Camera:
    """Position, axes (columns: right, down, forward) and half the field of view's width at distance 1."""

    position: Array
    axes: Array
    spread: float

    def rays(self, size: int) -> Array:
        """Unit directions (3, size * size) through the centers of the pixels, row by row."""
        offsets = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) * self.spread
        right, down = np.meshgrid(offsets, offsets)
        local = np.stack([right.ravel(), down.ravel(), np.ones(size * size, np.float32)])
        rays: Array = self.axes @ (local / np.linalg.norm(local, axis=0))
        return rays

    def pixel(self, size: int) -> float:
        """Width of a pixel at distance 1."""
        return 2 * self.spread / size


def make_camera(rng: np.random.Generator) -> Camera:
    """A camera on the picking station's mast, never mounted twice in quite the same way."""
    position = np.array([rng.normal(0, 0.12), rng.uniform(-2.6, -2.3), rng.uniform(1.45, 1.9)])
    target = np.array([rng.normal(0, 0.03), 0.3, rng.uniform(0.53, 0.6)])
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    roll = rng.normal(0, 0.02)
    axes = [right * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - right * np.sin(roll), forward]
    return Camera(position.astype(np.float32), np.stack(axes, axis=1).astype(np.float32), rng.uniform(0.315, 0.335))


def develop(light: Array, rng: np.random.Generator) -> Image.Image:
    """Turn linear light (size, size, 3) into the photograph that the station stores.

    Exposure, tone curve, vignette, lens blur, sensor noise and JPEG artefacts. Strengths are those of a
    picture REFERENCE_SIZE pixels wide; a smaller one gets about what scaling that one down would leave.
    """
    size = light.shape[0]
    scale = size / REFERENCE_SIZE
    blur, noise, quality = rng.uniform(0.8, 1.3), rng.uniform(0.01, 0.028), rng.integers(60, 88)
    exposure, falloff = rng.uniform(0.95, 1.5), rng.uniform(0.1, 0.35)
    across = np.linspace(-1, 1, size, dtype=np.float32)
    vignette = 1 - falloff * (across[:, None] ** 2 + across[None, :] ** 2) / 2
    exposed = 1 - np.exp(-np.float32(exposure) * light * vignette[..., None])
    picture = Image.fromarray((255 * exposed ** np.float32(1 / 2.2)).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(blur * scale))
    pixels = np.asarray(picture, np.float32)
    grain = rng.standard_normal((size, size, 1), np.float32) + 0.5 * rng.standard_normal((size, size, 3), np.float32)
    noisy = pixels + 255 * np.float32(noise * min(scale, 1)) * grain
    stored = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(
        stored, "JPEG", quality=round(100 - (100 - int(quality)) * min(scale, 1))
    )
    return Image.open(stored).convert("RGB")
