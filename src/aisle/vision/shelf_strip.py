"""A shelf's goods as one camera sees them, brought to a fixed scale: a strip along the shelf, board to board.

The strip lies in the plane of the goods' fronts.  For each of its pixels it is known where in the picture it comes
from, so that what hides a part of it (a person's box) hides just those columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from aisle.store.geometry import project
from aisle.store.model import Camera, Shelf, Store
from aisle.vision.seen import Flags, Float32, FloatArray, Image

PX_PER_M = 64.0
FRONT_M = 0.05
"""Goods are faced up about so far behind the board's edge."""
LEAST_PX_PER_M = 22.0
"""A camera in which a metre of shelf is shorter than this tells nothing of single goods."""
LEAST_HEIGHT_PX = 5.0


@dataclass(frozen=True, slots=True)
class Strip:
    """`from_px` (h, w, 2) is where each strip pixel lies in the picture; `inside` (w,) whether a column is in it whole.

    Column j is the stretch of shelf about `along_m[j]` (x of `Shelf.local`); `scale` is the picture's pixels per metre.
    """

    from_px: Float32
    inside: Flags
    along_m: FloatArray
    scale: float

    def of(self, picture: Image) -> Image:
        """The strip (h, w, 3) cut from a picture."""
        x, y = cv2.split(self.from_px)
        return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR), np.uint8)

    def clear(self, boxes_px: FloatArray) -> Flags:
        """(w,) columns that no box (n, 4) touches."""
        free = self.inside.copy()
        x, y = self.from_px[..., 0], self.from_px[..., 1]
        for x0, y0, x1, y1 in boxes_px.tolist():
            free &= ~((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).any(axis=0)
        return free


def strip_of(camera: Camera, shelf: Shelf, height_m: float) -> Strip | None:
    """The strip of a shelf in a camera; None when the camera cannot tell goods there: behind it, outside, too small."""
    eye = shelf.local(np.asarray(camera.position_m)[None])[0]
    if eye[1] > -0.25:  # from behind or from the side the fronts are not seen
        return None
    edges = shelf.plate_edges_m
    width, height = max(8, round(shelf.length_m * PX_PER_M)), max(4, round(height_m * PX_PER_M))
    along = edges[0] + (np.arange(width) + 0.5) / PX_PER_M
    up = height_m - (np.arange(height) + 0.5) / PX_PER_M
    grid = np.array([shelf.world(float(x), FRONT_M, float(z)) for z in up for x in along])
    pixels = project(camera, grid).reshape(height, width, 2)
    if not np.isfinite(pixels).all():
        return None
    size = np.asarray(camera.size_px)
    inside = np.asarray(((pixels >= 2) & (pixels < size - 2)).all(axis=(0, 2)))
    if inside.sum() < 8:
        return None
    middle = pixels[height // 2][inside]
    scale = float(np.hypot(*np.diff(middle, axis=0).T).mean() * PX_PER_M)
    tall = float(np.hypot(*(pixels[0] - pixels[-1])[inside].T).mean())
    if scale < LEAST_PX_PER_M or tall < LEAST_HEIGHT_PX:
        return None
    return Strip(np.ascontiguousarray(pixels, np.float32), inside, np.asarray(along, np.float64), scale)


def clear_heights_m(shelves: Sequence[Shelf], tallest_m: float = 0.26) -> list[float]:
    """How high goods may stand on each shelf: up to the next board of its gondola, `tallest_m` at most."""
    out = []
    for shelf in shelves:
        above = [
            s.origin_m[2] - shelf.origin_m[2]
            for s in shelves
            if s.gondola == shelf.gondola and s.origin_m[2] > shelf.origin_m[2] + 0.05
        ]
        out.append(min(tallest_m, min(above, default=tallest_m) - 0.03))
    return out


def strips_of(store: Store) -> dict[tuple[str, int], Strip]:
    """(camera id, index of the shelf) -> its strip, for every pair in which goods can be told."""
    heights = clear_heights_m(store.shelves)
    out = {}
    for camera in store.cameras:
        for index, (shelf, height) in enumerate(zip(store.shelves, heights, strict=True)):
            strip = strip_of(camera, shelf, height)
            if strip is not None:
                out[camera.camera_id, index] = strip
    return out
