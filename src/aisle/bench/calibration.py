"""How honest the probabilities are: reliability, expected calibration error, and the review curve.

Reliability holds what was claimed against what came true in equal-width bins; the expected calibration error is the
mean gap weighted by bin size (M. P. Naeini et al., AAAI 2015).  The review curve says what setting the least sure
visits aside for a person would buy: the accuracy of the rest (selective prediction, R. El-Yaniv and Y. Wiener, JMLR
11, 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.bench.intervals import Interval, bootstrap

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BINS = 15
CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Claims with their outcome, as parallel arrays of n claims.

    `probability` (n,) what was claimed, 0 to 1; `exact` (n,) whether it was right; `cluster` (n,) which recording
    it came from, 0-based.
    """

    probability: FloatArray
    exact: npt.NDArray[np.bool_]
    cluster: IntArray

    def __post_init__(self) -> None:
        if not len(self.probability) == len(self.exact) == len(self.cluster):
            raise ValueError(
                f"parallel arrays differ in length: {len(self.probability)} probabilities, {len(self.exact)} outcomes, "
                f"{len(self.cluster)} clusters"
            )

    def __len__(self) -> int:
        return len(self.probability)


def verdicts(claims: Sequence[tuple[int, float, bool]]) -> Verdicts:
    """Verdicts from (cluster, probability, exact) rows; probabilities a rounding error outside [0, 1] are clipped."""
    return Verdicts(
        np.clip(np.array([p for _, p, _ in claims], dtype=np.float64), 0.0, 1.0),
        np.array([e for _, _, e in claims], dtype=np.bool_),
        np.array([c for c, _, _ in claims], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Claims between `low` and `high`: how many, what they claimed on average, what share came true."""

    low: float
    high: float
    count: int
    claimed: float
    right: float


def _bin_of(probability: FloatArray, bins: int) -> IntArray:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def reliability(claims: Verdicts, *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """The reliability table, empty bins left out; the last bin holds its upper border."""
    index = _bin_of(claims.probability, bins)
    out = []
    for b in np.unique(index):
        inside = index == b
        out.append(
            ReliabilityBin(
                float(b) / bins,
                float(b + 1) / bins,
                int(inside.sum()),
                float(claims.probability[inside].mean()),
                float(claims.exact[inside].mean()),
            )
        )
    return tuple(out)


def calibration_error(claims: Verdicts, *, bins: int = BINS) -> float:
    """Expected calibration error: mean |claimed - right| over the bins, weighted by their size; nan without claims."""
    if not len(claims):
        return float("nan")
    return float(sum(b.count * abs(b.claimed - b.right) for b in reliability(claims, bins=bins)) / len(claims))


def calibration_interval(claims: Verdicts, *, seed: int, bins: int = BINS) -> Interval:
    """Bootstrap interval of the expected calibration error, clustered by recording.

    The error is a mean of absolute values, so resampling adds to it: the interval leans upwards, to the safe side.
    """
    index = _bin_of(claims.probability, bins)
    groups, cluster = np.unique(claims.cluster, return_inverse=True)
    gaps = np.zeros((len(groups), bins + 1))
    np.add.at(gaps, (cluster, index), claims.probability - claims.exact)
    np.add.at(gaps[:, bins], cluster, 1.0)
    return bootstrap(gaps, lambda sums: np.abs(sums[:, :bins]).sum(axis=1) / sums[:, bins], seed=seed)


@dataclass(frozen=True, slots=True)
class ReviewPoint:
    """Visits less sure than `confidence` set aside: their share, and how many of the rest are exact."""

    confidence: float
    share: float
    rest: int
    rest_exact: int

    @property
    def accuracy(self) -> float:
        """Share of exact receipts among the rest; 1 when nothing is left."""
        return self.rest_exact / self.rest if self.rest else 1.0


def review_table(claims: Verdicts, confidences: Sequence[float] = CONFIDENCES) -> tuple[ReviewPoint, ...]:
    """For each confidence: the share of visits below it, and how right the others are."""
    out = []
    for confidence in confidences:
        kept = claims.probability >= confidence
        out.append(
            ReviewPoint(
                confidence,
                1.0 - float(kept.mean()) if len(claims) else 0.0,
                int(kept.sum()),
                int(claims.exact[kept].sum()),
            )
        )
    return tuple(out)


@dataclass(frozen=True, slots=True)
class ReviewCurve:
    """What is left when the k least sure of n visits are set aside, for k = 0 ... n.

    `rest_exact` (n + 1,) exact receipts among the n - k left.  Among equally sure visits the exact ones are set
    aside first, so the curve is the worst that any order could give.
    """

    rest_exact: IntArray

    @property
    def visits(self) -> int:
        return len(self.rest_exact) - 1

    def shares(self) -> FloatArray:
        """(n + 1,) share set aside."""
        return np.arange(self.visits + 1, dtype=np.float64) / max(self.visits, 1)

    def accuracies(self) -> FloatArray:
        """(n + 1,) share of exact receipts among the rest; 1 where nothing is left."""
        left = self.visits - np.arange(self.visits + 1)
        return np.where(left > 0, self.rest_exact / np.maximum(left, 1), 1.0)

    def aside(self, share: float) -> tuple[int, int]:
        """(exact, left) when at most this share of the visits is set aside."""
        k = int(share * self.visits + 1e-9)
        return int(self.rest_exact[k]), self.visits - k

    def share_for(self, accuracy: float) -> float:
        """The smallest share to set aside so that the rest is right at this accuracy; 1 (everything) always is."""
        return float(self.shares()[int(np.argmax(self.accuracies() >= accuracy))])


def review_curve(claims: Verdicts) -> ReviewCurve:
    """The review curve of these claims."""
    order = np.lexsort((~claims.exact, claims.probability))
    gone = np.concatenate(([0], np.cumsum(claims.exact[order], dtype=np.int64)))
    return ReviewCurve(int(claims.exact.sum()) - gone)
