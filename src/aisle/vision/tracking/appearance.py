"""Whether two looks are of the same person, in nats, for embeddings of any make.

A person's look is the running mean of unit vectors.  How near looks of the same person are, and how near those of
different people, depends on the embedding and the shop's light; both spreads are learnt while people are apart and
nobody doubts who is who, starting from what stripes of colour gave in drawn shops.
"""

from __future__ import annotations

import math

import numpy as np

from aisle.store.model import FloatArray

MOST_NATS = 4.0
FULL_WEIGHT = 60.0  # looks after which the running mean forgets
LEAST_SIGMA = 0.04
MEMORY = 5000.0  # cosines after which older ones fade


class Spread:
    """A running mean and variance of cosines, with a prior worth `count` observations."""

    def __init__(self, mean: float, sigma: float, count: float = 30.0) -> None:
        self.mean, self._square, self._count = mean, sigma * sigma, count

    @property
    def sigma(self) -> float:
        return max(LEAST_SIGMA, math.sqrt(self._square))

    def learn(self, cosines: FloatArray) -> None:
        """Take more observations (n,) into the running figures."""
        n = len(cosines)
        if not n:
            return
        self._count = min(self._count + n, MEMORY)
        off = cosines - self.mean
        share = n / self._count
        self.mean += share * float(off.mean())
        self._square += share * (float((off * (cosines - self.mean)).mean()) - self._square)

    def log_density(self, cosines: FloatArray) -> FloatArray:
        return np.asarray(-0.5 * ((cosines - self.mean) / self.sigma) ** 2 - math.log(self.sigma))


class Appearance:
    """What is known of cosines between looks in this shop."""

    def __init__(self) -> None:
        self.same, self.different = Spread(0.92, 0.08), Spread(0.72, 0.13)

    def log_ratio(self, cosines: FloatArray) -> FloatArray:
        """log p(cosine | same person) - log p(cosine | different), within `MOST_NATS`; 0 where NaN.

        Above the mean of the same and below the mean of the different the ratio is held: a wide Gaussian's tail is no
        evidence.
        """
        held = np.clip(cosines, min(self.different.mean, self.same.mean), max(self.different.mean, self.same.mean))
        ratio = self.same.log_density(held) - self.different.log_density(held)
        return np.nan_to_num(np.clip(ratio, -MOST_NATS, MOST_NATS), nan=0.0)


def cosines(means: FloatArray, looks: FloatArray) -> FloatArray:
    """Cosines (n, m) between people's running means (n, d) and looks (m, d); NaN where a mean is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((means @ looks.T) / np.linalg.norm(means, axis=1, keepdims=True))


def blended(
    means: FloatArray, weights: FloatArray, sums: FloatArray, counts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Running means (n, d) and weights (n,) after `counts` (n,) more looks each, whose sums are `sums` (n, d)."""
    after = np.where(counts > 0, np.minimum(weights + counts, FULL_WEIGHT), weights)
    pull = (1.0 / np.maximum(after, 1.0))[:, None]
    return means + pull * (sums - counts[:, None] * means), after
