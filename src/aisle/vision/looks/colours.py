"""Tells people apart by the colours they wear, from head to foot: needs no model and minds the light little.

A crop is cut into horizontal stripes; of each a soft histogram is taken over log chromaticities, which a change of
light only shifts (G. D. Finlayson and S. D. Hordley, "Color constancy at a pixel", 2001), and over brightness relative
to the crop's.  The square roots of the shares are compared (T. Kailath, "The divergence and Bhattacharyya distance
measures in signal selection", 1967).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.looks.appearance import Mask, checked
from aisle.vision.seen import FloatArray, Image

STRIPES = 5
BINS = 8  # per chromaticity axis
TONES = 8
SIZE_PX = (32, 80)  # width, height every crop is brought to
SPREAD = 0.9  # log chromaticity covered to either side of grey
DIM = 12.0  # added to every channel: dark pixels have no colour worth telling
TONE_WEIGHT = 0.5


class ColourStripes:
    """`Looks` by colours alone; see the module for the method."""

    size = STRIPES * (BINS * BINS + TONES)
    same = 0.80
    slope = 25.0

    def of(self, crops: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> FloatArray:
        """See `Looks`; with a mask only the person's pixels count, without one those near the middle count most."""
        masks = checked(crops, masks)
        out = np.zeros((len(crops), self.size))
        for row, crop, mask in zip(out, crops, masks, strict=True):
            row[:] = _described(crop, mask)
        return out


def _described(crop: Image, mask: Mask | None) -> FloatArray:
    small = cv2.resize(crop, SIZE_PX, interpolation=cv2.INTER_AREA).astype(np.float64) + DIM
    weights = _middle()
    if mask is not None:
        kept = cv2.resize((mask > 0).astype(np.float32), SIZE_PX, interpolation=cv2.INTER_AREA) * weights
        weights = kept if kept.sum() > 0.05 * weights.sum() else weights
    logs = np.log(small)
    red, blue = logs[..., 2] - logs[..., 1], logs[..., 0] - logs[..., 1]
    tone = logs.mean(axis=2)
    tone = tone - np.average(tone, weights=weights)
    stripe = np.repeat(np.arange(STRIPES), SIZE_PX[1] // STRIPES)[:, None] + np.zeros(SIZE_PX[0], dtype=np.intp)
    chroma = _soft((stripe, STRIPES), [(red, SPREAD, BINS), (blue, SPREAD, BINS)], weights)
    tones = _soft((stripe, STRIPES), [(tone, 1.4, TONES)], weights)
    parts = [np.sqrt(_shares(chroma)), TONE_WEIGHT * np.sqrt(_shares(tones))]
    vector = np.concatenate([part.ravel() for part in parts])
    return np.asarray(vector / np.linalg.norm(vector))


def _middle() -> FloatArray:
    """(height, width) weights that fall off from the crop's middle column to its sides."""
    x = np.linspace(-1.0, 1.0, SIZE_PX[0])
    return np.repeat(np.exp(-((x / 0.55) ** 2))[None], SIZE_PX[1], axis=0)


def _soft(
    rows: tuple[npt.NDArray[np.intp], int], axes: list[tuple[FloatArray, float, int]], weights: FloatArray
) -> FloatArray:
    """(rows, bins) histogram; each pixel is shared between the two nearest bins of every axis."""
    row, n = rows
    total = int(np.prod([bins for _, _, bins in axes]))
    places, shares = [row * total], [weights]
    step = total
    for values, spread, bins in axes:
        step //= bins
        at = np.clip((values / spread + 1.0) / 2.0 * (bins - 1), 0.0, bins - 1.0)
        low = np.minimum(np.floor(at).astype(np.intp), bins - 2)
        part = at - low
        places = [p + (low + k) * step for p in places for k in (0, 1)]
        shares = [s * w for s in shares for w in (1.0 - part, part)]
    out = np.zeros(n * total)
    for place, share in zip(places, shares, strict=True):
        out += np.bincount(place.ravel(), share.ravel(), minlength=n * total)
    return out.reshape(n, total)


def _shares(histogram: FloatArray) -> FloatArray:
    """Each row as shares of one; a row nothing fell into is even."""
    total = histogram.sum(axis=1, keepdims=True)
    return np.asarray((histogram + 1e-3 * total.mean() / histogram.shape[1]) / (total + 1e-3 * total.mean()))
