"""What stands between a camera and a place: the shop's own boards with their goods, and people.

Good enough to choose a camera by; no picture is needed for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aisle.store.model import Camera, FloatArray, Shelf
from aisle.vision.tracking.people import FloorPeople

BODY_M = 0.20  # radius of a body
CROWN_M = 0.12  # from the middle of the head up
GOODS_M = 0.30  # goods stand so high on a board
INSET_M = 0.03  # what is so near to a board's front edge hides nothing
Point = tuple[float, float, float]


def free_of_people(camera: Camera, place_m: Point, floors: Sequence[FloorPeople]) -> float:
    """Of so many moments (0 to 1), nobody's body stood between the camera and the place; 1 when there are none."""
    if not floors:
        return 1.0
    hidden = sum(bool(_hidden(camera, place_m, floor)) for floor in floors if len(floor))
    return 1.0 - hidden / len(floors)


def behind_shelves(camera: Camera, place_m: Point, shelves: Sequence[Shelf]) -> bool:
    """Whether a board and what stands on it lie between the camera and the place."""
    return any(_crosses(shelf, np.asarray(camera.position_m), np.asarray(place_m)) for shelf in shelves)


def _hidden(camera: Camera, place_m: Point, floor: FloorPeople) -> bool:
    eye, place = np.asarray(camera.position_m), np.asarray(place_m)
    way = (place - eye)[:2]
    along = (floor.positions_m - eye[:2]) @ way / max(1e-9, float(way @ way))
    along = np.clip(along, 0.0, 1.0)
    nearest = eye[:2] + along[:, None] * way
    beside = np.hypot(*(floor.positions_m - nearest).T)
    height = eye[2] + along * (place[2] - eye[2])
    return bool(np.any((beside < BODY_M) & (height < floor.heads_m[:, 2] + CROWN_M)))


def _crosses(shelf: Shelf, eye: FloatArray, place: FloatArray) -> bool:
    """Slab test: does the segment pass through the board's box?"""
    a, b = shelf.local(np.stack([eye, place]))
    low = np.array([shelf.plate_edges_m[0], INSET_M, 0.0])
    high = np.array([shelf.plate_edges_m[-1], shelf.depth_m, GOODS_M])
    way = b - a
    way = np.where(np.abs(way) < 1e-12, 1e-12, way)
    enter, leave = np.minimum((low - a) / way, (high - a) / way), np.maximum((low - a) / way, (high - a) / way)
    return bool(max(0.0, float(enter.max())) < min(1.0, float(leave.min())))
