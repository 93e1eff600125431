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
        at = ((places_m - self._low) / CELL_M).astype(np.intp)
        return np.clip(at[:, 0], 0, self._shape[0] - 1), np.clip(at[:, 1], 0, self._shape[1] - 1)

    def chance(self, camera: int, places_m: FloatArray) -> FloatArray:
        """Probability (n,) that a person standing free at `places_m` (n, 2) is detected."""
        x, y = self._cells(places_m)
        return np.asarray(self._found[camera, x, y] / self._tries[camera, x, y])

    def learn(self, camera: int, places_m: FloatArray, found: FloatArray, weight: FloatArray) -> None:
        """People at `places_m` (n, 2) were detected with probability `found` (n,); `weight` (n,) says how much each
        teaches."""
        x, y = self._cells(places_m)
        np.add.at(self._tries[camera], (x, y), weight)
        np.add.at(self._found[camera], (x, y), weight * found)
        old = self._tries[camera] > MEMORY
        if old.any():
            self._tries[camera][old] *= 0.5
            self._found[camera][old] *= 0.5


def covered(heads: FloatArray, feet: FloatArray, depth: FloatArray) -> FloatArray:
    """Share (n,) of each person hidden behind the nearest single other one, from their normalised head and foot points
    (n, 2) and depths (n,); NaN points hide nothing."""
    n = len(depth)
    if n < 2:
        return np.zeros(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = (HALF_WIDTH_M / depth)[:, None]
        lower = np.where(np.isfinite(feet), feet, heads)
        low, high = np.minimum(heads, lower) - 0.5 * wide, np.maximum(heads, lower) + 0.5 * wide
        middle = (low[:, 0] + high[:, 0]) / 2
        low[:, 0] = np.minimum(low[:, 0], middle - wide[:, 0])
        high[:, 0] = np.maximum(high[:, 0], middle + wide[:, 0])
        shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
        area = (high - low).prod(axis=1)
        share = np.where((shared > 0).all(axis=2), shared.prod(axis=2), 0.0) / area[:, None]
        nearer = depth[None, :] < depth[:, None] - 0.15
    return np.asarray(np.clip(np.nan_to_num(np.where(nearer, share, 0.0)).max(axis=1), 0.0, 1.0))
