"""Finds wrists with MoveNet Lightning ("Next-generation pose detection with MoveNet", 2021), a crop round each person.

The network tells 17 points of one person, each as y, x in shares of its square picture and a probability; points 9 and
10 are the wrists.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from aisle.vision.pose.hands import HandsSeen, LiteNetwork
from aisle.vision.seen import FloatArray, Image

SIDE_PX = 192
WRISTS = (9, 10)
ROOM = 1.25  # the square crop's side, in the longer side of the person's box


class MoveNetHands:
    """`HandFinder` by wrists; `least` is the smallest score told."""

    def __init__(self, model: Path, least: float = 0.2, threads: int = 1) -> None:
        self._network = LiteNetwork(model, (SIDE_PX, SIDE_PX), threads)
        self._least = least

    def hands(self, image: Image, boxes_px: FloatArray) -> HandsSeen:
        """See `HandFinder`."""
        seen = HandsSeen.none(len(boxes_px))
        for i, box in enumerate(boxes_px):
            points, scores = self.points(image, box)
            for slot, wrist in enumerate(WRISTS):
                if scores[wrist] >= self._least:
                    seen.hands_px[i, slot] = points[wrist]
                    seen.scores[i, slot] = scores[wrist]
        return seen

    def points(self, image: Image, box_px: FloatArray) -> tuple[FloatArray, FloatArray]:
        """All 17 points (17, 2) of the person in the box, in the picture's pixels, and their scores (17,)."""
        corner, side = square(box_px)
        told = self._network.run(square_crop(image, corner, side))[0].reshape(-1, 3)[:17].astype(np.float64)
        return corner + told[:, 1::-1] * side, told[:, 2]


def square(box_px: FloatArray) -> tuple[FloatArray, float]:
    """Upper left corner (2,) and side of the square round a box, in pixels; it may reach beyond the picture."""
    x0, y0, x1, y1 = (float(v) for v in box_px)
    side = max(ROOM * max(x1 - x0, y1 - y0), 2.0)
    return np.array([(x0 + x1 - side) / 2.0, (y0 + y1 - side) / 2.0]), side


def square_crop(image: Image, corner: FloatArray, side: float, side_px: int = SIDE_PX) -> Image:
    """(side_px, side_px, 3) red-green-blue; black where the square reaches beyond the picture."""
    scale = side_px / side
    to_crop = np.array([[scale, 0.0, -scale * corner[0]], [0.0, scale, -scale * corner[1]]])
    crop = cv2.warpAffine(image, to_crop, (side_px, side_px), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), dtype=np.uint8)
