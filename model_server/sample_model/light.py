"""Light in the bin: what each visible point gets from two lamps and from all around, and sends on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from model_server.sample_model import pod
from model_server.sample_model.pod import relief
from model_server.sample_model.products import Finish, Part
from model_server.sample_model.scene import Scene, View
from model_server.sample_model.solids import MISS, Array

_PATTERN = 4
_AMBIENT_REACH = 0.7
_CRUMPLE = relief(np.random.default_rng(7), 256, 6)
_FABRIC = Finish(0.0, 1)


@dataclass(frozen=True, eq=False)
class Lamp:
    """A lamp: position, color (linear light at distance 1), and radius, which makes its shadows soft.

    A lamp without a radius is so broad that it casts no shadow; it only gets less far into corners.
    """

    position: Array
    color: Array
    radius: float | None


@dataclass(frozen=True, eq=False)
class _Visible:
    """The visible points: position, unit normal, linear color (3, n each); gloss, its sharpness (n each)."""

    point: Array
    normal: Array
    color: Array
    gloss: Array
    sharpness: Array


def make_lamps(rng: np.random.Generator) -> list[Lamp]:
    """A strong lamp on one side and a weak one on the other, both above the camera: the light is uneven."""
    side = rng.choice([-1, 1])
    warmth = rng.uniform(-0.08, 0.08)
    tint = np.array([1 + warmth, 1, 1 - warmth])
    key = np.array([side * rng.uniform(0.2, 1.3), rng.uniform(-2.4, -1.4), rng.uniform(1.5, 2.6)])
    fill = np.array([-side * rng.uniform(0.6, 1.5), rng.uniform(-2.4, -1.4), rng.uniform(1.0, 2.2)])
    lamps = [(key, rng.uniform(6.0, 10.0), 0.25), (fill, rng.uniform(1.5, 4.0), None)]
    return [
        Lamp(position.astype(np.float32), (power * tint).astype(np.float32), radius)
        for position, power, radius in lamps
    ]


def illuminate(scene: Scene, view: View, lamps: list[Lamp], rng: np.random.Generator, size: int) -> Array:
    """Linear light (3, n) that reaches the camera along the rays of the view."""
    seen = _gather(scene, view, rng, size)
    start = seen.point + 0.004 * seen.normal
    openness = _openness(scene, start, seen.normal, size)
    ambient = np.array([0.30, 0.31, 0.33], np.float32) * np.float32(rng.uniform(0.8, 1.3))
    light = seen.color * ambient[:, None] * openness
    for lamp in lamps:
        to_lamp = lamp.position[:, None] - seen.point
        distance = np.linalg.norm(to_lamp, axis=0)
        to_lamp /= distance
        facing = np.maximum((seen.normal * to_lamp).sum(axis=0), 0)
        middle = to_lamp - view.direction
        middle /= np.linalg.norm(middle, axis=0)
        highlight = seen.gloss * np.maximum((seen.normal * middle).sum(axis=0), 0) ** seen.sharpness
        share = openness if lamp.radius is None else _lit(scene, start, lamp.position, lamp.radius, size)
        arriving = share / distance**2
        light += lamp.color[:, None] * arriving * (seen.color * facing + highlight)
    return light


def _gather(scene: Scene, view: View, rng: np.random.Generator, size: int) -> _Visible:
    """Look up normal, color and finish of everything in view."""
    point = scene.camera.position[:, None] + view.distance * view.direction
    footprint = view.distance * np.float32(scene.camera.pixel(size))
    normal, color = np.zeros_like(point), np.zeros_like(point)
    gloss, sharpness = np.zeros_like(footprint), np.ones_like(footprint)
    wall = (view.cover == pod.OPEN) & (view.obj < 0)
    surface, color[:, wall] = scene.pod.inside_surface(point[:, wall], footprint[wall])
    normal[:, wall] = surface.normal
    front = view.cover != pod.OPEN
    normal[:, front], color[:, front] = scene.pod.cover_surface(
        view.cover[front], point[0, front], point[2, front], footprint[front]
    )
    for index, placed in enumerate(scene.objects):
        for number, part in enumerate(placed.parts):
            on = (view.obj == index) & (view.part == number)
            if on.any():
                normal[:, on], color[:, on] = _part_surface(part, point[:, on])
                gloss[on], sharpness[on] = part.finish.gloss, part.finish.sharpness
    return _Visible(point, normal, np.clip(color, 0, 1) ** np.float32(2.2), gloss, sharpness)


def _part_surface(part: Part, points: Array) -> tuple[Array, Array]:
    surface = part.solid.surface(points)
    rows, columns = part.texture.shape[1:3]
    row = np.clip((surface.v * rows).astype(int), 0, rows - 1)
    column = np.clip((surface.u * columns).astype(int), 0, columns - 1)
    normal = surface.normal
    if part.finish.crumple:
        size = _CRUMPLE.shape[-1]
        where = (surface.v * size).astype(int) % size, (surface.u * size).astype(int) % size
        bend = part.finish.crumple * np.stack([_CRUMPLE[1][where], _CRUMPLE[2][where], np.zeros_like(surface.u)])
        normal = normal + part.solid.rotation @ bend
        normal = normal / np.linalg.norm(normal, axis=0)
    return normal, part.texture[surface.tile, row, column].T


def _lit(scene: Scene, start: Array, lamp: Array, radius: float, size: int) -> Array:
    """Share of the lamp, 0 to 1, that each point sees: every pixel asks for one spot, neighbours average."""
    spots = _spots()[:, _pattern(size)] * np.float32(radius)
    to_lamp = lamp[:, None] + spots - start
    to_lamp /= np.linalg.norm(to_lamp, axis=0)
    free = ~_blocked(scene, start, to_lamp, MISS)
    reach = -start[1] / np.where(np.abs(to_lamp[1]) < 1e-6, -1e-6, to_lamp[1])
    inside = start[1] > 0.01
    crossing = start[:, inside] + reach[inside] * to_lamp[:, inside]
    free[inside] &= scene.pod.cover(crossing[0], crossing[2]) == pod.OPEN
    return _averaged(free, size)


def _openness(scene: Scene, start: Array, normal: Array, size: int) -> Array:
    """Share of the surroundings from which light comes in, 0 to 1; it makes corners and contacts dark."""
    toward = normal + 0.95 * _spots()[:, _pattern(size)]
    toward /= np.linalg.norm(toward, axis=0)
    objects = _averaged(~_blocked(scene, start, toward, np.float32(_AMBIENT_REACH)), size)
    depth = np.clip(start[1] / pod.DEPTH, 0, 1)
    side = 1 - 0.35 * np.exp(-(1 - np.abs(start[0])) / 0.15)
    floor = 1 - 0.35 * np.exp(-np.maximum(start[2], 0) / 0.15)
    back = 1 - 0.35 * np.exp(-np.maximum(pod.DEPTH - start[1], 0) / 0.15)
    result: Array = (0.15 + 0.85 * objects) * (1 - 0.45 * depth) * np.clip(side, 0, 1) * floor * back
    return result


def _blocked(scene: Scene, start: Array, direction: Array, reach: np.float32) -> NDArray[np.bool_]:
    blocked = np.zeros(start.shape[1], bool)
    for placed in scene.objects:
        for part in placed.parts:
            blocked |= part.solid.distance(start, direction) < reach
    return blocked


def _pattern(size: int) -> NDArray[np.intp]:
    """For each pixel one of _PATTERN squared numbers; every square of that many pixels has all of them."""
    rows, columns = np.divmod(np.arange(size * size), size)
    pattern: NDArray[np.intp] = (rows % _PATTERN) * _PATTERN + columns % _PATTERN
    return pattern


def _spots() -> Array:
    """_PATTERN squared points (3, n) spread evenly over the unit sphere (a Fibonacci lattice)."""
    count = _PATTERN**2
    index = np.arange(count) * 7 % count
    z = 1 - (2 * index + 1) / count
    angle = index * np.pi * (3 - 5**0.5)
    radius = np.sqrt(1 - z * z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z]).astype(np.float32)


def _averaged(free: NDArray[np.bool_], size: int) -> Array:
    """Mean over each pixel's neighbourhood of one pattern."""
    picture = Image.fromarray(free.reshape(size, size).astype(np.uint8) * 255)
    smooth = picture.filter(ImageFilter.BoxBlur((_PATTERN - 1) / 2))
    return np.asarray(smooth, np.float32).ravel() / 255
