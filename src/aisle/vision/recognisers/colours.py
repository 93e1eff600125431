"""Pictures as shades and textures, counted: needs no model, and tells what networks trained on shapes tell badly.

Shares of pixels by colour (hue and saturation as a plane, and lightness) in the picture's middle and round it, and of
edges by direction.  Square roots of shares are compared (T. Kailath, "The divergence and Bhattacharyya distance
measures in signal selection", 1967).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from aisle.vision.seen import FloatArray, Image, expect_picture

SIDE_PX = 64
SHADES, TONES, DIRECTIONS = 9, 6, 8
SHADE_SPAN = 70.0  # CIE a and b beyond this to either side are counted in the last bin
REGIONS = 3
_A_REGION = SHADES * SHADES + TONES + DIRECTIONS


class ColourEmbedding:
    """`Embedding` by colours and edges."""

    size = REGIONS * _A_REGION
    identity = f"colours-1-{SIDE_PX}-{SHADES}-{TONES}-{DIRECTIONS}-{REGIONS}"

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """(n, size) unit vectors of n crops; ValueError for an empty one."""
        for i, crop in enumerate(crops):
            expect_picture(crop, f"crop {i}")
        return np.array([_described(crop) for crop in crops]).reshape(len(crops), self.size)


def _described(crop: Image) -> FloatArray:
    small = cv2.resize(np.ascontiguousarray(crop), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_BGR2LAB).astype(np.float64)
    lightness, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    right = np.gradient(lightness, axis=1)
    down = np.gradient(lightness, axis=0)
    turn = np.arctan2(down, right) % np.pi / np.pi * DIRECTIONS
    parts = []
    for weight in _regions():
        parts.append(_plane(a, b, weight))
        parts.append(_line(lightness / 100.0 * (TONES - 1), weight, TONES, around=False))
        parts.append(_line(turn, weight * np.hypot(right, down), DIRECTIONS, around=True))
    joined = np.sqrt(np.concatenate(parts))
    return np.asarray(joined / max(float(np.linalg.norm(joined)), 1e-12))


def _regions() -> FloatArray:
    """(REGIONS, side, side) weights: all, the middle, and what is round it."""
    line = (np.arange(SIDE_PX) + 0.5) / SIDE_PX * 2.0 - 1.0
    far = np.maximum(np.abs(line)[:, None], np.abs(line)[None])
    middle = 1.0 / (1.0 + np.exp((far - 0.6) / 0.08))
    return np.stack([np.ones_like(middle), middle, 1.0 - middle])


def _plane(a: FloatArray, b: FloatArray, weight: FloatArray) -> FloatArray:
    """Shares in a grid of shades, each pixel shared between the four nearest."""
    x, y = (np.clip((v / SHADE_SPAN + 1.0) / 2.0 * (SHADES - 1), 0.0, SHADES - 1.0) for v in (a, b))
    x0, y0 = (np.minimum(np.floor(v).astype(np.intp), SHADES - 2) for v in (x, y))
    fx, fy = x - x0, y - y0
    out = np.zeros(SHADES * SHADES)
    for dx, wx in ((0, 1.0 - fx), (1, fx)):
        for dy, wy in ((0, 1.0 - fy), (1, fy)):
            out += np.bincount(
                ((x0 + dx) * SHADES + y0 + dy).ravel(), (weight * wx * wy).ravel(), minlength=SHADES * SHADES
            )
    return out / max(float(out.sum()), 1e-12)


def _line(values: FloatArray, weight: FloatArray, bins: int, around: bool) -> FloatArray:
    """Shares in bins, each value shared between the two nearest; `around`: the last bin's neighbour is the first."""
    low = np.floor(values).astype(np.intp)
    part = values - low
    nearest = (low % bins, (low + 1) % bins) if around else (np.clip(low, 0, bins - 1), np.clip(low + 1, 0, bins - 1))
    out = np.bincount(nearest[0].ravel(), (weight * (1.0 - part)).ravel(), minlength=bins)
    out = out + np.bincount(nearest[1].ravel(), (weight * part).ravel(), minlength=bins)
    return np.asarray(out / max(float(out.sum()), 1e-12))
