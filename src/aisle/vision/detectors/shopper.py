"""Aisle's own detector: people from any angle, straight down too, with heads, feet, hands and what the hands hold.

The network (see `aisle.learning.shopper_net`) tells for each cell of 4 by 4 pixels whether a head or a hand is there;
this file turns its maps into people.  A hand belongs to the head it points to.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from aisle.vision.detectors.difference import difference
from aisle.vision.detectors.sessions import Engine, expect_input, open_session
from aisle.vision.detectors.shopper_layout import (
    BOX,
    FEET,
    FEET_SPREAD,
    HAND,
    HAND_OFFSET,
    HEAD,
    HEAD_OFFSET,
    HOLDING,
    OWNER,
    SIZE_PX,
    STRIDE,
    UNIT_PX,
)
from aisle.vision.seen import Bytes, Float32, FloatArray, Image, PeopleSeen

SHIPPED = Path(__file__).parent.parent / "models" / "shopper.onnx"


class Network(Protocol):
    """(n, height, width, 4) bytes -> (n, 16, height / 4, width / 4)."""

    def __call__(self, pictures: Bytes) -> Float32: ...


def open_network(path: Path = SHIPPED, engine: Engine | None = None) -> Network:
    """The network in an ONNX file; ModelFileError when it is missing, damaged or another network."""
    session = open_session(path, engine)
    name = expect_input(path, session, (None, SIZE_PX[1], SIZE_PX[0], 4))

    def run(pictures: Bytes) -> Float32:
        return np.asarray(session.run(None, {name: pictures})[0], np.float32)

    return run


class ShopperDetector:
    """Finds people with `network`; `least` is the least score of a person, `least_hand` of a hand."""

    def __init__(self, network: Network, least: float = 0.5, least_hand: float = 0.25) -> None:
        self._network = network
        self._least, self._least_hand = least, least_hand

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        """See `PeopleDetector`; without a background the network goes by the picture alone."""
        if not images:
            return []
        batch = np.zeros((len(images), SIZE_PX[1], SIZE_PX[0], 4), np.uint8)
        scales = []
        for entry, image, background in zip(batch, images, backgrounds, strict=True):
            picture, scale = fitted(image)
            height, width = picture.shape[:2]
            entry[:height, :width, :3] = picture
            if background is not None:
                entry[:height, :width, 3] = difference(picture, fitted(background)[0])
            scales.append(scale)
        told = self._network(batch)
        return [self._people(t, s, i.shape) for t, s, i in zip(told, scales, images, strict=True)]

    def _people(self, told: Float32, scale: float, shape: tuple[int, ...]) -> PeopleSeen:
        heads, scores = _peaks(told[HEAD], self._least)
        hands, hand_scores = _peaks(told[HAND], self._least_hand)
        at = told[:, heads[:, 0], heads[:, 1]].T.astype(np.float64)
        middle = _points(heads, at[:, HEAD_OFFSET])
        towards = at[:, BOX] * UNIT_PX
        boxes = np.concatenate([middle - towards[:, :2], middle + towards[:, 2:]], axis=1)
        keep = _apart(middle, boxes, scores)
        middle, boxes, scores, at = middle[keep], boxes[keep], scores[keep], at[keep]
        n = len(scores)
        hands_px, holding, hand_score = np.full((n, 2, 2), np.nan), np.full((n, 2), np.nan), np.zeros((n, 2))
        if n and len(hands):
            of = told[:, hands[:, 0], hands[:, 1]].T.astype(np.float64)
            where = _points(hands, of[:, HAND_OFFSET])
            held = 1.0 / (1.0 + np.exp(-of[:, HOLDING]))
            for hand, person, slot in _owned(where + of[:, OWNER] * UNIT_PX, hand_scores, middle, boxes):
                hands_px[person, slot] = where[hand] / scale
                hand_score[person, slot] = hand_scores[hand]
                holding[person, slot] = held[hand]
        spread = np.exp(np.clip(at[:, FEET_SPREAD], -5.0, 3.0)) * UNIT_PX
        limit = np.array([shape[1], shape[0], shape[1], shape[0]], dtype=np.float64)
        return PeopleSeen(
            boxes_px=np.clip(boxes / scale, 0.0, limit),
            scores=scores,
            heads_px=middle / scale,
            head_sigma_px=np.full(n, 1.0 / scale),
            feet_px=(middle + at[:, FEET] * UNIT_PX) / scale,
            feet_sigma_px=1.2 * spread / scale,
            hands_px=hands_px,
            hand_sigma_px=np.full((n, 2), np.nan),
            hand_scores=hand_score,
            holding=holding,
            looks=np.zeros((n, 0)),
        )


def fitted(image: Image) -> tuple[Image, float]:
    """The picture scaled to fit the network's size, and network pixels per picture pixel."""
    scale = min(SIZE_PX[0] / image.shape[1], SIZE_PX[1] / image.shape[0])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 0.75 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8), scale


def _peaks(logits: Float32, least: float) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Cells (n, 2) higher than their eight neighbours, best first, and their probabilities."""
    highest = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    cells = np.argwhere((logits >= highest) & (logits > np.log(least / (1.0 - least))))
    values = 1.0 / (1.0 + np.exp(-logits[cells[:, 0], cells[:, 1]].astype(np.float64)))
    order = np.argsort(-values, kind="stable")[:64]
    return cells[order], values[order]


def _points(cells: npt.NDArray[np.intp], offsets: FloatArray) -> FloatArray:
    """Network pixels (x, y) of cells (row, column) with their offsets in cells."""
    return np.asarray((cells[:, ::-1] + 0.5 + np.clip(offsets, -0.6, 0.6)) * STRIDE - 0.5)


def _apart(heads: FloatArray, boxes: FloatArray, scores: FloatArray) -> npt.NDArray[np.intp]:
    """Indices of people left when of two on one spot only the better stays."""
    kept: list[int] = []
    size = np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T) if len(boxes) else np.zeros(0)
    for i in range(len(scores)):
        near = [j for j in kept if np.hypot(*(heads[i] - heads[j])) < 0.06 * min(size[i], size[j]) + 3.0]
        if not near:
            kept.append(i)
    return np.array(kept, dtype=np.intp)


def _owned(pointed: FloatArray, scores: FloatArray, heads: FloatArray, boxes: FloatArray) -> list[tuple[int, int, int]]:
    """(hand, person, slot): each hand to the head it points to, no more than two a head (optimal assignment)."""
    far = np.hypot(*(pointed[:, None] - heads[None]).transpose(2, 0, 1))
    size = np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T)
    cost = far / (0.2 * size + 6.0)[None] - scores[:, None]
    twice = np.repeat(cost, 2, axis=1)
    hands, slots = linear_sum_assignment(np.minimum(twice, 1.0))
    taken: dict[int, int] = {}
    out = []
    for hand, slot in zip(hands.tolist(), slots.tolist(), strict=True):
        if twice[hand, slot] < 0.6:
            person = slot // 2
            out.append((hand, person, taken.get(person, 0)))
            taken[person] = taken.get(person, 0) + 1
    return out
