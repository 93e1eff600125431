"""The building and its furniture as things to draw: floor, walls, ceiling lamps, gondolas with boards and price rails.

What a shop looks like apart from its goods is drawn at random per shop (`Decor`), within what shops look like.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aisle.simulation.floor import Fixture, fixtures_of
from aisle.simulation.pictures.scene import Float32, Thing
from aisle.store.model import Shelf, Store

Colour = tuple[float, float, float]
BOARD_M = 0.025
WALL_M = 0.1
RAIL_M = 0.038
BACK_M = 0.02
"""How thick a gondola's back is; boards end in its middle, for two faces in one plane would flicker."""
GLOW = (2.0, 2.0, 2.0)
"""Tint of lamps: what is above 1 shines by itself (see `scene.Thing`)."""


@dataclass(frozen=True, slots=True)
class Decor:
    """How one shop is fitted out: linear colours, the size of floor tiles (metres), lamps per metre of ceiling."""

    ceiling_m: float
    floor: tuple[Colour, Colour]
    tile_m: tuple[float, float]
    wall: Colour
    band: Colour
    ceiling: Colour
    board: Colour
    back: Colour
    rail: Colour
    plinth: Colour
    lamps_apart_m: float
    crates: int

    @classmethod
    def drawn(cls, rng: np.random.Generator, ceiling_m: float | None = None) -> Decor:
        """The looks of a shop nobody has seen before."""
        ground = _shade(rng, 0.08, 0.75, 0.15)
        step = float(rng.uniform(0.82, 1.0))
        tile = float(rng.uniform(0.3, 1.0))
        white, dark = _shade(rng, 0.5, 0.85, 0.06), _shade(rng, 0.03, 0.25, 0.2)
        boards = white if rng.random() < 0.7 else dark
        return cls(
            ceiling_m=float(rng.uniform(2.6, 3.2)) if ceiling_m is None else ceiling_m,
            floor=(ground, (ground[0] * step, ground[1] * step, ground[2] * step)),
            tile_m=(tile, tile if rng.random() < 0.6 else tile * float(rng.uniform(2.0, 4.0))),
            wall=_shade(rng, 0.25, 0.85, 0.15),
            band=_shade(rng, 0.05, 0.7, 0.8),
            ceiling=_shade(rng, 0.5, 0.9, 0.04),
            board=boards,
            back=_shade(rng, 0.1, 0.8, 0.12),
            rail=_shade(rng, 0.1, 0.9, 0.9),
            plinth=dark,
            lamps_apart_m=float(rng.uniform(1.6, 3.0)),
            crates=int(rng.integers(0, 6)),
        )


def _shade(rng: np.random.Generator, low: float, high: float, hue: float) -> Colour:
    """A colour between two brightnesses; `hue` says how far from grey it may be (0 to 1)."""
    level = float(rng.uniform(low, high))
    r, g, b = np.clip(level * (1.0 + hue * rng.uniform(-1.0, 1.0, 3)), 0.01, 0.95)
    return (float(r), float(g), float(b))


def placed(
    x_m: float, y_m: float, z_m: float, size_m: tuple[float, float, float], turn_rad: float = 0.0, tip_rad: float = 0.0
) -> Float32:
    """The (4, 4) matrix of a unit shape of that size standing at a point, turned about z (after tipping about x)."""
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    a, b = math.cos(tip_rad), math.sin(tip_rad)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
        [[1.0, 0.0, 0.0], [0.0, a, -b], [0.0, b, a]]
    )
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = turn * np.asarray(size_m)
    matrix[:3, 3] = (x_m, y_m, z_m)
    return matrix


def outline_of(store: Store) -> tuple[tuple[float, float], ...]:
    """The floor's corners; a rectangle round all fixtures where the store draws none (metres)."""
    if store.floor_m:
        return store.floor_m
    corners = np.array([c for f in fixtures_of(store) for c in f.corners(1.6)])
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return ((float(x0), float(y0)), (float(x1), float(y0)), (float(x1), float(y1)), (float(x0), float(y1)))


def lamps_of(store: Store, decor: Decor) -> Float32:
    """Where lamps hang (k, 3), metres: a grid under the ceiling."""
    corners = np.array(outline_of(store))
    low, high = corners.min(axis=0), corners.max(axis=0)
    counts = np.maximum(1, np.round((high - low) / decor.lamps_apart_m)).astype(int)
    xs, ys = (
        low[d] + (np.arange(counts[d]) + 0.5) * (high[d] - low[d]) / counts[d] for d in (0, 1)
    )  # the middle of equal cells
    return np.array([(x, y, decor.ceiling_m - 0.06) for x in xs for y in ys], dtype=np.float32)


def building(store: Store, decor: Decor, rng: np.random.Generator, posters: int = 0) -> tuple[Thing, ...]:
    """Floor, walls, ceiling with lamps, gondolas, some crates at the walls; `posters` is the number of labels that
    may hang on walls as pictures."""
    things = [*_floor(store, decor, rng), *_walls(store, decor, rng, posters), *_ceiling(store, decor)]
    fixtures = {f.gondola: f for f in fixtures_of(store)}
    for gondola, fixture in fixtures.items():
        shelves = [s for s in store.shelves if s.gondola == gondola]
        things += _gondola(shelves, fixture, decor)
    things += _crates(store, decor, rng)
    return tuple(things)


def _plain(x: float, y: float, z: float, size: tuple[float, float, float], tint: Colour, turn: float = 0.0) -> Thing:
    return Thing("box", -1, placed(x, y, z, size, turn), 0, tint)


def _floor(store: Store, decor: Decor, rng: np.random.Generator) -> list[Thing]:
    corners = np.array(outline_of(store))
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    wide, deep = decor.tile_m
    nx, ny = max(1, round((x1 - x0) / wide)), max(1, round((y1 - y0) / deep))
    dx, dy = float(x1 - x0) / nx, float(y1 - y0) / ny
    joint = 0.006
    things = [_plain((x0 + x1) / 2, (y0 + y1) / 2, -0.03, (x1 - x0 + 0.2, y1 - y0 + 0.2, 0.028),
                     (decor.floor[0][0] * 0.6, decor.floor[0][1] * 0.6, decor.floor[0][2] * 0.6))]  # fmt: skip
    for i in range(nx):
        for j in range(ny):
            base = decor.floor[(i + j) % 2]
            k = float(rng.uniform(0.94, 1.06))
            tint = (min(1.0, base[0] * k), min(1.0, base[1] * k), min(1.0, base[2] * k))
            things.append(_plain(x0 + (i + 0.5) * dx, y0 + (j + 0.5) * dy, -0.02, (dx - joint, dy - joint, 0.02), tint))
    return things


def _walls(store: Store, decor: Decor, rng: np.random.Generator, posters: int) -> list[Thing]:
    things = []
    outline = outline_of(store)
    middle = np.mean(np.array(outline), axis=0)
    for a, b in zip(outline, outline[1:] + outline[:1], strict=True):
        length, turn = math.dist(a, b), math.atan2(b[1] - a[1], b[0] - a[0])
        nx, ny = -math.sin(turn), math.cos(turn)
        inward = 1.0 if (middle[0] - a[0]) * nx + (middle[1] - a[1]) * ny > 0 else -1.0
        mx, my = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        out = -inward * WALL_M / 2
        things.append(
            _plain(mx + out * nx, my + out * ny, 0.0, (length + WALL_M, WALL_M, decor.ceiling_m), decor.wall, turn)
        )
        face = inward * 0.004
        if rng.random() < 0.5:
            at, high = float(rng.uniform(1.7, 2.2)), float(rng.uniform(0.1, 0.5))
            things.append(_plain(mx + face * nx, my + face * ny, at, (length, 0.01, high), decor.band, turn))
        facing = turn if inward < 0 else turn + math.pi  # a shape's front looks along -y
        for _ in range(int(rng.integers(0, 4)) if posters and length > 2.0 else 0):
            along = float(rng.uniform(0.15, 0.85)) * length
            x, y = a[0] + along * math.cos(turn) + 3 * face * nx, a[1] + along * math.sin(turn) + 3 * face * ny
            size = (float(rng.uniform(0.4, 0.9)), 0.01, float(rng.uniform(0.5, 1.0)))
            matrix = placed(x, y, float(rng.uniform(0.9, 1.5)), size, facing)
            things.append(Thing("box", int(rng.integers(posters)), matrix, 0))
    return things


def _ceiling(store: Store, decor: Decor) -> list[Thing]:
    corners = np.array(outline_of(store))
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    size = (x1 - x0 + 0.2, y1 - y0 + 0.2, 0.05)
    things = [_plain((x0 + x1) / 2, (y0 + y1) / 2, decor.ceiling_m, size, decor.ceiling)]
    for x, y, z in lamps_of(store, decor):
        things.append(_plain(float(x), float(y), float(z) + 0.02, (0.16, 1.0, 0.04), GLOW))
    return things


def _gondola(shelves: list[Shelf], fixture: Fixture, decor: Decor) -> list[Thing]:
    """Plinth, back, sides, boards with their rails; the boards carry the goods on their upper face."""
    turn = shelves[0].rotation_rad
    lowest, top = min(s.origin_m[2] for s in shelves), max(s.origin_m[2] for s in shelves)

    def at(u: float, v: float) -> tuple[float, float]:
        (cx, cy), (ax, ay), (bx, by) = fixture.corner, fixture.along, fixture.inward
        return (cx + u * ax + v * bx, cy + u * ay + v * by)

    long, deep, things = fixture.length_m, fixture.depth_m, []
    if lowest - BOARD_M > 0.02:
        things.append(_plain(*at(long / 2, deep / 2 + 0.02), 0.0, (long, deep - 0.04, lowest - BOARD_M), decor.plinth,
                             turn))  # fmt: skip
    things.append(_plain(*at(long / 2, deep - BACK_M / 2), 0.0, (long, BACK_M, top + 0.28), decor.back, turn))
    for u in (0.0, long):
        things.append(_plain(*at(u, deep - 0.05), 0.0, (0.03, 0.06, top + 0.28), decor.board, turn))
    for shelf in shelves:
        length, z, reach = shelf.length_m, shelf.origin_m[2], shelf.depth_m - BACK_M / 2
        x, y, _ = shelf.world(shelf.plate_edges_m[0] + length / 2, reach / 2)
        things.append(_plain(x, y, z - BOARD_M, (length, reach, BOARD_M - 0.001), decor.board, turn))
        x, y, _ = shelf.world(shelf.plate_edges_m[0] + length / 2, -0.004)
        things.append(_plain(x, y, z - RAIL_M, (length, 0.008, RAIL_M), decor.rail, turn))
        things += _price_tags(shelf, turn)
    return things


def _price_tags(shelf: Shelf, turn: float) -> list[Thing]:
    """White tags every hand's breadth on the rail."""
    count = max(1, int(shelf.length_m / 0.18))
    tags = []
    for k in range(count):
        x, y, _ = shelf.world(shelf.plate_edges_m[0] + (k + 0.5) * shelf.length_m / count, -0.0095)
        tags.append(_plain(x, y, shelf.origin_m[2] - RAIL_M + 0.004, (0.06, 0.003, 0.03), (0.9, 0.9, 0.88), turn))
    return tags


def _crates(store: Store, decor: Decor, rng: np.random.Generator) -> list[Thing]:
    """Boxes stacked at the walls, bins and stands: things about as large as people that are none."""
    corners = np.array(outline_of(store))
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    fixtures, things = fixtures_of(store), []
    for _ in range(decor.crates):
        size = (float(rng.uniform(0.25, 0.5)), float(rng.uniform(0.2, 0.35)), float(rng.uniform(0.2, 1.2)))
        side = float(rng.choice([x0 + 0.02 + size[0] / 2, x1 - 0.02 - size[0] / 2]))
        y = float(rng.uniform(y0 + 0.3, y1 - 0.3))
        if min((float(f.distance(np.array([side, y]))) for f in fixtures), default=1.0) < 0.75:
            continue
        turn, tint = float(rng.normal(0.0, 0.08)), _shade(rng, 0.05, 0.6, 0.8)
        shape: tuple[float, float, float] = (size[0], size[1], size[2])
        things.append(Thing("can" if rng.random() < 0.3 else "box", -1, placed(side, y, 0.0, shape, turn), 0, tint))
    return things
