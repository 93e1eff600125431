"""Who was seen as which detection: the best joint assignment, and how probable each pairing is.

Both start from log ratios `gain[i, j]` in nats: how much better person i explains detection j than "person i was
missed and j is clutter" does.  Marginals are by loopy belief propagation on the assignment graph (J. L. Williams,
R. Lau, "Approximate evaluation of marginal association probabilities with belief propagation", IEEE T-AES 50, 2014):
exact where the graph is a tree, close elsewhere, and the same few array operations for two people or for forty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from aisle.store.model import FloatArray

IMPOSSIBLE = -1e6
LARGEST = 60.0
"""Log ratios above this are certain; the exponential stays finite."""


def marginals(gain: FloatArray, rounds: int = 40, tolerance: float = 1e-4) -> FloatArray:
    """Probabilities (n, m) that person i is detection j; what is missing to 1 in row i is "i was missed", in
    column j "j is clutter".  `gain` (n, m) are log ratios, `IMPOSSIBLE` or less where a pairing is out of question."""
    n, m = gain.shape
    if n == 0 or m == 0:
        return np.zeros((n, m))
    psi = np.exp(np.minimum(gain, LARGEST))
    other_columns, other_rows = 1.0 - np.eye(m), 1.0 - np.eye(n)  # sums without one term, free of cancellation
    back = np.ones((n, m))
    for _ in range(rounds):
        forth = psi / (1.0 + (psi * back) @ other_columns)
        old, back = back, 1.0 / (1.0 + other_rows @ forth)
        if np.abs(back - old).max() < tolerance:
            break
    weighed = psi * back
    return np.asarray(weighed / (1.0 + weighed.sum(axis=1, keepdims=True)))


def best(gain: FloatArray) -> npt.NDArray[np.intp]:
    """The most probable joint assignment: for each person the detection (n,), -1 for "missed".

    Nobody is paired against the odds: a pairing must have a positive gain.
    """
    n, m = gain.shape
    out = np.full(n, -1, dtype=np.intp)
    if n == 0 or m == 0:
        return out
    useful = gain > 0.0
    if not useful.any():
        return out
    if useful.sum(axis=0).max() <= 1 and useful.sum(axis=1).max() <= 1:  # nobody competes: the usual case
        rows, columns = np.nonzero(useful)
        out[rows] = columns
        return out
    rows, columns = linear_sum_assignment(np.maximum(gain, 0.0), maximize=True)
    kept = useful[rows, columns]
    out[rows[kept]] = columns[kept]
    return out
