"""The contract of everything that tells people apart by what they look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aisle.vision.seen import FloatArray, Image, expect_picture

Mask = npt.NDArray[np.uint8]
"""(height, width) of a crop, nonzero where the person is."""


class Looks(Protocol):
    """Turns crops of people into unit vectors whose scalar product says how alike two crops are.

    `size` is the vectors' length; `same` the product of two means of ten crops or so at which "the same person" and
    "another" are equally likely, `slope` how fast the log odds grow with the product.
    """

    @property
    def size(self) -> int: ...

    @property
    def same(self) -> float: ...

    @property
    def slope(self) -> float: ...

    def of(self, crops: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> FloatArray:
        """(n, size) unit vectors of n crops, blue-green-red of any size; masks help those that can use them.

        Raises ValueError for an empty crop, and for masks that do not fit.
        """


def log_odds(looks: Looks, product: float) -> float:
    """Log odds that two tracks whose mean looks have this product are one person, before anything else is known."""
    return looks.slope * (product - looks.same)


def checked(crops: Sequence[Image], masks: Sequence[Mask | None] | None) -> Sequence[Mask | None]:
    """The masks, one for each crop; ValueError for crops or masks that cannot be used."""
    for i, crop in enumerate(crops):
        expect_picture(crop, f"crop {i}")
    if masks is None:
        return [None] * len(crops)
    if len(masks) != len(crops):
        raise ValueError(f"masks: found {len(masks)}, must be one for each of {len(crops)} crops")
    for i, (crop, mask) in enumerate(zip(crops, masks, strict=True)):
        if mask is not None and mask.shape != crop.shape[:2]:
            raise ValueError(f"mask {i}: found {mask.shape}, must be {crop.shape[:2]} as its crop")
    return masks
