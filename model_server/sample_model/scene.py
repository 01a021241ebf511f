"""Put objects into a bin: none floats, none goes through another, and a person can count them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model_server.sample_model import pod, products
from model_server.sample_model.camera import Camera, make_camera
from model_server.sample_model.pod import Pod, make_pod
from model_server.sample_model.prints import Palette
from model_server.sample_model.products import Part, Product
from model_server.sample_model.solids import MISS, Array, Box, Solid

MIN_VISIBLE_AREA = 0.01
"""Every object shows on at least this share of the picture."""
MIN_VISIBLE_SHARE = 0.65
"""At least this share of every object's outline is not hidden by straps, the frame or other objects."""

_CHECK_SIZE = 64
_CHECK_MARGIN = 1.12
_GAP = 0.012
_SCALE = 0.72
"""Five products of this size fit side by side, most of the time."""
_FREE_HALF_WIDTH = 0.96
_STACKED_SHARE = 0.12
_MAX_OVERLAP = 0.04
_NOTHING = -1


@dataclass(frozen=True, eq=False)
class Placed:
    """An object where it lies: its parts in the bin's coordinates, and the box that holds them."""

    product: Product
    parts: list[Part]
    envelope: Box
    flat_top: bool


@dataclass(frozen=True, eq=False)
class Scene:
    """A bin, what is in it, and the camera that looks at it."""

    pod: Pod
    camera: Camera
    objects: list[Placed]


@dataclass(frozen=True, eq=False)
class View:
    """What each of the n pixels of a size x size picture sees first.

    `distance` along its ray; `obj` and `part` are indices into the scene, or -1 where no object is seen;
    `cover` is what of the pod's front is seen (pod.OPEN where the ray goes through); `outline` has, per object,
    the number of pixels that it would take if nothing hid it.
    """

    direction: Array
    distance: Array
    obj: NDArray[np.intp]
    part: NDArray[np.intp]
    cover: NDArray[np.intp]
    outline: list[int]


def compose(count: int, seed: int) -> Scene:
    """The scene for a number of objects and a seed: always the same one."""
    rng = np.random.default_rng([seed, count])
    bin_, camera = make_pod(rng), make_camera(rng)
    while True:
        items = _products(rng, count)
        for _ in range(30):
            objects = _arrange(rng, items)
            if objects is not None:
                scene = Scene(bin_, camera, objects)
                if _countable(scene):
                    return scene


def look(scene: Scene, size: int) -> View:
    """Send one ray through every pixel."""
    origin = scene.camera.position[:, None]
    direction = scene.camera.rays(size)
    distance = scene.pod.inside_distance(origin, direction)
    obj, part = np.full((2, direction.shape[1]), _NOTHING, np.intp)
    outline = []
    for index, placed in enumerate(scene.objects):
        seen = np.zeros(direction.shape[1], bool)
        for number, piece in enumerate(placed.parts):
            reach = piece.solid.distance(origin, direction)
            seen |= reach < MISS
            nearer = reach < distance
            distance = np.where(nearer, reach, distance)
            obj[nearer], part[nearer] = index, number
        outline.append(int(seen.sum()))
    front = -origin[1] / direction[1]
    crossing = origin + front * direction
    cover = scene.pod.cover(crossing[0], crossing[2])
    covered = cover != pod.OPEN
    obj[covered] = part[covered] = _NOTHING
    return View(direction, np.where(covered, front, distance), obj, part, cover, outline)


def visible(view: View) -> list[tuple[float, float]]:
    """Per object: the share of the picture on which it shows, and the share of its outline not hidden."""
    shown = [int((view.obj == index).sum()) for index in range(len(view.outline))]
    return [(pixels / view.obj.size, pixels / max(whole, 1)) for pixels, whole in zip(shown, view.outline, strict=True)]


def _countable(scene: Scene) -> bool:
    shares = visible(look(scene, _CHECK_SIZE))
    return all(
        area >= MIN_VISIBLE_AREA * _CHECK_MARGIN and share >= MIN_VISIBLE_SHARE * _CHECK_MARGIN
        for area, share in shares
    )


def _products(rng: np.random.Generator, count: int) -> list[Product]:
    """Different things in different colors: hues are spread, so that no two pass for one object."""
    hues = (rng.random() + np.arange(count) / count + rng.uniform(-0.06, 0.06, count)) % 1
    rng.shuffle(hues)
    kinds = rng.integers(len(products.KINDS), size=count)
    return [
        products.scaled(products.KINDS[kind](rng, Palette(rng, hue)), _SCALE)
        for kind, hue in zip(kinds, hues, strict=True)
    ]


def _arrange(rng: np.random.Generator, items: list[Product]) -> list[Placed] | None:
    """Place the products side by side in random order, some on top of others; None if there is no room."""
    turned = [_pose(rng, item) for item in items]
    stacked = [index > 0 and rng.random() < _STACKED_SHARE for index in range(len(items))]
    widths = np.array([2 * pose.reach[0] for pose, on_top in zip(turned, stacked, strict=True) if not on_top])
    room = 2 * _FREE_HALF_WIDTH - widths.sum() + _MAX_OVERLAP * (len(widths) - 1)
    if room < 0:
        return None
    gaps = room * rng.dirichlet(np.ones(len(widths) + 1))[:-1] - _MAX_OVERLAP
    left = -_FREE_HALF_WIDTH + _MAX_OVERLAP + np.cumsum(gaps + widths) - widths
    centers = iter(rng.permuted(np.stack([left + widths / 2]), axis=0)[0])
    objects: list[Placed] = []
    for pose, on_top in zip(turned, stacked, strict=True):
        placed = _on_top(rng, pose, objects) if on_top else _on_floor(rng, pose, float(next(centers)))
        if placed is None or any(_overlap(placed.envelope, other.envelope) for other in objects):
            return None
        objects.append(placed)
    return objects


@dataclass(frozen=True, eq=False)
class _Pose:
    """A product as it will lie: its rotation, how far it then reaches from its center, whether it leans back."""

    item: Product
    rotation: Array
    reach: Array
    leans: bool
    flat_top: bool


def _pose(rng: np.random.Generator, item: Product) -> _Pose:
    if min(item.half) < 0.12 and rng.random() < 0.3:
        lean = products.rotation(0, -rng.uniform(0.15, 0.5)) @ products.rotation(1, rng.normal(0, 0.03))
        turned = lean @ products.ON_SIDE @ products.rotation(2, rng.choice([0, np.pi / 2]))
        return _Pose(item, turned, np.abs(turned) @ item.half, leans=True, flat_top=False)
    pose = int(rng.integers(len(item.poses)))
    turned = products.rotation(2, rng.uniform(0, 2 * np.pi)) @ item.poses[pose]
    return _Pose(item, turned, np.abs(turned) @ item.half, leans=False, flat_top=item.flat_top[pose])


def _on_floor(rng: np.random.Generator, pose: _Pose, x: float) -> Placed | None:
    back = pod.DEPTH - pose.reach[1] - _GAP
    y = back if pose.leans else rng.uniform(min(0.02 + pose.reach[1] + _GAP, back), back)
    return _placed(pose, np.array([x, y, pose.reach[2] + 0.001]))


def _on_top(rng: np.random.Generator, pose: _Pose, others: list[Placed]) -> Placed | None:
    supports = [other.envelope for other in others if other.flat_top]
    if pose.leans or not supports:
        return None
    below = supports[rng.integers(len(supports))]
    spot = below.center[:2] + rng.uniform(-0.3, 0.3, 2) * below.extents[:2]
    return _placed(pose, np.array([*spot, below.center[2] + below.extents[2] + pose.reach[2] + 0.002]))


def _placed(pose: _Pose, center: Array) -> Placed | None:
    envelope = Box(center.astype(np.float32), pose.rotation.astype(np.float32), pose.item.half)
    if not _inside(envelope):
        return None
    parts = [replace(part, solid=_moved(part.solid, envelope)) for part in pose.item.parts]
    return Placed(pose.item, parts, envelope, pose.flat_top)


def _moved(solid: Solid, frame: Box) -> Solid:
    center = frame.center + frame.rotation @ solid.center
    return replace(solid, center=center, rotation=frame.rotation @ solid.rotation)


def _inside(envelope: Box) -> bool:
    low, high = envelope.center - envelope.extents, envelope.center + envelope.extents
    return bool((low >= [-0.985, 0.02, -0.01]).all() and (high <= [0.985, pod.DEPTH, pod.HEIGHT - 0.12]).all())


def _overlap(first: Box, second: Box) -> bool:
    """Separating axis test of two boxes: apart if their shadows on one of fifteen axes are."""
    apart = second.center - first.center
    if apart @ apart > (first.radius + second.radius) ** 2:
        return False
    edges = np.cross(first.rotation.T[:, None], second.rotation.T[None, :]).reshape(9, 3)
    axes = np.concatenate([first.rotation.T, second.rotation.T, edges])
    between = np.abs(axes @ apart)
    reach = np.abs(axes @ first.rotation) @ first.half + np.abs(axes @ second.rotation) @ second.half
    parallel = np.linalg.norm(axes, axis=1) < 1e-3
    return not bool((between > reach)[~parallel].any())
