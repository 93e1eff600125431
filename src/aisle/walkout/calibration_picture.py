"""The picture that shows a person at a glance whether a camera's pose fits: the shop drawn over what the camera sees.

A floor grid of one metre, the outlines of gondolas and their shelves, every measured place with its reprojection, and
the ellipses within which the calibration leaves places on the floor.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray, Store
from aisle.vision.calibration.pose import PoseFit
from aisle.vision.calibration.quality import FloorError, seen_floor
from aisle.vision.seen import Image
from aisle.walkout.view.canvas import Canvas, Rect, circle
from aisle.walkout.view.floor_plan import footprint, gondola_outlines
from aisle.walkout.view.theme import (
    CARD,
    ERROR_MARK,
    GOOD_MARK,
    INK,
    NOW_MARK,
    PAPER,
    SMALL,
    STRONG,
    UNSURE_MARK,
    Colour,
)

STEP_M = 0.1  # lines are bent by the lens, so they are drawn in pieces
DIM = 0.35
SMALLEST_PX = 1280  # a small picture is enlarged so that the drawing can be read
MOST_NAMES = 24


def draw_fit(image: Image, fit: PoseFit, error: FloorError, store: Store, said: str) -> Image:
    """The camera's picture, darkened a little, with everything drawn over it and `said` in a line above."""
    camera = fit.camera
    scale = max(1.0, SMALLEST_PX / camera.size_px[0])
    canvas = Canvas((float(camera.size_px[0]), float(camera.size_px[1])), PAPER, scale)
    whole = Rect(0.0, 0.0, float(camera.size_px[0]), float(camera.size_px[1]))
    canvas.picture(image, whole)
    canvas.fill(whole, PAPER, alpha=DIM)
    pen = 1.0 / scale * max(1.0, scale * camera.size_px[0] / 1280)
    _draw_grid(canvas, camera, store, pen)
    for gondola, outline in gondola_outlines(store).items():
        top = max(shelf.origin_m[2] for shelf in store.shelves if shelf.gondola == gondola)
        _draw_path(canvas, camera, _lifted(outline, 0.0), NOW_MARK, 2.0 * pen, closed=True)
        for x, y in outline:
            _draw_path(canvas, camera, np.array([[x, y, 0.0], [x, y, top]]), NOW_MARK, 1.0 * pen)
    for shelf in store.shelves:
        _draw_path(canvas, camera, _lifted(footprint(shelf), shelf.origin_m[2]), NOW_MARK, 1.0 * pen, closed=True)
    for middle, (a, b, turned) in zip(error.places_m, error.ellipses(), strict=True):
        turn = np.array([[math.cos(turned), -math.sin(turned)], [math.sin(turned), math.cos(turned)]])
        around = middle + (circle((0.0, 0.0), 1.0, 32) * (a, b)) @ turn.T
        _draw_path(canvas, camera, _lifted(around, 0.0), UNSURE_MARK, 1.5 * pen, closed=True)
    _draw_places(canvas, fit, pen)
    _draw_line(canvas, whole, said, pen)
    return canvas.image


def _lifted(points_m: FloatArray, height_m: float) -> FloatArray:
    return np.column_stack([points_m, np.full(len(points_m), height_m)])


def _draw_path(
    canvas: Canvas, camera: Camera, points_m: FloatArray, colour: Colour, width: float, *, closed: bool = False
) -> None:
    """A line through places of the shop, as the lens bends it; what lies behind the camera or far aside is left out."""
    corners = np.concatenate([points_m, points_m[:1]]) if closed else points_m
    pieces = [corners[:1]]
    for a, b in itertools.pairwise(corners):
        count = max(1, math.ceil(float(np.linalg.norm(b - a)) / STEP_M))
        pieces.append(a + (np.arange(1, count + 1) / count)[:, None] * (b - a))
    pixels = project(camera, np.concatenate(pieces))
    size = np.asarray(camera.size_px)
    with np.errstate(invalid="ignore"):
        near = np.all((pixels > -0.5 * size) & (pixels < 1.5 * size), axis=1)
    canvas.line(np.where(near[:, None], pixels, np.nan), colour, width)


def _draw_grid(canvas: Canvas, camera: Camera, store: Store, pen: float) -> None:
    lattice = seen_floor(camera, store.floor_m)
    if not len(lattice):
        return
    low, high = lattice.min(axis=0), lattice.max(axis=0)
    if store.floor_m:
        low, high = np.min(store.floor_m, axis=0), np.max(store.floor_m, axis=0)
    for x in range(math.ceil(low[0]), math.floor(high[0]) + 1):
        _draw_path(canvas, camera, np.array([[x, low[1], 0.0], [x, high[1], 0.0]]), INK, 0.7 * pen)
    for y in range(math.ceil(low[1]), math.floor(high[1]) + 1):
        _draw_path(canvas, camera, np.array([[low[0], y, 0.0], [high[0], y, 0.0]]), INK, 0.7 * pen)
    for (x, y), (u, v) in zip(lattice, project(camera, _lifted(lattice, 0.0)), strict=True):
        canvas.text((float(u) + 4 * pen, float(v) - 8 * pen), f"{x:.0f}, {y:.0f}", INK, 11 * pen)


def _draw_places(canvas: Canvas, fit: PoseFit, pen: float) -> None:
    places = fit.places
    projected = project(fit.camera, places.points_m)
    for k, name in enumerate(places.names):
        (u, v), (pu, pv) = places.pixels[k].tolist(), projected[k].tolist()
        colour = GOOD_MARK if fit.inlier[k] else ERROR_MARK
        if math.isfinite(pu):
            canvas.line([(u, v), (pu, pv)], colour, 1.5 * pen)
            for dx, dy in ((1, 1), (1, -1)):
                canvas.line(
                    [(pu - 5 * pen * dx, pv - 5 * pen * dy), (pu + 5 * pen * dx, pv + 5 * pen * dy)], colour, 1.5 * pen
                )
        canvas.ring((u, v), 6.0 * pen, colour, 1.8 * pen)
        first = k == 0 or places.group[k] != places.group[k - 1]
        if first and (len(places) <= MOST_NAMES or not fit.inlier[k]):
            canvas.text((u + 9 * pen, v + 9 * pen), name, colour, SMALL * pen, STRONG)


def _draw_line(canvas: Canvas, whole: Rect, said: str, pen: float) -> None:
    high = 30.0 * pen
    canvas.fill(Rect(0.0, 0.0, whole.width, high), CARD, alpha=0.88)
    canvas.text((10.0 * pen, high / 2), said, INK, SMALL * pen, 500, room=whole.width - 20 * pen)
