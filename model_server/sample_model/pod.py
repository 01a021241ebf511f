"""The fabric bin: its inside, its front frame with the label, and the elastic straps across the opening.

The bin spans x in [-1, 1], y in [0, DEPTH] and z in [0, HEIGHT]; one unit is about 22 cm. The opening is
the plane y = 0; the camera stands before it, at negative y.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model_server.sample_model import prints
from model_server.sample_model.solids import Array, Surface, slab_span

WIDTH, DEPTH, HEIGHT = 2.0, 1.25, 1.45
LIP = 0.07
_CENTER = np.array([[0], [DEPTH / 2], [HEIGHT / 2]], np.float32)
_HALF = np.array([WIDTH / 2, DEPTH / 2, HEIGHT / 2], np.float32)
_FABRICS = [
    (0.55, 0.53, 0.49),
    (0.46, 0.45, 0.43),
    (0.42, 0.45, 0.48),
    (0.36, 0.37, 0.38),
    (0.50, 0.47, 0.42),
]
_THREAD = 0.024

OPEN, STRAP, FRAME, LABEL = range(4)


@dataclass(frozen=True)
class Strap:
    """An elastic band across the opening: its height in the middle, slope, sag and width."""

    z: float
    slope: float
    sag: float
    width: float

    def offset(self, x: Array, z: Array) -> Array:
        """Distance above the band's middle line, in half widths: the band is where it is between -1 and 1."""
        return (z - self.z - self.slope * x + self.sag * (1 - x * x)) / (self.width / 2)


@dataclass(frozen=True, eq=False)
class Pod:
    """One bin: its fabric's color, its wrinkles (heights, TILE-like square), its straps and its label."""

    fabric: Array
    frame: Array
    elastic: Array
    wrinkles: Array
    straps: list[Strap]
    label: Array
    label_left: float

    def inside_distance(self, origin: Array, direction: Array) -> Array:
        """Distance to the wall or floor that each ray ends on."""
        return slab_span(origin - _CENTER, direction, _HALF)[1]

    def cover(self, x: Array, z: Array) -> NDArray[np.intp]:
        """What covers the opening at (x, 0, z): OPEN, STRAP, FRAME or LABEL."""
        cover = np.full(x.shape, OPEN, np.intp)
        for strap in self.straps:
            cover[np.abs(strap.offset(x, z)) < 1] = STRAP
        wave = 0.008 * np.sin(7 * x + self.label_left * 9) + 0.006 * np.sin(17 * z)
        cover[(np.abs(x) > 0.975 + wave) | (z < LIP + wave) | (z > HEIGHT - 0.04 + wave)] = FRAME
        u, v = self._label_position(x, z)
        cover[(u > 0) & (u < 1) & (v > 0) & (v < 1)] = LABEL
        return cover

    def inside_surface(self, points: Array, footprint: Array) -> tuple[Surface, Array]:
        """Normals and colors (3, n) of the walls and the floor; `footprint` is the size of a pixel there."""
        local = (points - _CENTER) / _HALF[:, None]
        axis = np.abs(local).argmax(axis=0)
        columns = np.arange(points.shape[1])
        normal = np.zeros_like(points)
        normal[axis, columns] = -np.sign(local[axis, columns])
        u = np.where(axis == 0, points[1], points[0])
        v = np.where(axis == 2, points[1], points[2])
        height, slope_u, slope_v = self._wrinkles_at(u / 2.2 + 0.13 * axis, v / 2.2 + 0.29 * axis)
        normal[np.where(axis == 0, 1, 0), columns] += 0.7 * slope_u
        normal[np.where(axis == 2, 1, 2), columns] += 0.7 * slope_v
        color = self.fabric[:, None] * (1 + 0.07 * height + _weave(u, v, footprint))
        return Surface(_unit(normal), u, v, axis), color

    def cover_surface(self, cover: NDArray[np.intp], x: Array, z: Array, footprint: Array) -> tuple[Array, Array]:
        """Normals and colors (3, n) of what lies in the plane of the opening."""
        height, slope_u, slope_v = self._wrinkles_at(x / 2.5, z / 2.5)
        normal = _unit(np.stack([0.25 * slope_u, np.full_like(x, -1), 0.25 * slope_v]))
        hem = (np.abs(x) < 1.05) & (z > LIP - 0.055) & (z < HEIGHT + 0.03)
        color = self.frame[:, None] * (1 + 0.06 * height + _weave(x, z, footprint)) * np.where(hem, 0.55, 1)
        for strap in self.straps:
            offset = strap.offset(x, z)
            on = (cover == STRAP) & (np.abs(offset) < 1)
            ribs = (
                0.10 * np.cos(offset[on] * 9) - 0.25 * offset[on] ** 4 + 0.08 * _weave(x[on] * 2, z[on], footprint[on])
            )
            color[:, on] = self.elastic[:, None] * (1 + ribs)
            normal[2, on] += 0.5 * offset[on]
        on = cover == LABEL
        u, v = self._label_position(x[on], z[on])
        rows, columns = self.label.shape[:2]
        color[:, on] = self.label[((1 - v) * (rows - 1)).astype(int), (u * (columns - 1)).astype(int)].T
        return _unit(normal), color

    def _label_position(self, x: Array, z: Array) -> tuple[Array, Array]:
        return (x - self.label_left) / 0.5, (z + 0.17) / 0.13

    def _wrinkles_at(self, u: Array, v: Array) -> tuple[Array, Array, Array]:
        size = self.wrinkles.shape[-1]
        rows, columns = (v * size).astype(int) % size, (u * size).astype(int) % size
        height, slope_u, slope_v = self.wrinkles[:, rows, columns]
        return height, slope_u, slope_v


def make_pod(rng: np.random.Generator) -> Pod:
    """A bin that no other seed has."""
    fabric = np.clip(
        np.array(_FABRICS[rng.integers(len(_FABRICS))]) * rng.uniform(0.85, 1.1) * rng.uniform(0.95, 1.05, 3),
        0,
        1,
    )
    strap_count = int(rng.choice([1, 2, 2]))
    heights = (np.arange(strap_count) + rng.uniform(0.35, 0.65)) / strap_count * 1.05 + 0.1
    dark = rng.random() < 0.6
    return Pod(
        fabric=fabric.astype(np.float32),
        frame=(fabric * rng.uniform(0.55, 0.8)).astype(np.float32),
        elastic=np.array([0.13, 0.13, 0.14] if dark else [0.72, 0.68, 0.6], np.float32),
        wrinkles=relief(rng, 320, 5),
        straps=[
            Strap(float(z), rng.uniform(-0.04, 0.04), rng.uniform(-0.01, 0.05), rng.uniform(0.045, 0.07))
            for z in heights
        ],
        label=prints.bin_label(rng),
        label_left=rng.uniform(-0.8, 0.3),
    )


def relief(rng: np.random.Generator, size: int, cells: int) -> Array:
    """Smooth noise and its two slopes: array (3, size, size) of height, slope along u, slope along v."""
    height = prints.smooth_noise(rng, size, cells)
    slope_v, slope_u = np.gradient(height, 2.0 / (size / cells))
    return np.stack([height, slope_u, slope_v]).astype(np.float32) * np.array([1, 0.5, 0.5], np.float32)[:, None, None]


def _weave(u: Array, v: Array, footprint: Array) -> Array:
    """Threads over and under each other; they fade out where a pixel is larger than a thread."""
    visible = np.clip(1.5 - 3 * footprint / _THREAD, 0, 1)
    turn = np.float32(2 * np.pi / _THREAD)
    weave: Array = 0.16 * visible * np.sin(turn * u) * np.sin(turn * v)
    return weave


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.linalg.norm(vectors, axis=0)
    return unit
