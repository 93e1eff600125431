"""Finds people and goods with networks of the YOLOX family (Z. Ge et al., "YOLOX: exceeding YOLO series in 2021").

A network of this family tells, for every cell of three grids (8, 16 and 32 pixels wide), one box: its middle relative
to the cell, the logarithm of its size in cells, the probability that there is anything, and of each class.  The
picture is fitted into the network's upper left corner on grey (114), colours blue-green-red from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from aisle.vision.detectors.objects import COCO, ObjectsSeen, without_doubles
from aisle.vision.detectors.sessions import Engine, ModelFileError, expect_input, open_session
from aisle.vision.seen import Float32, FloatArray, Image, PeopleSeen, expect_picture

STRIDES = (8, 16, 32)
GREY = 114
PERSON = COCO.index("person")


class YoloX:
    """One network of the family, for any picture size; `least` is the smallest score told, `doubles` see
    `without_doubles`.

    Raises ModelFileError when the file is no such network.
    """

    def __init__(self, model: Path, engine: Engine | None = None, *, least: float = 0.3, doubles: float = 0.5) -> None:
        self._session = open_session(model, engine)
        self._input = expect_input(model, self._session, (None, 3, None, None))
        batch, _, height, width = self._session.get_inputs()[0].shape
        if not isinstance(height, int) or not isinstance(width, int):
            raise ModelFileError(f"{model}: the input's height and width are {height}, {width}; must be numbers")
        self._size = (height, width)
        self._batch = batch if isinstance(batch, int) else None  # None: any number at a time
        self._cells, self._strides = cells(self._size)
        outputs = self._session.get_outputs()
        told = outputs[0].shape
        if len(outputs) != 1 or len(told) != 3 or told[1] != len(self._cells) or not isinstance(told[2], int):
            raise ModelFileError(f"{model}: it tells {told}; a YOLOX of this size tells [n, {len(self._cells)}, 6 …]")
        self.classes = int(told[2]) - 5
        self._least, self._doubles = least, doubles

    def detect_objects(self, images: Sequence[Image], least: float | None = None) -> list[ObjectsSeen]:
        """Things per picture, best first; as many pictures at a time as the network takes."""
        least = self._least if least is None else least
        found: list[ObjectsSeen] = []
        step = self._batch or max(1, len(images))
        for start in range(0, len(images), step):
            some = images[start : start + step]
            fitted = [letterbox(image, self._size) for image in some]
            batch = np.zeros((step, 3, *self._size), dtype=np.float32)
            for lane, (picture, _) in zip(batch, fitted, strict=False):
                lane[:] = picture.transpose(2, 0, 1)
            told = np.asarray(self._session.run(None, {self._input: batch})[0], dtype=np.float32)
            for one, image, (_, scale) in zip(told, some, fitted, strict=False):
                found.append(self._things(one, scale, image, least))
        return found

    def _things(self, told: Float32, scale: float, image: Image, least: float) -> ObjectsSeen:
        classes = np.argmax(told[:, 5:], axis=1)
        scores = told[:, 4] * told[np.arange(len(told)), 5 + classes]
        use = scores >= least
        boxes = decoded(told[use, :4], self._cells[use], self._strides[use]) / scale
        limit = np.array([image.shape[1], image.shape[0]] * 2, dtype=np.float64)
        things = ObjectsSeen(np.clip(boxes, 0.0, limit), scores[use].astype(np.float64), classes[use])
        return without_doubles(things, self._doubles)


class YoloXPeople:
    """People by such a network, as `PeopleDetector`: boxes only, no heads and no hands; it looks at no background."""

    def __init__(self, network: YoloX, least: float = 0.35) -> None:
        self._network, self._least = network, least

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        """See `PeopleDetector`."""
        if len(backgrounds) != len(images):
            raise ValueError(f"backgrounds: found {len(backgrounds)}, must be one (or None) for each of {len(images)}")
        return [people(things) for things in self._network.detect_objects(images, self._least)]


def people(things: ObjectsSeen) -> PeopleSeen:
    """The people among the things."""
    persons = things[things.classes == PERSON]
    return PeopleSeen.boxed(persons.boxes_px, persons.scores)


def cells(size: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Upper left corners (n, 2) as x, y in cells, and widths (n,) in pixels, of all cells of the three grids."""
    corners, widths = [], []
    for stride in STRIDES:
        y, x = np.mgrid[0 : size[0] // stride, 0 : size[1] // stride]
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        widths.append(np.full(x.size, stride))
    return np.concatenate(corners).astype(np.float64), np.concatenate(widths).astype(np.float64)


def decoded(told: Float32, corners: FloatArray, widths: FloatArray) -> FloatArray:
    """What cells told (n, 4) -> boxes (n, 4) x0, y0, x1, y1 in the network's pixels."""
    middle = (told[:, :2] + corners) * widths[:, None]
    half = np.exp(np.minimum(told[:, 2:4].astype(np.float64), 10.0)) * widths[:, None] / 2.0
    return np.concatenate([middle - half, middle + half], axis=1)


def letterbox(image: Image, size: tuple[int, int]) -> tuple[Image, float]:
    """The picture fitted into the upper left of a grey one of `size` (height, width), and the scale it was given."""
    expect_picture(image)
    scale = min(size[0] / image.shape[0], size[1] / image.shape[1])
    height, width = max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale))
    out = np.full((*size, 3), GREY, dtype=np.uint8)
    out[:height, :width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return out, scale
