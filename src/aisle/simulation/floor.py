"""Where one can walk: the floor with its fixtures, and the shortest way round them.

Fixtures are the rectangles the gondolas' shelves cover on the floor.  Ways are
shortest paths over the visibility graph of the fixtures' corners (Lozano-Perez
and Wesley, 1979), each corner pushed out by the width of a person.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aisle.store.model import FloatArray, Shelf, Store

BODY_M = 0.17
"""Nobody's middle comes nearer to a fixture than this (metres)."""
CORNER_M = 0.34
"""Distance at which people round a corner (metres)."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A gondola on the floor: an oriented rectangle; `along` and `inward` are unit vectors, lengths in metres."""

    gondola: int
    corner: Point
    along: Point
    inward: Point
    length_m: float
    depth_m: float

    def local(self, points: FloatArray) -> FloatArray:
        """Floor points (..., 2) as distances along the front and behind it."""
        d = np.asarray(points, dtype=np.float64) - np.asarray(self.corner)
        return np.stack([d @ np.asarray(self.along), d @ np.asarray(self.inward)], axis=-1)

    def distance(self, points: FloatArray) -> FloatArray:
        """Metres from the rectangle's border, negative inside; (..., 2) -> (...)."""
        p = self.local(points)
        a = np.maximum(-p[..., 0], p[..., 0] - self.length_m)
        b = np.maximum(-p[..., 1], p[..., 1] - self.depth_m)
        outside = np.hypot(np.maximum(a, 0.0), np.maximum(b, 0.0))
        return np.asarray(np.where((a < 0) & (b < 0), np.maximum(a, b), outside))

    def corners(self, margin_m: float) -> list[Point]:
        """The four corners pushed out by `margin_m` along both sides."""
        out = []
        u0, u1 = -margin_m, self.length_m + margin_m
        v0, v1 = -margin_m, self.depth_m + margin_m
        for u, v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1)):
            x = self.corner[0] + u * self.along[0] + v * self.inward[0]
            y = self.corner[1] + u * self.along[1] + v * self.inward[1]
            out.append((x, y))
        return out


def fixtures_of(store: Store) -> tuple[Fixture, ...]:
    """One rectangle per gondola, round all its shelves."""
    by_gondola: dict[int, list[Shelf]] = {}
    for shelf in store.shelves:
        by_gondola.setdefault(shelf.gondola, []).append(shelf)
    out = []
    for gondola, shelves in sorted(by_gondola.items()):
        turn = shelves[0].rotation_rad
        along, inward = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
        points = np.array(
            [
                s.world(x, d)[:2]
                for s in shelves
                for x in (s.plate_edges_m[0], s.plate_edges_m[-1])
                for d in (0.0, s.depth_m)
            ]
        )
        u, v = points @ np.asarray(along), points @ np.asarray(inward)
        corner = (u.min() * along[0] + v.min() * inward[0], u.min() * along[1] + v.min() * inward[1])
        origin = (float(corner[0]), float(corner[1]))
        out.append(Fixture(gondola, origin, along, inward, float(np.ptp(u)), float(np.ptp(v))))
    return tuple(out)


@dataclass(frozen=True)
class Floor:
    """The walkable floor of a store; `border` is its outline (empty: unbounded), in metres."""

    fixtures: tuple[Fixture, ...]
    border: tuple[Point, ...]

    @classmethod
    def of(cls, store: Store) -> Floor:
        return cls(fixtures_of(store), store.floor_m)

    def clearance(self, points: FloatArray) -> FloatArray:
        """Metres to the nearest fixture, negative inside one; (..., 2) -> (...)."""
        if not self.fixtures:
            return np.full(np.shape(points)[:-1], np.inf)
        return np.asarray(np.min([f.distance(points) for f in self.fixtures], axis=0))

    def inside(self, point: Point, margin_m: float = 0.15) -> bool:
        """Is the point within the outline, `margin_m` from its walls?"""
        if not self.border:
            return True
        odd, near = False, math.inf
        x, y = point
        for (x0, y0), (x1, y1) in zip(self.border, self.border[1:] + self.border[:1], strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
            length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
            u = min(1.0, max(0.0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2)) if length2 else 0.0
            near = min(near, math.hypot(x - x0 - u * (x1 - x0), y - y0 - u * (y1 - y0)))
        return odd and near >= margin_m

    def free(self, a: Point, b: Point) -> bool:
        """Can a body walk straight from `a` to `b`?"""
        n = max(2, int(math.dist(a, b) / 0.05) + 1)
        line = np.linspace(a, b, n)
        return bool((self.clearance(line) >= BODY_M - 1e-9).all())

    @cached_property
    def corners(self) -> tuple[Point, ...]:
        """Turning points: the fixtures' corners that stand free."""
        out = [c for f in self.fixtures for c in f.corners(CORNER_M)]
        return tuple(c for c in out if self.inside(c) and float(self.clearance(np.array(c))) >= BODY_M)

    @cached_property
    def _links(self) -> dict[Point, list[tuple[Point, float]]]:
        links: dict[Point, list[tuple[Point, float]]] = {c: [] for c in self.corners}
        for i, a in enumerate(self.corners):
            for b in self.corners[:i]:
                if self.free(a, b):
                    links[a].append((b, math.dist(a, b)))
                    links[b].append((a, math.dist(a, b)))
        return links

    def route(self, a: Point, b: Point) -> list[Point]:
        """Shortest way from `a` to `b` round the fixtures, without `a`, with `b` (Dijkstra).

        Raises ValueError when no way exists.
        """
        if self.free(a, b):
            return [b]
        links = self._links
        to_goal = {c for c in self.corners if self.free(c, b)}
        best: dict[Point, float] = {}
        came: dict[Point, Point] = {}
        queue: list[tuple[float, Point, Point]] = [(math.dist(a, c), c, a) for c in self.corners if self.free(a, c)]
        heapq.heapify(queue)
        while queue:
            cost, here, before = heapq.heappop(queue)
            if here in best:
                continue
            best[here], came[here] = cost, before
            if here == b:
                way = [b]
                while came[way[-1]] != a:
                    way.append(came[way[-1]])
                return way[::-1]
            for there, length in links.get(here, ()):
                if there not in best:
                    heapq.heappush(queue, (cost + length, there, here))
            if here in to_goal:
                heapq.heappush(queue, (cost + math.dist(here, b), b, here))
        raise ValueError(f"no way from {a} to {b}: the fixtures leave no gap of {2 * BODY_M:.2f} m")
