"""Finds palms with MediaPipe's palm detector (F. Zhang et al., "MediaPipe Hands: on-device real-time hand tracking",
2020): for hands near the camera whose owner is not in the picture, as at a cart or a shelf edge.

For each of 2,944 anchors the 256 pixel network tells a score and a box relative to it.  Anchors are the cells of grids
of 8, 16 and three times 32 pixels, two of them a cell.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aisle.vision.detectors.objects import surest
from aisle.vision.pose.hands import HandsSeen, LiteNetwork
from aisle.vision.pose.movenet import square, square_crop
from aisle.vision.seen import FloatArray, Image

SIDE_PX = 256
STRIDES = (8, 16, 32, 32, 32)
TOLD = 18  # x, y, width, height, seven points
DOUBLES = 0.3  # palms that overlap by more are one


class PalmFinder:
    """`HandFinder` by palms; the two surest palms in a person's box are the person's."""

    def __init__(self, model: Path, least: float = 0.5, threads: int = 1) -> None:
        self._network = LiteNetwork(model, (SIDE_PX, SIDE_PX), threads)
        self._least = least
        self._anchors = anchors()

    def palms(self, image: Image, around_px: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Boxes (n, 4) and scores (n,) of palms, the surest first; `around_px` (4,) narrows the look to a square."""
        whole = (np.zeros(2), float(max(image.shape[:2])))
        corner, side = whole if around_px is None else square(around_px)
        told = self._network.run(square_crop(image, corner, side, SIDE_PX))
        boxes = next(t for t in told if t.size == len(self._anchors) * TOLD).reshape(-1, TOLD)
        logits = next(t for t in told if t.size == len(self._anchors)).reshape(-1).astype(np.float64)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -50.0, 50.0)))
        use = scores >= self._least
        found = decoded(boxes[use].astype(np.float64), self._anchors[use])
        kept = surest(found, scores[use], DOUBLES)
        return np.concatenate([corner, corner]) + found[kept] * (side / SIDE_PX), scores[use][kept]

    def hands(self, image: Image, boxes_px: FloatArray) -> HandsSeen:
        """See `HandFinder`."""
        seen = HandsSeen.none(len(boxes_px))
        for i, box in enumerate(boxes_px):
            palms, scores = self.palms(image, box)
            for slot in range(min(2, len(palms))):
                seen.hands_px[i, slot] = 0.5 * (palms[slot, :2] + palms[slot, 2:])
                seen.scores[i, slot] = scores[slot]
        return seen


def anchors() -> FloatArray:
    """(2944, 2) the middles of the network's anchors, in its pixels: neighbouring grids of one width share a cell."""
    out = []
    for stride in dict.fromkeys(STRIDES):
        cells = SIDE_PX // stride
        y, x = np.mgrid[0:cells, 0:cells]
        middles = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride
        out.append(np.repeat(middles, 2 * STRIDES.count(stride), axis=0))
    return np.concatenate(out).astype(np.float64)


def decoded(told: FloatArray, middles: FloatArray) -> FloatArray:
    """(n, 4) boxes in the network's pixels."""
    middle = middles + told[:, :2]
    half = 0.5 * np.maximum(told[:, 2:4], 0.0)
    return np.concatenate([middle - half, middle + half], axis=1)
