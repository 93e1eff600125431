"""How probably a camera's detector finds a person where they are: learnt per place, less behind other people.

Walls and shelves need not be modelled: a camera that never finds anybody in an aisle whom others see there is soon
known not to look into it.  What hides people moment by moment is other people, and of those we know where they stand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray

CELL_M = 0.5
PRIOR_TRIES = 6.0
MEMORY = 300.0  # tries after which older ones count half
HALF_WIDTH_M = 0.26
HIDDEN = 0.9  # share of the chance that is lost when somebody covers all of a person


class Coverage:
    """Per camera and half metre of floor, how often people there were found. Cells beyond `low_m`..`high_m` share the
    nearest border cell."""

    def __init__(self, cameras: int, low_m: FloatArray, high_m: FloatArray, detected: float) -> None:
        self._low = low_m
        size = np.maximum(1, np.ceil((high_m - low_m) / CELL_M)).astype(int)
        self._shape = (int(size[0]), int(size[1]))
        self._tries = np.full((cameras, *self._shape), PRIOR_TRIES)
        self._found = np.full((cameras, *self._shape), PRIOR_TRIES * detected)

    def _cells(self, places_m: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        at = np.maximum((places_m - self._low) / CELL_M, 0.0).astype(np.intp)
        return np.minimum(at[:, 0], self._shape[0] - 1), np.minimum(at[:, 1], self._shape[1] - 1)

    def chance(self, cameras: npt.NDArray[np.intp], places_m: FloatArray) -> FloatArray:
        """Probability (k, n) that people standing free at `places_m` (n, 2) are detected by `cameras` (k,)."""
        x, y = self._cells(places_m)
        rows = cameras[:, None]
        return np.asarray(self._found[rows, x, y] / self._tries[rows, x, y])

    def learn(self, cameras: npt.NDArray[np.intp], places_m: FloatArray, found: FloatArray, weight: FloatArray) -> None:
        """People at `places_m` (n, 2) were detected with probability `found` (k, n); `weight` (k, n) says how much each
        teaches about each camera."""
        x, y = self._cells(places_m)
        at = (np.repeat(cameras, len(x)), np.tile(x, len(cameras)), np.tile(y, len(cameras)))
        np.add.at(self._tries, at, weight.ravel())
        np.add.at(self._found, at, (weight * found).ravel())
        if self._tries[at].max() > MEMORY:
            old = self._tries > MEMORY
            self._tries[old] *= 0.5
            self._found[old] *= 0.5


def covered(heads: FloatArray, feet: FloatArray, depth: FloatArray) -> FloatArray:
    """Share (k, n) of each of n people hidden behind the nearest single other one in each of k pictures, from their
    normalised head and foot points (k, n, 2) and depths (k, n); NaN points hide nothing."""
    if depth.shape[1] < 2:
        return np.zeros(depth.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = HALF_WIDTH_M / depth
        lower = np.where(feet == feet, feet, heads)
        low, high = np.minimum(heads, lower) - 0.5 * wide[..., None], np.maximum(heads, lower) + 0.5 * wide[..., None]
        middle = (low[..., 0] + high[..., 0]) / 2
        low[..., 0] = np.minimum(low[..., 0], middle - wide)
        high[..., 0] = np.maximum(high[..., 0], middle + wide)
        shared = np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None])
        shared = np.maximum(shared, 0.0)
        size = high - low
        share = shared[..., 0] * shared[..., 1] / (size[..., 0] * size[..., 1])[..., None]
        nearer = depth[:, None] < depth[:, :, None] - 0.15
        hidden = np.where(nearer & (share == share), share, 0.0).max(axis=2)
    return np.asarray(np.minimum(hidden, 1.0))
