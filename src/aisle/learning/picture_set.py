"""A folder of labelled pictures of people, as training takes it.

The folder holds JPEG pictures, for each the same view without people, and `truth.jsonl`: one JSON object a picture.
Only what training needs is read; whatever else a line says is left alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.seen import Bytes

TRUTH = "truth.jsonl"
LEAST_HEAD = 0.25


class LabelledPerson(msgspec.Struct, frozen=True):
    """One person in a picture, in pixels of the full picture.

    `visible` is the share of the body within the picture that shows, `cut` the share outside it, `parts` the share of
    each part of the body that shows; `holding` names what each hand holds; `feet_m` and `wrists_m` are
    metres in the floor frame.
    """

    box: tuple[float, float, float, float]
    visible: float
    cut: float
    parts: dict[str, float]
    head: tuple[float, float]
    feet: tuple[float, float]
    wrists: tuple[tuple[float, float], tuple[float, float]]
    wrists_visible: tuple[bool, bool]
    holding: tuple[str | None, str | None]
    feet_m: tuple[float, float] | None = None
    wrists_m: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None

    @property
    def reach_m(self) -> float:
        """How far the farther hand is out from the body, over the floor; 0 where the set does not say."""
        if self.feet_m is None or self.wrists_m is None:
            return 0.0
        return max(math.dist(w[:2], self.feet_m) for w in self.wrists_m)

    @property
    def head_visible(self) -> bool:
        """Whether enough of the head shows to say where it is."""
        return self.parts.get("head", 0.0) >= LEAST_HEAD

    def scaled(self, scale: float) -> LabelledPerson:
        """The same person in a picture scaled by that much."""
        x0, y0, x1, y1 = (scale * v for v in self.box)
        head, feet, left, right = ((scale * x, scale * y) for x, y in (self.head, self.feet, *self.wrists))
        return msgspec.structs.replace(self, box=(x0, y0, x1, y1), head=head, feet=feet, wrists=(left, right))


class LabelledPicture(msgspec.Struct, frozen=True):
    """One line of `truth.jsonl`."""

    file: str
    background: str
    people: tuple[LabelledPerson, ...]
    view: str = ""


class PictureSetError(ValueError):
    """The folder is no picture set; the message names file, line, what was found and what would be right."""


@dataclass(frozen=True)
class PictureSet:
    """All pictures of a set, scaled to one size: `images` and `backgrounds` (n, height, width, 3) blue-green-red."""

    labels: tuple[LabelledPicture, ...]
    images: Bytes
    backgrounds: Bytes
    scale: FloatArray  # (n,) network pixels per picture pixel


def read_labels(folder: Path) -> tuple[LabelledPicture, ...]:
    """The lines of `truth.jsonl`; raises PictureSetError for a folder without pictures or a faulty line."""
    path = folder / TRUTH
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise PictureSetError(f"{path}: cannot be read ({error.strerror}); a picture set has one") from None
    decoder = msgspec.json.Decoder(LabelledPicture)
    out = []
    for number, line in enumerate(lines, 1):
        try:
            out.append(decoder.decode(line))
        except msgspec.MsgspecError as error:
            raise PictureSetError(f"{path}: line {number}: {error}") from None
    if not out:
        raise PictureSetError(f"{path}: not one picture in it")
    return tuple(out)


def read_pictures(folder: Path, size_px: tuple[int, int]) -> PictureSet:
    """Read a whole set, each picture scaled to fit `size_px` (width, height) and padded right and below."""
    labels = read_labels(folder)
    width, height = size_px
    images = np.zeros((len(labels), height, width, 3), np.uint8)
    backgrounds = np.zeros_like(images)
    scale = np.zeros(len(labels))
    for i, label in enumerate(labels):
        for name, out in ((label.file, images), (label.background, backgrounds)):
            picture = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
            if picture is None:
                raise PictureSetError(f"{folder / name}: no readable picture; {TRUTH} names it in line {i + 1}")
            s = min(width / picture.shape[1], height / picture.shape[0])
            fitted = (round(picture.shape[1] * s), round(picture.shape[0] * s))
            out[i, : fitted[1], : fitted[0]] = cv2.resize(picture, fitted, interpolation=cv2.INTER_AREA)
            scale[i] = s
    return PictureSet(labels, images, backgrounds, scale)
