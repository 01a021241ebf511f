"""The things that lie in a bin: cartons, retail boxes, books, cans, bottles, tubes, bags and balls."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from model_server.sample_model import prints
from model_server.sample_model.solids import Array, Box, Cushion, Cylinder, Ellipsoid, Solid


@dataclass(frozen=True)
class Finish:
    """How a surface answers light: strength and sharpness of its highlight, and how crumpled it is."""

    gloss: float
    sharpness: float
    crumple: float = 0.0


@dataclass(frozen=True, eq=False)
class Part:
    """One solid of a product with its texture, see `prints`."""

    solid: Solid
    texture: Array
    finish: Finish


@dataclass(frozen=True, eq=False)
class Product:
    """One countable object, standing on its own at the origin: its parts, and the box that holds all of them.

    `poses` are the rotations in which it may rest on the floor; `flat_top` says in which of them something
    may lie on it.
    """

    name: str
    parts: list[Part]
    half: Array
    poses: list[Array]
    flat_top: list[bool]


def rotation(axis: int, angle: float) -> Array:
    """Rotation matrix by `angle` (radians) around axis 0, 1 or 2."""
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3, dtype=np.float32)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix


UPRIGHT = np.eye(3, dtype=np.float32)
ON_SIDE = rotation(0, np.pi / 2)
ON_END = rotation(1, np.pi / 2)


def _half(*extents: float) -> Array:
    return np.array(extents, np.float32)


def _at(solid: type[Solid], half: Array, z: float = 0.0) -> Solid:
    return solid(center=np.array([0, 0, z], np.float32), rotation=UPRIGHT, half=half)


def _box_faces(half: Array, tops: prints.Print, sides: prints.Print) -> list[tuple[prints.Print, float, float]]:
    x, y, z = (float(extent) for extent in half)
    return [(sides, y, z), (tops if z > y else sides, x, z), (tops, x, y)]


def scaled(product: Product, factor: float) -> Product:
    """The same product, larger or smaller."""
    parts = [
        replace(part, solid=replace(part.solid, center=part.solid.center * factor, half=part.solid.half * factor))
        for part in product.parts
    ]
    return replace(product, parts=parts, half=product.half * factor)


def carton(rng: np.random.Generator, palette: prints.Palette) -> Product:
    half = _half(rng.uniform(0.24, 0.38), rng.uniform(0.2, 0.32), rng.uniform(0.17, 0.28))
    texture = prints.texture(rng, palette, _box_faces(half, prints.cardboard, prints.cardboard))
    part = Part(_at(Box, half), texture, Finish(0.03, 8))
    return Product("carton", [part], half, [UPRIGHT, ON_SIDE, ON_END], [True, True, True])


def retail_box(rng: np.random.Generator, palette: prints.Palette) -> Product:
    half = _half(rng.uniform(0.18, 0.32), rng.uniform(0.12, 0.24), rng.uniform(0.2, 0.36))
    texture = prints.texture(rng, palette, _box_faces(half, prints.package, prints.panel))
    part = Part(_at(Box, half), texture, Finish(rng.uniform(0.1, 0.35), 30))
    return Product("retail box", [part], half, [UPRIGHT, ON_SIDE, ON_END], [True, True, True])


def book(rng: np.random.Generator, palette: prints.Palette) -> Product:
    half = _half(rng.uniform(0.23, 0.34), rng.uniform(0.3, 0.42), rng.uniform(0.04, 0.085))
    faces = [
        (prints.paper_edges, float(half[1]), float(half[2])),
        (prints.paper_edges, float(half[0]), float(half[2])),
    ]
    texture = prints.texture(rng, palette, [*faces, (prints.package, float(half[0]), float(half[1]))])
    part = Part(_at(Box, half), texture, Finish(rng.uniform(0.05, 0.3), 25))
    return Product("book", [part], half, [UPRIGHT, UPRIGHT, ON_SIDE], [True, True, False])


def can(rng: np.random.Generator, palette: prints.Palette) -> Product:
    radius, height = rng.uniform(0.16, 0.23), rng.uniform(0.16, 0.28)
    half = _half(radius, radius, height)
    faces = [(prints.wraparound, 3 * radius, height), (prints.lid, radius, radius)]
    part = Part(_at(Cylinder, half), prints.texture(rng, palette, faces), Finish(0.4, 40))
    return Product("can", [part], half, [UPRIGHT, UPRIGHT, ON_SIDE], [True, True, False])


def tube(rng: np.random.Generator, palette: prints.Palette) -> Product:
    radius, height = rng.uniform(0.1, 0.14), rng.uniform(0.28, 0.46)
    half = _half(radius, radius, height)
    faces = [(prints.wraparound, 3 * radius, height), (prints.lid, radius, radius)]
    part = Part(_at(Cylinder, half), prints.texture(rng, palette, faces), Finish(0.15, 20))
    return Product("tube", [part], half, [UPRIGHT, ON_SIDE, ON_SIDE], [False, False, False])


def bottle(rng: np.random.Generator, palette: prints.Palette) -> Product:
    """A body with a label, a rounded shoulder and a cap."""
    radius, body = rng.uniform(0.12, 0.18), rng.uniform(0.2, 0.3)
    cap_radius, cap_height = radius * rng.uniform(0.35, 0.6), rng.uniform(0.05, 0.09)
    shoulder = radius * rng.uniform(0.5, 0.9)
    height = (2 * body + shoulder + 2 * cap_height) / 2
    finish = Finish(0.6, 60)
    label = prints.texture(rng, palette, [(prints.wraparound, 3 * radius, body), (prints.plain, radius, radius)])
    top = prints.texture(rng, palette, [(prints.cap, 3 * cap_radius, cap_height), (prints.cap, cap_radius, cap_radius)])
    parts = [
        Part(_at(Cylinder, _half(radius, radius, body), body - height), label, finish),
        Part(_at(Ellipsoid, _half(radius, radius, shoulder), 2 * body - height), label[1:], finish),
        Part(
            _at(Cylinder, _half(cap_radius, cap_radius, cap_height), height - cap_height),
            top,
            Finish(0.3, 30),
        ),
    ]
    return Product("bottle", parts, _half(radius, radius, height), [UPRIGHT, UPRIGHT, ON_SIDE], [False] * 3)


def bag(rng: np.random.Generator, palette: prints.Palette) -> Product:
    half = _half(rng.uniform(0.28, 0.4), rng.uniform(0.22, 0.32), rng.uniform(0.12, 0.18))
    texture = prints.texture(rng, palette, [(prints.polybag, float(half[0]), float(half[1]))])
    part = Part(_at(Cushion, half), texture, Finish(rng.uniform(0.25, 0.7), 35, crumple=rng.uniform(0.5, 1.0)))
    return Product("bag", [part], half, [UPRIGHT, UPRIGHT, ON_SIDE], [False] * 3)


def ball(rng: np.random.Generator, palette: prints.Palette) -> Product:
    radius = rng.uniform(0.18, 0.26)
    half = _half(radius, radius, radius)
    texture = prints.texture(rng, palette, [(prints.gores, 3 * radius, 2 * radius)])
    part = Part(_at(Ellipsoid, half), texture, Finish(rng.uniform(0.1, 0.6), 40))
    return Product("ball", [part], half, [rotation(0, rng.uniform(0, 3)), rotation(1, rng.uniform(0, 3))], [False] * 2)


KINDS: list[Callable[[np.random.Generator, prints.Palette], Product]] = [
    carton, retail_box, retail_box, book, can, tube, bottle, bag, ball,
]  # fmt: skip
