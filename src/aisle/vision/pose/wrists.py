"""Aisle's own wrist finder: looks once more, closely, at each person a detector found.

The detector sees whole pictures made small; a hand there is a handful of pixels.  Here every person is cut out of the
full picture, with the difference to the empty shop and a mark on their own head, so that in a crowd it is clear whose
wrists are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.detectors.difference import difference
from aisle.vision.detectors.sessions import Engine, expect_input, open_session
from aisle.vision.seen import Bytes, FloatArray, Image, PeopleDetector, PeopleSeen

SIDE_PX: Final = 96
STRIDE: Final = 4
MARGIN: Final = 1.2
"""The cut-out is a square so much larger than the longer side of the person's box."""
HEAD_SIGMA: Final = 3.0
"""Of the mark on the head, in cut-out pixels."""
WRIST, OFFSET, HOLDING = 0, slice(1, 3), 3
CHANNELS: Final = 4
SHIPPED = Path(__file__).parent.parent / "models" / "wrists.onnx"
LEAST_SIDE_PX: Final = 18.0


class WristFinder:
    """Finds both wrists of people whose boxes and heads are known; `least` is the least score of a wrist."""

    def __init__(self, path: Path = SHIPPED, engine: Engine | None = None, least: float = 0.25) -> None:
        self._session = open_session(path, engine)
        self._name = expect_input(path, self._session, (None, SIDE_PX, SIDE_PX, 5))
        self._least = least

    def looked(self, image: Image, background: Image | None, seen: PeopleSeen) -> tuple[Bytes, FloatArray]:
        """The network's inputs (n, 96, 96, 5), and the affine maps (n, 2, 3) from picture to cut-out."""
        maps = cutouts(seen.boxes_px)
        out = np.empty((len(seen), SIDE_PX, SIDE_PX, 5), np.uint8)
        for entry, warp, head in zip(out, maps, seen.heads_px, strict=True):
            entry[..., :3] = _cut(image, warp)
            entry[..., 3] = difference(entry[..., :3], _cut(background, warp)) if background is not None else 0
            entry[..., 4] = head_mark(warp[:, :2] @ head + warp[:, 2])
        return out, maps

    def found(self, inputs: Bytes) -> npt.NDArray[np.float32]:
        """What the network says of inputs: (n, 4, 24, 24)."""
        if not len(inputs):
            return np.zeros((0, CHANNELS, SIDE_PX // STRIDE, SIDE_PX // STRIDE), np.float32)
        return np.asarray(self._session.run(None, {self._name: inputs})[0], np.float32)

    def wrists(self, told: npt.NDArray[np.float32], maps: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Wrists (n, 2, 2) in the picture's pixels, their scores (n, 2) and whether they hold something (n, 2)."""
        n = len(told)
        places, scores, holding = np.full((n, 2, 2), np.nan), np.zeros((n, 2)), np.full((n, 2), np.nan)
        for i, (maps_told, warp) in enumerate(zip(told, maps, strict=True)):
            back = np.linalg.inv(warp[:, :2])
            for k, (row, column, score) in enumerate(_best_two(maps_told[WRIST], self._least)):
                at = (np.array([column, row]) + 0.5 + np.clip(maps_told[OFFSET, row, column], -0.6, 0.6)) * STRIDE - 0.5
                places[i, k] = back @ (at - warp[:, 2])
                scores[i, k] = score
                holding[i, k] = 1.0 / (1.0 + np.exp(-float(maps_told[HOLDING, row, column])))
        return places, scores, holding


class CloseLook:
    """A detector of people whose hands are looked for a second time, in the full picture."""

    def __init__(self, detector: PeopleDetector, wrists: WristFinder) -> None:
        self._detector, self._wrists = detector, wrists

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        """See `PeopleDetector`."""
        people = self._detector.detect(images, backgrounds)
        parts = [self._wrists.looked(*given) for given in zip(images, backgrounds, people, strict=True)]
        told = self._wrists.found(
            np.concatenate([inputs for inputs, _ in parts]) if parts else np.zeros((0,), np.uint8)
        )
        out, start = [], 0
        for seen, (inputs, maps) in zip(people, parts, strict=True):
            places, scores, holding = self._wrists.wrists(told[start : start + len(inputs)], maps)
            start += len(inputs)
            out.append(replace(seen, hands_px=places, hand_scores=scores, holding=holding))
        return out


def cutouts(boxes_px: FloatArray) -> FloatArray:
    """Affine maps (n, 2, 3) that take the square about each box to the cut-out."""
    size = boxes_px[:, 2:] - boxes_px[:, :2]
    side = np.maximum(MARGIN * size.max(axis=1), LEAST_SIDE_PX) if len(boxes_px) else np.zeros(0)
    scale = SIDE_PX / side
    middle = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
    out = np.zeros((len(boxes_px), 2, 3))
    out[:, 0, 0] = out[:, 1, 1] = scale
    out[:, :, 2] = (SIDE_PX - 1) / 2 - scale[:, None] * middle
    return out


def head_mark(point: FloatArray) -> Bytes:
    """(96, 96) a bell at the head, 255 at its middle; nothing where the head is not known."""
    if not np.isfinite(point).all():
        return np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    axis = np.arange(SIDE_PX)
    bells = [np.exp(-((axis - p) ** 2) / (2 * HEAD_SIGMA**2)) for p in point]
    return np.asarray(255.0 * bells[1][:, None] * bells[0][None, :], np.uint8)


def _cut(picture: Image, warp: FloatArray) -> Bytes:
    size = (SIDE_PX, SIDE_PX)
    if warp[0, 0] < 0.6:  # shrunk by far: smooth first, or thin things flicker
        picture = np.asarray(cv2.blur(picture, (2, 2)), np.uint8)
    return np.asarray(cv2.warpAffine(picture, warp, size, flags=cv2.INTER_LINEAR), np.uint8)


def _best_two(logits: npt.NDArray[np.float32], least: float) -> list[tuple[int, int, float]]:
    """The two best peaks (row, column, probability) that are no nearer than two cells."""
    highest = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    cells = np.argwhere((logits >= highest) & (logits > np.log(least / (1.0 - least))))
    order = np.argsort(-logits[cells[:, 0], cells[:, 1]], kind="stable")
    out: list[tuple[int, int, float]] = []
    for row, column in cells[order].tolist():
        if all(max(abs(row - r), abs(column - c)) > 1 for r, c, _ in out):
            out.append((row, column, float(1.0 / (1.0 + np.exp(-float(logits[row, column]))))))
        if len(out) == 2:
            break
    return out
