"""95 % intervals, so that no share is shown without saying how far it may be off.

Shares get Wilson's score interval (E. B. Wilson, JASA 22, 1927).  Ratios of counts that come in clusters (the items
of one recording stand or fall together) get a percentile bootstrap that draws whole recordings with replacement
(B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Z95 = 1.959963984540054  # two-sided 95 % quantile of the standard normal
RESAMPLES = 2000
CHUNK = 200  # resamples drawn at a time: bounds memory to CHUNK x recordings


@dataclass(frozen=True, slots=True)
class Interval:
    """The range that covers the true value in 95 % of repetitions."""

    low: float
    high: float


def wilson(right: int, of: int) -> Interval:
    """Wilson's score interval for the share right / of; [0, 1] when nothing was counted."""
    if of == 0:
        return Interval(0.0, 1.0)
    share, z2 = right / of, Z95 * Z95
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def bootstrap(
    clusters: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Percentile interval of a statistic of summed counts, drawing whole clusters with replacement.

    `clusters` (n, k) are k sums for each of n recordings; `statistic` maps (resamples, k) totals to (resamples,)
    values.  The same seed gives the same interval.  Resamples without a value are left out; without
    any value the interval is [nan, nan].
    """
    n = len(clusters)
    if n == 0:
        return Interval(math.nan, math.nan)
    rng = np.random.default_rng(seed)
    values: list[FloatArray] = []
    for start in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - start)
        weights = rng.multinomial(n, np.full(n, 1.0 / n), size=size).astype(np.float64)
        values.append(statistic(weights @ clusters))
    drawn = np.concatenate(values)
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(math.nan, math.nan)
    low, high = np.percentile(known, (2.5, 97.5))
    return Interval(float(low), float(high))


def f1_of_totals(totals: FloatArray) -> FloatArray:
    """F1 of totals (..., 3) of right, wrongly billed and missing items; 1 where there were none."""
    tp, wrong = totals[..., 0], totals[..., 1] + totals[..., 2]
    return np.where(2 * tp + wrong > 0, 2 * tp / np.maximum(2 * tp + wrong, 1.0), 1.0)


def f1_interval(items: FloatArray, *, seed: int) -> Interval:
    """Interval of item F1, clustered by recording; `items` (n, 3) are right, wrongly billed, missing of each.

    Where not one item was wrong every resample is the same and the bootstrap sees no doubt at all; then Wilson's
    interval of the share of right items stands in.
    """
    tp, fp, fn = (int(v) for v in items.sum(axis=0)) if len(items) else (0, 0, 0)
    if fp + fn == 0 or tp == 0:
        return wilson(tp, tp + fp + fn)
    return bootstrap(items, f1_of_totals, seed=seed)
