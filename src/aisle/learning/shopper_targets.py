"""What the shopper network should say of a labelled picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.learning.picture_set import LabelledPerson
from aisle.store.model import FloatArray
from aisle.vision.detectors.shopper_layout import HAND, HEAD, STRIDE, UNIT_PX
from aisle.vision.seen import Float32

LEAST_VISIBLE = 0.12
"""Of whom less is seen, nothing is asked: neither to be found nor to be left out."""


@dataclass(frozen=True, slots=True)
class Targets:
    """For one picture: `heat` (2, h, w), `ask` (2, h, w) 0 where nothing is asked, and the cells that tell more.

    `heads` and `hands` are rows of (row, column, values...): box 4, feet 2, offset 2 / offset 2, owner 2, holding.
    """

    heat: Float32
    ask: Float32
    heads: Float32
    hands: Float32


def targets(people: Sequence[LabelledPerson], warp: FloatArray, size_px: tuple[int, int]) -> Targets:
    """Targets for people whose labels the affine `warp` (2, 3) takes to network pixels."""
    w, h = size_px[0] // STRIDE, size_px[1] // STRIDE
    heat, ask = np.zeros((2, h, w), np.float32), np.ones((2, h, w), np.float32)
    heads, hands = [], []
    for person in people:
        x0, y0, x1, y1 = person.box
        corners = _moved(np.array([(x0, y0), (x1, y0), (x0, y1), (x1, y1)]), warp)
        box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
        box = np.clip(box, 0, [*size_px, *size_px])
        if (box[2:] - box[:2]).min() < 3:
            continue
        points = _moved(np.array([person.head, person.feet, *person.wrists]), warp)
        head, feet = points[0], points[1]
        length = float(np.hypot(*(box[2:] - box[:2])))
        row, column = _cell(head)
        inside = 0 <= row < h and 0 <= column < w
        if not inside or person.visible < LEAST_VISIBLE or not person.head_visible:
            _unasked(ask[HEAD], box)
        if inside and person.visible >= LEAST_VISIBLE and person.head_visible:
            _blob(heat[HEAD], head, float(np.clip(0.045 * length / STRIDE, 0.9, 2.6)))
            towards = np.array([head[0] - box[0], head[1] - box[1], box[2] - head[0], box[3] - head[1]]) / UNIT_PX
            heads.append([row, column, *towards, *((feet - head) / UNIT_PX), *_offset(head)])
        for hand, seen, holds in zip(points[2:], person.wrists_visible, person.holding, strict=True):
            row, column = _cell(hand)
            if not (0 <= row < h and 0 <= column < w):
                continue
            if not seen:
                around = np.array([*(hand - 0.06 * length - 4), *(hand + 0.06 * length + 4)])
                _unasked(ask[HAND], around)
                continue
            _blob(heat[HAND], hand, float(np.clip(0.025 * length / STRIDE, 0.8, 1.6)))
            hands.append([row, column, *_offset(hand), *((head - hand) / UNIT_PX), float(holds is not None)])
    ask[heat > 0.5] = 1.0
    return Targets(
        heat,
        ask,
        np.array(heads, np.float32).reshape(-1, 10),
        np.array(hands, np.float32).reshape(-1, 7),
    )


def _moved(points: FloatArray, warp: FloatArray) -> FloatArray:
    return np.asarray(points @ warp[:, :2].T + warp[:, 2])


def _cell(point: FloatArray) -> tuple[int, int]:
    column, row = np.floor((point + 0.5) / STRIDE).astype(int)
    return int(row), int(column)


def _offset(point: FloatArray) -> list[float]:
    """From the middle of the cell, in cells: -0.5 to 0.5."""
    at = (point + 0.5) / STRIDE
    return [float(v) for v in at - np.floor(at) - 0.5]


def _blob(heat: Float32, point: FloatArray, sigma: float) -> None:
    row, column = _cell(point)
    h, w = heat.shape
    r = int(3 * sigma) + 1
    r0, r1, c0, c1 = max(0, row - r), min(h, row + r + 1), max(0, column - r), min(w, column + r + 1)
    y, x = np.mgrid[r0:r1, c0:c1]
    bell = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)).astype(np.float32)
    np.maximum(heat[r0:r1, c0:c1], bell, out=heat[r0:r1, c0:c1])


def _unasked(ask: Float32, box: FloatArray) -> None:
    c0, r0, c1, r1 = np.clip(np.round(box / STRIDE), 0, None).astype(int)
    ask[r0 : r1 + 1, c0 : c1 + 1] = 0.0
