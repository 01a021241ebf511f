"""Convex solids that rays can hit: box, cylinder, ellipsoid, cushion.

Vectors are arrays of shape (3, n): row 0 is x (to the right), row 1 is y (into the bin), row 2 is z (up).
All solids are convex, so a ray that starts on a solid's surface never enters that solid again. A hit is
therefore the entry point only, which makes the same routine right for camera rays and for shadow rays.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

MISS = np.float32(np.inf)
_CLOSEST = 1e-3
_TINY = 1e-9


class Surface(NamedTuple):
    """Where rays hit a solid: unit normals (3, n), texture coordinates, and which tile of the texture."""

    normal: Array
    u: Array
    v: Array
    tile: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Solid:
    """A shape with its half extents along its own axes; `rotation` has these axes as its columns."""

    center: Array
    rotation: Array
    half: Array

    @cached_property
    def radius(self) -> float:
        """Radius of a sphere around the center that holds the solid."""
        return float(np.linalg.norm(self.half))

    @cached_property
    def extents(self) -> Array:
        """Half extents of the box, parallel to the axes of the bin, that holds the solid."""
        extents: Array = np.abs(self.rotation) @ self.half
        return extents

    def distance(self, origin: Array, direction: Array) -> Array:
        """Distance along each ray to the point where it enters the solid, or infinity.

        `direction` is (3, n), of unit length. `origin` is (3, n), or (3, 1) if all rays start in one point.
        """
        offset = self.center[:, None] - origin
        along = np.einsum("in,in->n", np.broadcast_to(offset, direction.shape), direction)
        off_axis = np.einsum("in,in->n", offset, offset) - along * along
        near = np.flatnonzero((off_axis < self.radius**2) & (along > -self.radius))
        distance = np.full(direction.shape[1], MISS, np.float32)
        if near.size:
            start = offset if offset.shape[1] == 1 else offset[:, near]
            enter, leave = self._span(-(self.rotation.T @ start), self.rotation.T @ direction[:, near])
            distance[near] = np.where((enter < leave) & (enter > _CLOSEST), enter, MISS)
        return distance

    def surface(self, points: Array) -> Surface:
        """Normals and texture coordinates at points on the solid's surface."""
        local = (self.rotation.T @ (points - self.center[:, None])) / self.half[:, None]
        normal, u, v, tile = self._surface(local)
        return Surface(self.rotation @ normal, u, v, tile)

    def _span(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        """Distances at which rays, in the solid's own axes, enter and leave it; enter >= leave is a miss."""
        raise NotImplementedError

    def _surface(self, local: Array) -> Surface:
        """Like `surface`, at points given in multiples of the half extents."""
        raise NotImplementedError


def slab_span(origin: Array, direction: Array, half: Array) -> tuple[Array, Array]:
    """Where rays enter and leave the box from -half to +half (the slab method)."""
    inverse = 1 / (direction + np.float32(_TINY))
    first, second = (-half[:, None] - origin) * inverse, (half[:, None] - origin) * inverse
    return np.minimum(first, second).max(axis=0), np.maximum(first, second).min(axis=0)


def quadric_span(origin: Array, direction: Array) -> tuple[Array, Array]:
    """Where rays enter and leave the unit sphere (three rows) or the endless unit cylinder (two rows)."""
    a = (direction * direction).sum(axis=0) + _TINY
    b = (origin * direction).sum(axis=0)
    c = (origin * origin).sum(axis=0) - 1
    discriminant = b * b - a * c
    root = np.sqrt(np.maximum(discriminant, 0))
    return np.where(discriminant > 0, (-b - root) / a, MISS), np.where(discriminant > 0, (-b + root) / a, -MISS)


class Box(Solid):
    """A cuboid. Texture tile i is printed on the two faces across axis i."""

    def _span(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        return slab_span(origin, direction, self.half)

    def _surface(self, local: Array) -> Surface:
        axis = np.abs(local).argmax(axis=0)
        columns = np.arange(local.shape[1])
        side = np.sign(local[axis, columns])
        normal = np.zeros_like(local)
        normal[axis, columns] = side
        readable = np.where(axis == 1, -side, side)
        across = np.where(axis == 0, local[1], local[0]) * readable
        up = np.where(axis == 2, local[1], local[2])
        return Surface(normal, (across + 1) / 2, (up + 1) / 2, axis)


class Cylinder(Solid):
    """An upright cylinder along its z axis. Texture tile 0 goes round the side, tile 1 on both ends."""

    def _span(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        round_half = self.half[:2, None]
        side_enter, side_leave = quadric_span(origin[:2] / round_half, direction[:2] / round_half)
        end_enter, end_leave = slab_span(origin[2:], direction[2:], self.half[2:])
        return np.maximum(side_enter, end_enter), np.minimum(side_leave, end_leave)

    def _surface(self, local: Array) -> Surface:
        end = np.abs(local[2]) > np.hypot(local[0], local[1])
        normal = np.where(end, np.array([[0], [0], [1]]) * np.sign(local[2]), local * np.array([[1], [1], [0]]))
        around = np.arctan2(local[1], local[0]) / (2 * np.pi) + 0.5
        u = np.where(end, (local[0] + 1) / 2, around)
        v = np.where(end, (local[1] + 1) / 2, (local[2] + 1) / 2)
        return Surface(normal.astype(np.float32), u, v, end.astype(np.intp))


class Ellipsoid(Solid):
    """A ball, or the shoulder of a bottle. One texture tile, wrapped around the z axis."""

    def _span(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        half = self.half[:, None]
        return quadric_span(origin / half, direction / half)

    def _surface(self, local: Array) -> Surface:
        normal = local / self.half[:, None]
        normal = normal / np.linalg.norm(normal, axis=0)
        around = np.arctan2(local[1], local[0]) / (2 * np.pi) + 0.5
        return Surface(normal, around, (local[2] + 1) / 2, np.zeros(local.shape[1], np.intp))


class Cushion(Solid):
    """A filled bag: x^4 + y^4 + z^2 <= 1 in half extents. One texture tile, printed through from the top."""

    _STEPS = 12
    _BISECTIONS = 5

    def _span(self, origin: Array, direction: Array) -> tuple[Array, Array]:
        origin, direction = origin / self.half[:, None], direction / self.half[:, None]
        enter, leave = slab_span(origin, direction, np.ones(3, np.float32))
        inside = np.full(enter.shape, MISS, np.float32)
        step = np.maximum(leave - enter, 0) / self._STEPS
        for index in range(self._STEPS):
            t = enter + (index + np.float32(0.5)) * step
            inside = np.where((inside == MISS) & (self._level(origin + t * direction) < 1), t, inside)
        found = inside < MISS
        near, far = np.where(found, inside - step, 0), np.where(found, inside, 0)
        for _ in range(self._BISECTIONS):
            middle = (near + far) / 2
            within = self._level(origin + middle * direction) < 1
            near, far = np.where(within, near, middle), np.where(within, middle, far)
        return np.where(found, far, MISS), leave

    def _surface(self, local: Array) -> Surface:
        normal = np.stack([4 * local[0] ** 3, 4 * local[1] ** 3, 2 * local[2]]) / self.half[:, None]
        normal = normal / np.maximum(np.linalg.norm(normal, axis=0), _TINY)
        # Part of the height goes into both coordinates, so that the print does not smear down the sides.
        u, v = (local[0] + 1) / 2 + 0.2 * local[2], (local[1] + 1) / 2 + 0.2 * local[2]
        return Surface(normal, u, v, np.zeros(local.shape[1], np.intp))

    @staticmethod
    def _level(local: Array) -> Array:
        square = local * local
        level: Array = square[0] * square[0] + square[1] * square[1] + square[2]
        return level
