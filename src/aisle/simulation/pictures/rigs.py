"""Where cameras hang in a shop that has none: chosen by what they see past the gondolas.

Candidates hang under the ceiling, in corners, along walls and over aisles, each with several directions to look in.
Cameras are chosen one by one; each time the one that adds most is taken, where a further look at what others
already see counts less and less (greedy choice for a submodular aim: Nemhauser, Wolsey and Fisher, 1978).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from aisle.simulation.floor import BODY_M, Floor, fixtures_of
from aisle.simulation.pictures.fittings import outline_of
from aisle.store.geometry import look_at, project, rotation_matrix, rotation_vector
from aisle.store.model import Camera, FloatArray, Store

RigKind = Literal["ceiling", "straight-down", "aisle", "shelf-edge", "cart"]
CEILING_M = 2.8
FOV_DEG = 90.0
SIZE_PX = (640, 360)
_FACING_WEIGHT, _HAND_WEIGHT, _FLOOR_WEIGHT = 0.6, 1.0, 1.0
_SHOPPER_M, _SHOPPER_OFF_M, _SHOPPER_ROOM_M = (1.7, 0.22), 0.45, 0.04
"""A shopper as an upright drum (height, radius), so far before what they reach for; their own arm is let through."""
_AGAIN, _ACROSS = 0.35, 0.75
"""What a further look at the same thing is worth, as a share of the look before: from the same side, from across."""


def rig(
    store: Store,
    count: int,
    size_px: tuple[int, int] = SIZE_PX,
    fov_deg: float = FOV_DEG,
    *,
    rng: np.random.Generator | None = None,
    ceiling_m: float = CEILING_M,
    kind: RigKind = "ceiling",
) -> tuple[Camera, ...]:
    """`count` cameras of `size_px` with about `fov_deg` from left to right, called camera-1, camera-2, ...

    Without `rng` lenses are perfect and cameras hang exactly where they were planned; with it, poses and lenses vary as
    in real shops and distortion is mild.  "ceiling" sees fronts and floor as well as it can; "straight-down" looks at
    the floor below; "aisle" looks along aisles from about 2 m; "shelf-edge" sits close to fronts; "cart" is at the
    height of a cart's handle.
    Raises ValueError for a store without shelves or a count below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}: at least one camera is needed")
    if not store.shelves:
        raise ValueError(f"store {store.name} has no shelves: there is nothing to look at")
    mounts = _MOUNTS[kind](store, ceiling_m)
    sights = _Sights.of(store)
    seen = sights.seen_by([m.camera(size_px, fov_deg) for m in mounts])
    directions = sights.directions([m.position_m for m in mounts])
    cameras = []
    for number, chosen in enumerate(_greedy(seen, directions, count), start=1):
        camera = replace(mounts[chosen].camera(size_px, fov_deg), camera_id=f"camera-{number}")
        cameras.append(camera if rng is None else varied(camera, rng))
    return tuple(cameras)


def pinhole(
    camera_id: str,
    size_px: tuple[int, int],
    fov_deg: float,
    position_m: Sequence[float],
    target_m: Sequence[float],
) -> Camera:
    """A perfect camera at a point, looking at another; level, or (straight down) with the floor's x to the right."""
    focal = size_px[0] / 2.0 / math.tan(math.radians(fov_deg) / 2.0)
    x, y, z = (float(v) for v in position_m)
    tx, ty, tz = (float(v) for v in target_m)
    centre = ((size_px[0] - 1) / 2.0, (size_px[1] - 1) / 2.0)
    return Camera(camera_id, "simulated", size_px, (focal, focal), centre, (x, y, z), look_at((x, y, z), (tx, ty, tz)))


def varied(camera: Camera, rng: np.random.Generator, strength: float = 1.0) -> Camera:
    """The same camera as it would be mounted by hand, with a lens off the shelf."""
    nudge = rng.normal(0.0, math.radians(1.2) * strength, 3)
    nudge[2] += float(rng.normal(0.0, math.radians(1.5) * strength))  # about the optical axis: never quite level
    turned = rotation_vector(
        rotation_matrix((float(nudge[0]), float(nudge[1]), float(nudge[2]))) @ rotation_matrix(camera.rotation_vector)
    )
    longer = float(np.clip(rng.normal(1.0, 0.02 * strength), 0.9, 1.1))
    off = rng.normal(0.0, 0.008 * strength * camera.size_px[0], 2)
    shift = rng.normal(0.0, 0.03 * strength, 3)
    k1, k2 = _barrel(camera, -float(rng.uniform(0.02, 0.16)) * strength, float(rng.uniform(0.06, 0.18)))
    return replace(
        camera,
        focal_px=(round(camera.focal_px[0] * longer, 3), round(camera.focal_px[1] * longer, 3)),
        centre_px=(round(camera.centre_px[0] + float(off[0]), 3), round(camera.centre_px[1] + float(off[1]), 3)),
        position_m=(
            round(camera.position_m[0] + float(shift[0]), 4),
            round(camera.position_m[1] + float(shift[1]), 4),
            round(camera.position_m[2] - abs(float(shift[2])) / 2, 4),
        ),
        rotation_vector=turned,
        distortion=(
            round(k1, 5),
            round(k2, 5),
            round(float(rng.normal(0.0, 4e-4)), 6),
            round(float(rng.normal(0.0, 4e-4)), 6),
        ),
    )


def _barrel(camera: Camera, k1: float, counter: float) -> tuple[float, float]:
    """Barrel distortion (k1, k2) near the wish that still sees to the corners of its sensor without folding back."""
    half = [size / 2.0 / focal for size, focal in zip(camera.size_px, camera.focal_px, strict=True)]
    corner = 1.08 * math.hypot(*half)
    r = np.linspace(0.0, 1.4 * corner, 200)  # beyond, `geometry.distorted` takes the lens for perfect
    while True:
        bent = r * (1.0 + k1 * r**2 - counter * k1 * r**4)
        within = r[bent < corner]
        slope = 1.0 + 3.0 * k1 * within**2 - 5.0 * counter * k1 * within**4
        if float(bent[-1]) >= corner and float(slope.min()) > 0.4:
            return k1, -counter * k1
        k1 *= 0.85


# -------------------------------------------------------------------- mounts
@dataclass(frozen=True, slots=True)
class _Mount:
    position_m: tuple[float, float, float]
    target_m: tuple[float, float, float]

    def camera(self, size_px: tuple[int, int], fov_deg: float) -> Camera:
        return pinhole("camera", size_px, fov_deg, self.position_m, self.target_m)


def _room(store: Store) -> tuple[float, float, float, float]:
    corners = np.array(outline_of(store))
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _free_points(store: Store, apart_m: float, room_m: float = BODY_M + 0.1) -> FloatArray:
    """Points (n, 2) of a grid on the floor on which somebody can stand."""
    x0, y0, x1, y1 = _room(store)
    floor = Floor.of(store)
    xs, ys = (np.arange(a + apart_m / 2, b, apart_m) for a, b in ((x0, x1), (y0, y1)))
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    free = (floor.clearance(grid) > room_m) & np.array([floor.inside((float(x), float(y)), 0.2) for x, y in grid])
    return np.asarray(grid[free])


def _ceiling_mounts(store: Store, ceiling_m: float) -> list[_Mount]:
    x0, y0, x1, y1 = _room(store)
    z, edge = ceiling_m - 0.12, 0.18
    spots = [(x, y) for x in (x0 + edge, (x0 + x1) / 2, x1 - edge) for y in (y0 + edge, (y0 + y1) / 2, y1 - edge)]
    free = _free_points(store, max(1.0, math.sqrt((x1 - x0) * (y1 - y0) / 16.0)))
    spots += [(float(x), float(y)) for x, y in free]
    mounts = []
    for x, y in spots:
        for turn in np.arange(0.0, 2 * math.pi, math.pi / 6):
            for down in (0.55, 0.85, 1.15):
                out = 1.6 / math.tan(down)
                target = (x + out * math.cos(turn), y + out * math.sin(turn))
                if x0 <= target[0] <= x1 and y0 <= target[1] <= y1:
                    mounts.append(_Mount((x, y, z), (*target, z - 1.6)))
    return mounts


def _straight_down_mounts(store: Store, ceiling_m: float) -> list[_Mount]:
    z = ceiling_m - 0.1
    return [_Mount((float(x), float(y), z), (float(x), float(y), 0.0)) for x, y in _free_points(store, 0.6)]


def _aisle_mounts(store: Store, ceiling_m: float) -> list[_Mount]:
    mounts = []
    z = min(2.1, ceiling_m - 0.3)
    for x, y in _free_points(store, 0.7, 0.35):
        for turn in np.arange(0.0, 2 * math.pi, math.pi / 4):
            target = (float(x) + 3.0 * math.cos(turn), float(y) + 3.0 * math.sin(turn), 1.0)
            mounts.append(_Mount((float(x), float(y), z), target))
    return mounts


def _shelf_edge_mounts(store: Store, ceiling_m: float) -> list[_Mount]:
    """On arms before and above the top board, looking down along the fronts."""
    mounts = []
    for gondola in sorted({s.gondola for s in store.shelves}):
        top = max((s for s in store.shelves if s.gondola == gondola), key=lambda s: s.origin_m[2])
        above = min(0.55, ceiling_m - 0.1 - top.origin_m[2])
        for share in (0.05, 0.35, 0.65, 0.95):
            for ahead in (-0.25, 0.25):
                x, y, z = top.world(top.plate_edges_m[0] + share * top.length_m, -0.45, above)
                aim = top.plate_edges_m[0] + min(1.0, max(0.0, share + ahead)) * top.length_m
                tx, ty, tz = top.world(aim, 0.05, -0.45)
                mounts.append(_Mount((x, y, z), (tx, ty, tz)))
    return mounts


def _cart_mounts(store: Store, ceiling_m: float) -> list[_Mount]:
    mounts = []
    for x, y in _free_points(store, 0.7, 0.4):
        for turn in np.arange(0.0, 2 * math.pi, math.pi / 4):
            target = (float(x) + math.cos(turn), float(y) + math.sin(turn), 0.95)
            mounts.append(_Mount((float(x), float(y), min(1.05, ceiling_m)), target))
    return mounts


_MOUNTS = {
    "ceiling": _ceiling_mounts,
    "straight-down": _straight_down_mounts,
    "aisle": _aisle_mounts,
    "shelf-edge": _shelf_edge_mounts,
    "cart": _cart_mounts,
}


# ------------------------------------------------------------------- sights
@dataclass(frozen=True, slots=True)
class _Sights:
    """What is to be seen: n points, the direction their front looks in (zero for people on the floor), how much each
    counts; and what stands before them: gondolas as upright boxes with heights, and the shopper who reaches there."""

    points_m: FloatArray  # (n, 3)
    normals: FloatArray  # (n, 3)
    weights: FloatArray  # (n,)
    shoppers_m: FloatArray  # (n, 2) where whoever has a hand there stands, NaN: nobody
    store: Store

    @classmethod
    def of(cls, store: Store) -> _Sights:
        points, normals, hands, shoppers = [], [], [], []
        for facing in store.facings:
            shelf = store.shelf_at[(facing.gondola, facing.shelf)]
            middle = (facing.x0_m + facing.x1_m) / 2
            points.append(shelf.world(middle, -0.02, 0.1))
            hands.append(shelf.world(middle, -0.06, 0.12))
            shoppers.append(shelf.world(middle, -_SHOPPER_OFF_M)[:2])
            a, b = shelf.world(0.0, 0.0), shelf.world(0.0, -1.0)
            normals.append(np.subtract(b, a))
        free = _free_points(store, 0.5)
        people = [(float(x), float(y), z) for x, y in free for z in (0.05, 1.6)]
        n, m = len(points), len(people)
        shares = ((_FACING_WEIGHT, n), (_HAND_WEIGHT, n), (_FLOOR_WEIGHT, m))
        # shares, so that neither many facings nor a large floor outweighs the other
        weights = np.concatenate([np.full(count, weight / max(1, count)) for weight, count in shares])
        where = np.array([*points, *hands, *people], dtype=np.float64).reshape(-1, 3)
        fronts = np.concatenate([np.array(normals).reshape(-1, 3), np.zeros((n + m, 3))])
        nobody = np.full((n, 2), np.nan), np.full((m, 2), np.nan)
        standing = np.concatenate([nobody[0], np.array(shoppers, dtype=np.float64).reshape(-1, 2), nobody[1]])
        return cls(where, fronts, weights, standing, store)

    def seen_by(self, cameras: Sequence[Camera]) -> FloatArray:
        """(cameras, n) how well each camera sees each point: 0 to its weight."""
        out = np.zeros((len(cameras), len(self.points_m)))
        clear: dict[tuple[float, float, float], FloatArray] = {}
        for k, camera in enumerate(cameras):
            if camera.position_m not in clear:
                clear[camera.position_m] = self._clear_from(camera.position_m)
            pixels = project(camera, self.points_m)
            with np.errstate(invalid="ignore"):
                inside = ((pixels >= 0) & (pixels < np.asarray(camera.size_px))).all(axis=1)
            out[k] = inside * clear[camera.position_m]
        return out * self.weights

    def directions(self, eyes_m: Sequence[tuple[float, float, float]]) -> npt.NDArray[np.float32]:
        """(eyes, n, 3) unit vectors from the points to each eye."""
        rays = np.asarray(eyes_m, dtype=np.float32)[:, None] - self.points_m.astype(np.float32)
        return np.asarray(rays / np.maximum(np.linalg.norm(rays, axis=2, keepdims=True), 0.05))

    def _clear_from(self, eye_m: tuple[float, float, float]) -> FloatArray:
        """(n,) 0 where a gondola or the shopper stands between or the front looks away; else slant and distance lower
        it."""
        ray = np.asarray(eye_m) - self.points_m
        far = np.maximum(np.linalg.norm(ray, axis=1), 0.05)
        slant = np.where(
            np.any(self.normals, axis=1), np.clip((ray * self.normals).sum(axis=1) / far / 0.5, 0.0, 1.0), 1.0
        )
        near = np.minimum(1.0, 4.0 / far)
        free = np.ones(len(far))
        for fixture in fixtures_of(self.store):
            top = max(s.origin_m[2] for s in self.store.shelves if s.gondola == fixture.gondola) + 0.15
            start = np.column_stack([fixture.local(self.points_m[:, :2]), self.points_m[:, 2]])
            end = np.array([*fixture.local(np.array([eye_m[:2]]))[0], eye_m[2]])
            free[_crosses(start, end, (fixture.length_m, fixture.depth_m, top))] = 0.0
        free[_behind(self.points_m, np.asarray(eye_m), self.shoppers_m)] = 0.0
        return np.asarray(slant * near * free)


def _crosses(start: FloatArray, end: FloatArray, size: tuple[float, float, float]) -> FloatArray:
    """Which segments from `start` (n, 3) to `end` (3,) pass the box from 0 to `size` (slab method)."""
    way = end - start
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    a, b = -start / way, (np.asarray(size) - start) / way
    enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    return np.asarray((enter < leave) & (leave > 1e-6) & (enter < 1.0 - 1e-6))


def _behind(points: FloatArray, eye: FloatArray, shoppers: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) which sight lines from `eye` pass through the shopper of their point (nobody where that is NaN)."""
    height, radius = _SHOPPER_M
    way = eye - points
    rise = np.where(np.abs(way[:, 2]) < 1e-9, 1e-9, way[:, 2])
    until = np.clip(np.where(rise > 0, (height - points[:, 2]) / rise, 1.0), 0.0, 1.0)  # above the head it is free
    level = np.maximum((way[:, :2] ** 2).sum(axis=1), 1e-9)
    nearest = ((shoppers - points[:, :2]) * way[:, :2]).sum(axis=1) / level
    nearest = np.clip(nearest, _SHOPPER_ROOM_M / np.sqrt(level), until)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.hypot(*(points[:, :2] + nearest[:, None] * way[:, :2] - shoppers).T) < radius)


def _greedy(seen: FloatArray, directions: npt.NDArray[np.float32], count: int) -> list[int]:
    """Indices of the mounts to take; the same mount twice only where there are fewer mounts than wanted.

    `directions` (mounts, points, 3) are unit vectors from points to mounts: a further look from the same side is worth
    `_AGAIN` of the one before, one from across `_ACROSS`, since what hides in one is likely free in the other and
    where two rays cross well a place is known.
    """
    worth = np.ones(seen.shape)
    chosen: list[int] = []
    left = np.ones(len(seen), dtype=bool)
    for _ in range(count):
        if not left.any():
            left[:] = True
        gain = np.where(left, (seen * worth).sum(axis=1), -np.inf)
        best = int(np.argmax(gain))
        chosen.append(best)
        left[best] = False
        share = seen[best] / np.maximum(seen.max(axis=0), 1e-12)
        alike = np.clip(np.einsum("knd,nd->kn", directions, directions[best]), 0.0, 1.0)
        worth *= 1.0 - (1.0 - _ACROSS + (_ACROSS - _AGAIN) * alike) * share
    return chosen


def some_view(
    store: Store,
    kind: RigKind,
    rng: np.random.Generator,
    *,
    camera_id: str,
    size_px: tuple[int, int] = SIZE_PX,
    fov_deg: float = FOV_DEG,
    ceiling_m: float = CEILING_M,
) -> Camera:
    """One camera of a kind drawn at random, the likelier the more it sees; what hangs in shops nobody planned well."""
    mounts = _MOUNTS[kind](store, ceiling_m)
    mounts = [mounts[int(k)] for k in rng.permutation(len(mounts))[:40]]
    worth = _Sights.of(store).seen_by([m.camera(size_px, fov_deg) for m in mounts]).sum(axis=1) ** 2
    share = (worth + 1e-9) / (worth + 1e-9).sum()
    camera = replace(mounts[int(rng.choice(len(mounts), p=share))].camera(size_px, fov_deg), camera_id=camera_id)
    return varied(camera, rng, 1.5)
