"""A small room with a shelf, three goods and two plain people: what the tests of pictures draw."""

from __future__ import annotations

import math

import numpy as np

from aisle.simulation.pictures.packages import package_of
from aisle.simulation.pictures.scene import (
    BODY,
    FIRST_ITEM,
    HEAD,
    RIGHT_HAND,
    Figure,
    Float32,
    Light,
    Scene,
    Thing,
)
from aisle.store.geometry import look_at
from aisle.store.model import Camera, Product

GOODS = (
    Product("2000000001043", "Cola can 330 ml", 348.0, brand="Kestrel", category="drinks", width_m=0.066),
    Product("2000000001074", "Apple juice 1 l", 1072.0, brand="Old Orchard", category="drinks", width_m=0.072),
    Product("2000000002019", "Salted crisps 150 g", 163.0, brand="Harbour Lane", category="snacks", width_m=0.16),
    Product("2000000001012", "Still water 0.5 l", 524.0, brand="Brook & Fell", category="drinks", width_m=0.065),
)
LIGHT = Light(
    (0.35, 0.35, 0.37),
    (0.5, -0.6, 0.62),
    (0.2, 0.19, 0.17),
    np.array([(1.0, 1.0, 2.5), (3.0, 1.0, 2.5), (2.0, 3.0, 2.5)], dtype=np.float32),
    (1.8, 1.75, 1.65),
)
LENS = (-0.28, 0.09, 0.0006, -0.0008)


def camera(
    position_m: tuple[float, float, float] = (0.4, 0.4, 2.3),
    target_m: tuple[float, float, float] = (2.2, 2.6, 0.8),
    size_px: tuple[int, int] = (320, 180),
    across_deg: float = 78.0,
    distortion: tuple[float, ...] = (),
) -> Camera:
    focal = size_px[0] / 2 / math.tan(math.radians(across_deg) / 2)
    centre = ((size_px[0] - 1) / 2, (size_px[1] - 1) / 2)
    return Camera("c", "x", size_px, (focal, focal), centre, position_m, look_at(position_m, target_m), distortion)


def box(
    middle_m: tuple[float, float, float], size_m: tuple[float, float, float], ident: int = 0, **more: object
) -> Thing:
    """An upright box on `middle_m` (middle of its foot)."""
    matrix = np.diag([*size_m, 1.0]).astype(np.float32)
    matrix[:3, 3] = middle_m
    return Thing("box", -1, matrix, ident, **more)  # type: ignore[arg-type]


def building() -> tuple[Thing, ...]:
    return (
        box((2.0, 2.0, -0.05), (4.2, 4.2, 0.05), tint=(0.4, 0.38, 0.35)),
        box((2.0, 4.05, 0.0), (4.2, 0.1, 2.6), tint=(0.7, 0.7, 0.72)),
        box((4.05, 2.0, 0.0), (0.1, 4.2, 2.6), tint=(0.7, 0.68, 0.65)),
        box((2.2, 3.2, 0.0), (1.2, 0.4, 0.35), tint=(0.1, 0.1, 0.12)),
        box((2.2, 3.2, 0.73), (1.2, 0.4, 0.02), tint=(0.8, 0.8, 0.8)),
        box((2.2, 3.41, 0.0), (1.2, 0.02, 1.2), tint=(0.5, 0.5, 0.55)),
    )


def goods() -> tuple[Thing, ...]:
    """Two rows of each product, on the plinth and on the board."""
    things = []
    for board, height in enumerate((0.35, 0.75)):
        for place, product in enumerate(GOODS):
            for row in range(2):
                package = package_of(product)
                matrix = package.standing((1.75 + 0.3 * place, 3.08 + 0.1 * row, height), 0.05 * place)
                things.append(Thing(package.shape, place, matrix, FIRST_ITEM + 8 * board + 2 * place + row))
    return tuple(things)


def person(number: int, x_m: float, y_m: float) -> Figure:
    """Three ellipsoids: body, head and one hand."""
    parts = [
        ((0.0, 0.0, 0.75), (0.24, 0.16, 0.75), (0.2, 0.25, 0.5), 1.0, BODY),
        ((0.0, 0.0, 1.62), (0.1, 0.11, 0.14), (0.12, 0.07, 0.05), 2.0, HEAD),
        ((0.32, 0.1, 0.95), (0.05, 0.05, 0.09), (0.6, 0.4, 0.3), 0.0, RIGHT_HAND),
    ]
    ball, normals, triangles = _ball()
    n = len(ball)
    points = np.concatenate([ball * radii + middle for middle, radii, *_ in parts]).astype(np.float32)
    turned = np.concatenate([normals / radii for _, radii, *_ in parts])
    return Figure(
        number,
        points + np.array([x_m, y_m, 0.0], dtype=np.float32),
        (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32),
        np.repeat(np.array([colour for _, _, colour, *_ in parts], dtype=np.float32), n, axis=0),
        points,
        np.repeat(np.array([cloth for *_, cloth, _ in parts], dtype=np.float32), n),
        np.repeat(np.array([part for *_, part in parts], dtype=np.uint8), n),
        np.concatenate([triangles + k * n for k in range(len(parts))]).astype(np.int32),
    )


def _ball() -> tuple[Float32, Float32, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    rows, columns = 10, 16
    up, round_ = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, rows + 1), np.linspace(0, 2 * np.pi, columns + 1), indexing="ij"
    )
    points = np.stack([np.cos(up) * np.cos(round_), np.cos(up) * np.sin(round_), np.sin(up)], axis=-1).reshape(-1, 3)
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    faces = np.concatenate(
        [
            np.stack([first, first + 1, first + columns + 2], axis=1),
            np.stack([first, first + columns + 2, first + columns + 1], axis=1),
        ]
    )
    return points.astype(np.float32), points.astype(np.float32), faces


def shop(version: int = 1, without: int | None = None, figures: tuple[Figure, ...] | None = None) -> Scene:
    """The room; `without` leaves one item (by ident) out."""
    fixed = (*building(), *(thing for thing in goods() if thing.ident != without))
    carried = box((1.5, 2.2, 1.0), (0.08, 0.06, 0.15), FIRST_ITEM + 90, tint=(0.8, 0.2, 0.1))
    people = (person(0, 1.2, 1.6), person(1, 2.6, 2.4)) if figures is None else figures
    return Scene(fixed, version, (carried,), people, LIGHT)
