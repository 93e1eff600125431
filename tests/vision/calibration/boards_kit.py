"""Pictures of boards and tags as a camera with a known lens and pose would take them: traced ray by ray."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from aisle.store.geometry import look_at, rotation_matrix, undistorted
from aisle.store.model import Camera, FloatArray
from aisle.vision.seen import Image

FINER = 2  # rays a pixel and axis
FLOOR_GREY, PAPER, INK = 120.0, 235.0, 20.0


@dataclass(frozen=True)
class Surface:
    """A printed rectangle in space: `origin_m` its upper left corner, unit axes, size, and grey values by place."""

    origin_m: FloatArray
    right: FloatArray
    down: FloatArray
    size_m: tuple[float, float]
    grey: Callable[[FloatArray, FloatArray], FloatArray]


def lens_camera(
    position_m: tuple[float, float, float] = (0.4, 0.4, 2.6),
    target_m: tuple[float, float, float] = (3.0, 2.8, 0.4),
    size_px: tuple[int, int] = (640, 480),
    distortion: tuple[float, ...] = (-0.14, 0.04, 0.0008, -0.0006),
) -> Camera:
    """A ceiling camera with a bent lens."""
    return Camera(
        "c1", "0", size_px, (455.0, 452.0), (322.5, 236.0), position_m, look_at(position_m, target_m), distortion
    )


def picture_of(
    camera: Camera, surfaces: Sequence[Surface], generator: np.random.Generator, noise: float = 2.0
) -> Image:
    """What the camera sees, with sensor noise; surfaces hide nothing of one another."""
    directions = _rays(camera) @ rotation_matrix(camera.rotation_vector)
    grey = np.full(directions.shape[0], FLOOR_GREY)
    for s in surfaces:
        normal = np.cross(s.right, s.down)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = ((s.origin_m - np.asarray(camera.position_m)) @ normal) / (directions @ normal)
        there = np.asarray(camera.position_m) + far[:, None] * directions - s.origin_m
        x, y = there @ s.right, there @ s.down
        on = (far > 0) & (x >= 0) & (x < s.size_m[0]) & (y >= 0) & (y < s.size_m[1])
        grey[on] = s.grey(x[on], y[on])
    width, height = camera.size_px
    fine = grey.reshape(height * FINER, width * FINER)
    mean = cv2.GaussianBlur(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), (0, 0), 0.6)
    noisy = np.clip(mean + generator.normal(0.0, noise, mean.shape), 0, 255).astype(np.uint8)
    return np.repeat(noisy[:, :, None], 3, axis=2)


def checkerboard_surface(
    columns: int, rows: int, square_m: float, corner_m: FloatArray, right: FloatArray, down: FloatArray
) -> Surface:
    """A board with white rim whose first inner corner is at `corner_m`; the square outside it is black."""

    def grey(x: FloatArray, y: FloatArray) -> FloatArray:
        i, j = np.floor(x / square_m).astype(int) - 1, np.floor(y / square_m).astype(int) - 1
        inside = (i >= 0) & (i <= columns) & (j >= 0) & (j <= rows)
        return np.where(inside & ((i + j) % 2 == 0), INK, PAPER)

    origin = corner_m - 2 * square_m * (right + down)
    return Surface(origin, right, down, ((columns + 3) * square_m, (rows + 3) * square_m), grey)


def tag_surface(ident: int, corners_m: FloatArray, family: str = "36h11") -> Surface:
    """A printed tag with a white rim; corners from the upper left one clockwise."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_APRILTAG_{family}"))
    cells = np.asarray(cv2.aruco.generateImageMarker(dictionary, ident, dictionary.markerSize + 2), dtype=np.float64)
    side = float(np.linalg.norm(corners_m[1] - corners_m[0]))
    right, down = (corners_m[1] - corners_m[0]) / side, (corners_m[3] - corners_m[0]) / side
    cell, rim = side / len(cells), side * 0.2

    def grey(x: FloatArray, y: FloatArray) -> FloatArray:
        i, j = np.floor((x - rim) / cell).astype(int), np.floor((y - rim) / cell).astype(int)
        inside = (i >= 0) & (i < len(cells)) & (j >= 0) & (j < len(cells))
        black = cells[np.clip(j, 0, len(cells) - 1), np.clip(i, 0, len(cells) - 1)] < 128
        return np.where(inside & black, INK, PAPER)

    return Surface(corners_m[0] - rim * (right + down), right, down, (side + 2 * rim,) * 2, grey)


def held_board(camera: Camera, generator: np.random.Generator, columns: int, rows: int, square_m: float) -> Surface:
    """The board held somewhere before the camera, tilted, wholly in the picture nearly always."""
    R = rotation_matrix(camera.rotation_vector)
    tilt = rotation_matrix(tuple(generator.uniform(-0.55, 0.55, 3)))
    far = generator.uniform(1.0, 1.7) * columns * square_m
    across = generator.uniform(-0.55, 0.55, 2) * np.asarray(camera.size_px) / np.asarray(camera.focal_px) / 2.2 * far
    middle = np.array([across[0], across[1], far])
    right, down = tilt[:, 0], tilt[:, 1]
    corner = middle - right * (columns - 1) * square_m / 2 - down * (rows - 1) * square_m / 2
    to_floor = R.T
    return checkerboard_surface(
        columns, rows, square_m, to_floor @ corner + np.asarray(camera.position_m), to_floor @ right, to_floor @ down
    )


@cache
def _rays_of(
    size: tuple[int, int], focal: tuple[float, float], centre: tuple[float, float], bend: tuple[float, ...]
) -> FloatArray:
    camera = Camera("", "", size, focal, centre, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), bend)
    u, v = ((np.arange(n * FINER) + 0.5) / FINER - 0.5 for n in size)
    pixels = np.stack(np.meshgrid(u, v), axis=2).reshape(-1, 2)
    points = undistorted(camera, pixels, rounds=8)
    return np.concatenate([points, np.ones((len(points), 1))], axis=1)


def _rays(camera: Camera) -> FloatArray:
    """(n, 3) in the camera's own frame, row by row."""
    return _rays_of(camera.size_px, camera.focal_px, camera.centre_px, camera.distortion)
