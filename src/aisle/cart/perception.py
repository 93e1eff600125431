"""What the scan camera's pictures say: codes that can be believed, and products by their looks.

Pictures with something before the camera are searched for codes; looks are asked for of some of them, so that one core
keeps up.  Whether something is there is told by what has changed against the empty view.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from aisle.sensing.readings import FrameReading
from aisle.store.model import FloatArray
from aisle.vision.codes.reader import CAMERA_MEGAPIXELS, ZxingReader
from aisle.vision.codes.seen import CodeRead
from aisle.vision.seen import Image

if TYPE_CHECKING:
    from aisle.vision.recognisers.gallery import Recognised

NS = 1_000_000_000
GLANCE = 3  # of the pictures of the empty view one is searched for codes, should it not be empty after all
LOOK_NS = NS // 4  # between two looks at the same thing
SMALL = (80, 60)
CHANGED = 22  # grey levels: a cell of the small picture that differs so much is not the empty view
PRESENT = 0.06  # of the cells
FOLLOW = 0.02  # how fast the empty view follows the light


class Looks(Protocol):
    """A recogniser of the store's products."""

    def recognise(self, crops: Sequence[Image], most: int = 5) -> list[Recognised]:
        """What each crop may show."""


@dataclass(frozen=True, slots=True)
class Percept:
    """What one picture says.  `nats` are None where nobody looked; `readable`: whether it was a picture at all."""

    codes: tuple[CodeRead, ...] = ()
    nats: Mapping[str, float] | None = None
    rest: float = -4.0
    present: bool = False
    readable: bool = True
    thumbnail: Image | None = None


class Perception(Protocol):
    """Says what a picture of the scan camera shows."""

    def perceive(self, frame: FrameReading) -> Percept:
        """What one picture shows; pictures come in order of time."""


class CameraPerception:
    """Codes by zxing-cpp and looks by a recogniser (None: codes only)."""

    def __init__(self, looks: Looks | None = None, most: int = 8, products: int = 1, else_share: float = 0.05) -> None:
        self._reader = ZxingReader(CAMERA_MEGAPIXELS)
        self._looks = looks
        self._most = most
        self._prior = math.log(else_share * max(products, 1) / (1.0 - else_share))
        self._turn = 0
        self._looked_ns = 0
        self._empty: FloatArray | None = None

    def anew(self) -> CameraPerception:
        """The same eyes before another trip: nothing seen yet."""
        fresh = CameraPerception(self._looks, self._most)
        fresh._prior = self._prior
        return fresh

    def perceive(self, frame: FrameReading) -> Percept:
        """See `Perception`."""
        picture = _decoded(frame.jpeg)
        if picture is None:
            return Percept(readable=False)
        grey: Image = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        small: Image = cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        box = self._box(small.astype(np.float64))
        self._turn += 1
        here = box is not None or self._turn % GLANCE == 0
        codes = self._reader.read(grey, self._turn) if here else ()
        if box is None or self._looks is None or frame.t_ns - self._looked_ns < LOOK_NS:
            return Percept(codes, present=box is not None, thumbnail=small)
        self._looked_ns = frame.t_ns
        return self._look(picture, box, codes, small)

    def _look(
        self, picture: Image, box: tuple[int, int, int, int], codes: tuple[CodeRead, ...], small: Image
    ) -> Percept:
        assert self._looks is not None
        height, width = picture.shape[:2]
        x0, y0, x1, y1 = box
        sx, sy = width / SMALL[0], height / SMALL[1]
        crop = picture[int(y0 * sy) : max(int(y1 * sy), 1), int(x0 * sx) : max(int(x1 * sx), 1)]
        told = self._looks.recognise([crop], self._most)[0]
        unknown = math.log(max(told.unknown, 1e-9))
        nats = {
            gtin: float(math.log(max(p, 1e-12)) - unknown + self._prior)
            for gtin, p in zip(told.gtins, told.probabilities.tolist(), strict=True)
        }
        rest = min(nats.values(), default=0.0)
        return Percept(codes, nats, rest, True, True, small)

    def _box(self, small: FloatArray) -> tuple[int, int, int, int] | None:
        """Where the picture differs from the empty view, in cells of the small picture; None where it hardly does."""
        if self._empty is None:
            self._empty = small.copy()
            return None
        light = float(np.median(small - self._empty))
        off = np.abs(small - self._empty - light) > CHANGED
        share = float(off.mean())
        if share < PRESENT:
            self._empty += FOLLOW * (small - self._empty)
            return None
        ys, xs = np.nonzero(off)
        x0, x1 = np.percentile(xs, (3, 97))
        y0, y1 = np.percentile(ys, (3, 97))
        room = 3
        return (
            max(0, int(x0) - room), max(0, int(y0) - room),
            min(SMALL[0], int(x1) + 1 + room), min(SMALL[1], int(y1) + 1 + room),
        )  # fmt: skip


def _decoded(jpeg: bytes) -> Image | None:
    """The picture in colour; None where there is none in the bytes, or one too large to be a camera's."""
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if picture is None else picture.astype(np.uint8, copy=False)
