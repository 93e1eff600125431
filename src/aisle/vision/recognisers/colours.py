"""Pictures as shades, counted: needs no model, and tells what networks trained on shapes tell badly.

Shares of pixels by shade (lightness and the two axes of colour together, finer near grey) in all of the picture, in its
middle and in its very middle: where something is held up, the rest is shelf.  Square roots of shares are compared
(T. Kailath, "The divergence and Bhattacharyya distance measures in signal selection", 1967).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from aisle.vision.seen import FloatArray, Image, Indices, expect_picture

SIDE_PX = 96
TONES, SHADES = 5, 11
SHADE_SPAN = 80.0  # CIE a and b beyond this to either side are counted in the last bin
REACHES = (0.5, 0.3)
"""How far from the centre, in half sides, the middle and the very middle go; their border is soft."""
REGIONS = 1 + len(REACHES)
_BINS = TONES * SHADES * SHADES


class ColourEmbedding:
    """`Embedding` by shades."""

    size = REGIONS * _BINS
    identity = f"colours-2-{SIDE_PX}-{TONES}-{SHADES}-{REACHES}"

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """(n, size) unit vectors of n crops; ValueError for an empty one."""
        for i, crop in enumerate(crops):
            expect_picture(crop, f"crop {i}")
        return np.array([_described(crop) for crop in crops]).reshape(len(crops), self.size)


def _described(crop: Image) -> FloatArray:
    small = cv2.resize(np.ascontiguousarray(crop), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_BGR2LAB).astype(np.float64)
    tone = _bins(lab[..., 0] / 100.0, TONES)
    shade = [_bins((_finer_near_grey(lab[..., axis]) + 1.0) / 2.0, SHADES) for axis in (1, 2)]
    place = ((tone * SHADES + shade[0]) * SHADES + shade[1]).ravel()
    parts = []
    for weight in _REGIONS:
        counted: FloatArray = np.bincount(place, weight.ravel(), _BINS).reshape(TONES, SHADES, SHADES).astype(float)
        parts.append(np.sqrt(_blurred(counted) / weight.sum()).ravel())
    return np.asarray(np.concatenate(parts) / np.sqrt(REGIONS))


def _finer_near_grey(colour: FloatArray) -> FloatArray:
    """-1 to 1 of CIE a or b; most produce and most packages differ by little colour."""
    return np.asarray(np.sign(colour) * np.sqrt(np.minimum(np.abs(colour) / SHADE_SPAN, 1.0)))


def _bins(share: FloatArray, count: int) -> Indices:
    return np.clip(np.floor(share * count), 0, count - 1).astype(np.intp)


def _blurred(counted: FloatArray) -> FloatArray:
    """Each bin gives a quarter to each neighbour along every axis, so that a little other light changes little."""
    for axis in range(counted.ndim):
        size = counted.shape[axis]
        inside = np.arange(size)
        below, above = np.maximum(inside - 1, 0), np.minimum(inside + 1, size - 1)
        counted = counted / 2.0 + counted.take(below, axis) / 4.0 + counted.take(above, axis) / 4.0
    return counted


def _regions() -> FloatArray:
    """(REGIONS, side, side) weights: all of the picture, then what lies within each of REACHES."""
    line = np.abs((np.arange(SIDE_PX) + 0.5) / SIDE_PX * 2.0 - 1.0)
    far = np.maximum(line[:, None], line[None])
    return np.stack([np.ones_like(far), *(1.0 / (1.0 + np.exp((far - reach) / 0.1)) for reach in REACHES)])


_REGIONS = _regions()
