"""Versions of one picture a decoder is given in turn: the picture as it is, and what helps on real photographs.

Small codes are enlarged, dull and unevenly lit ones have their contrast raised within small tiles, soft ones are
sharpened, tilted ones are turned, and noise and scratches are averaged along the bars.  Each version knows how its
points lie in the picture, and its `kind`: two versions of one kind differ too little to bear each other out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from aisle.vision.codes.seen import Image, Points

LONGEST_SIDE_PX = 1600  # an enlarged version is never larger
TILES = 8


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its grey picture, and the 2 by 3 matrix from its points to the picture's."""

    grey: Image
    back: Points


@dataclass(frozen=True, slots=True)
class Try:
    """A way to look at a picture: `make` gives the version, `global_threshold` one darkness limit for all of it."""

    name: str
    kind: str
    make: Callable[[Image], Version]
    global_threshold: bool = False


def picture_points(version: Version, points: Points) -> Points:
    """Points (n, 2) of a version as points of the picture."""
    return np.asarray(points @ version.back[:, :2].T + version.back[:, 2])


def as_it_is(grey: Image) -> Version:
    return Version(grey, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))


def scaled(grey: Image, factor: float) -> Version:
    """Enlarged or reduced by `factor`, less where the longest side would pass `LONGEST_SIDE_PX`."""
    factor = min(factor, max(1.0, LONGEST_SIDE_PX / max(grey.shape))) if factor > 1 else factor
    size = max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor))
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    made = np.asarray(cv2.resize(grey, size, interpolation=how), dtype=np.uint8)
    sx, sy = grey.shape[1] / size[0], grey.shape[0] / size[1]
    return Version(made, np.array([[sx, 0.0, (sx - 1) / 2], [0.0, sy, (sy - 1) / 2]]))


def contrast(version: Version) -> Version:
    """Contrast raised within tiles, limited (CLAHE)."""
    made = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(TILES, TILES)).apply(version.grey)
    return Version(np.asarray(made), version.back)


def sharpened(version: Version, sigma_px: float, amount: float) -> Version:
    """Unsharp masking: edges softened over `sigma_px` are raised by `amount`."""
    soft = cv2.GaussianBlur(version.grey, (0, 0), sigma_px)
    return Version(np.asarray(cv2.addWeighted(version.grey, 1 + amount, soft, -amount, 0)), version.back)


def smoothed(version: Version, across_px: int, down_px: int) -> Version:
    """Averaged over a box: one as thin as the bars are long takes away noise and scratches, and leaves the bars."""
    return Version(np.asarray(cv2.blur(version.grey, (across_px, down_px))), version.back)


def turned(version: Version, degrees: float) -> Version:
    """Turned about the middle, the canvas grown to hold it all."""
    height, width = version.grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * cos + height * sin), round(height * cos + width * sin)
    matrix[:, 2] += size[0] / 2 - width / 2, size[1] / 2 - height / 2
    made = cv2.warpAffine(version.grey, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    undo = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    back = np.hstack([version.back[:, :2] @ undo[:, :2], version.back[:, :2] @ undo[:, 2:] + version.back[:, 2:]])
    return Version(np.asarray(made), back)


# The cheapest and most often successful first; measured on photographs, see docs/codes.md.
TRIES: tuple[Try, ...] = (
    Try("as it is", "plain", as_it_is),
    Try("contrast", "contrast", lambda grey: contrast(as_it_is(grey))),
    Try("twice, contrast", "large contrast", lambda grey: contrast(scaled(grey, 2.0))),
    Try("one threshold", "threshold", as_it_is, global_threshold=True),
    Try("twice, sharpened", "large sharp", lambda grey: sharpened(scaled(grey, 2.0), 3.0, 2.0)),
    Try("one and a half", "large", lambda grey: scaled(grey, 1.5)),
    Try("softened", "soft", lambda grey: smoothed(as_it_is(grey), 3, 3)),
    Try("half, one threshold", "small", lambda grey: scaled(grey, 0.5), global_threshold=True),
    Try("averaged upright, sharpened", "upright", lambda grey: sharpened(smoothed(scaled(grey, 2.0), 1, 25), 4.0, 3.0)),
    Try("averaged across, sharpened", "across", lambda grey: sharpened(smoothed(scaled(grey, 2.0), 25, 1), 4.0, 3.0)),
    Try("turned left", "turned", lambda grey: turned(contrast(scaled(grey, 2.0)), 8.0)),
    Try("turned right", "turned", lambda grey: turned(contrast(scaled(grey, 2.0)), -8.0)),
    Try("turned far", "turned far", lambda grey: turned(contrast(scaled(grey, 1.5)), 22.5)),
    Try("turned far back", "turned far", lambda grey: turned(contrast(scaled(grey, 1.5)), -22.5)),
    Try("three times, contrast", "larger contrast", lambda grey: contrast(scaled(grey, 3.0))),
    Try("sharpened", "sharp", lambda grey: sharpened(as_it_is(grey), 1.5, 1.5)),
    Try("contrast, sharpened", "contrast sharp", lambda g: sharpened(contrast(scaled(g, 2.0)), 3.0, 1.5)),
)
