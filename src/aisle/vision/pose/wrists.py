"""Aisle's own wrist finder: looks once more, closely, at each person a detector found.

The detector sees whole pictures made small; a hand there is a handful of pixels.  Here every person is cut out of the
full picture, with the difference to the empty shop and a mark on their own head, so that in a crowd it is clear whose
wrists are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

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
WRIST, OFFSET, SPREAD, HOLDING, SHOWN = 0, slice(1, 3), 3, 4, 5
CHANNELS: Final = 6
SHIPPED = Path(__file__).parent.parent / "models" / "wrists.onnx"
TRUST: Final = (0.48, 0.25, 1.91)
"""Log odds that a peak is right: fixed part, and weights of the log odds of a wrist that shows and of any wrist."""
LEAST_SIDE_PX: Final = 18.0
MOST_WAY: Final = 3.0
"""Cells: so far from a peak its wrist may be."""


class Wrists(NamedTuple):
    """Both wrists of n people: places (n, 2, 2), standard deviations per axis (n, 2), probabilities that they are
    wrists of that person (n, 2) and that they hold something (n, 2)."""

    places_px: FloatArray
    sigma_px: FloatArray
    scores: FloatArray
    holding: FloatArray


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
        """What the network says of inputs: (n, 6, 24, 24)."""
        if not len(inputs):
            return np.zeros((0, CHANNELS, SIDE_PX // STRIDE, SIDE_PX // STRIDE), np.float32)
        return np.asarray(self._session.run(None, {self._name: inputs})[0], np.float32)

    def wrists(self, told: npt.NDArray[np.float32], maps: FloatArray) -> Wrists:
        """The two likeliest wrists of each of n people, in the picture's pixels."""
        n = len(told)
        out = Wrists(np.full((n, 2, 2), np.nan), np.full((n, 2), np.nan), np.zeros((n, 2)), np.full((n, 2), np.nan))
        for i, (maps_told, warp) in enumerate(zip(told, maps, strict=True)):
            back = np.linalg.inv(warp[:, :2])
            for k, (row, column, score) in enumerate(_best_two(maps_told[WRIST], self._least)):
                way = np.clip(maps_told[OFFSET, row, column], -MOST_WAY, MOST_WAY)
                at = (np.array([column, row]) + 0.5 + way) * STRIDE - 0.5
                out.places_px[i, k] = back @ (at - warp[:, 2])
                spread = np.exp(np.clip(float(maps_told[SPREAD, row, column]), -3.0, 3.0))
                out.sigma_px[i, k] = np.sqrt(2.0) * spread * STRIDE * back[0, 0]
                out.scores[i, k] = _trust(
                    score, maps_told[SHOWN, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
                )
                out.holding[i, k] = 1.0 / (1.0 + np.exp(-float(maps_told[HOLDING, row, column])))
        return out


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
            found = self._wrists.wrists(told[start : start + len(inputs)], maps)
            start += len(inputs)
            hands = {"hands_px": found.places_px, "hand_sigma_px": found.sigma_px, "hand_scores": found.scores}
            out.append(replace(seen, **hands, holding=found.holding))
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


def _trust(score: float, shown: npt.NDArray[np.float32]) -> float:
    """How probably a peak is right: by its own score, and by whether the network sees a wrist there or guesses."""
    base, by_shown, by_score = TRUST
    odds = base + by_shown * float(shown.max()) + by_score * float(np.log(score / (1.0 - score)))
    return float(1.0 / (1.0 + np.exp(-odds)))


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
