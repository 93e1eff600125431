"""Who was seen as which detection: the best joint assignment, and how probable each pairing is.

Both start from log ratios `gain[i, j]` in nats: how much better person i explains detection j than "person i was
missed and j is clutter" does.  Detections of several pictures are taken at once: `picture[j]` says of which one j is; a
person is at most one detection of each picture, a detection at most one person.

Marginals are by loopy belief propagation on the assignment graph (J. L. Williams, R. Lau, "Approximate evaluation of
marginal association probabilities with belief propagation", IEEE T-AES 50, 2014): exact where the graph is a tree,
close elsewhere, and the same few array operations for two people or for forty.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from aisle.store.model import FloatArray
from aisle.vision.seen import Indices

IMPOSSIBLE = -1e6
LARGEST = 60.0
"""Log ratios above this are certain; the exponential stays finite."""


def marginals(gain: FloatArray, picture: Indices, rounds: int = 40, tolerance: float = 1e-3) -> FloatArray:
    """Probabilities (n, m) that person i is detection j; what a person's row lacks to 1 within one picture is "missed
    there", what a column lacks is "clutter".  `gain` (n, m) are log ratios, `IMPOSSIBLE` where a pairing is out of
    question."""
    n, m = gain.shape
    if n == 0 or m == 0:
        return np.zeros((n, m))
    psi = np.exp(np.minimum(gain, LARGEST))
    same = picture[:, None] == picture[None]
    rivals, others = (same & ~np.eye(m, dtype=bool)).astype(np.float64), 1.0 - np.eye(n)
    back = np.ones((n, m))
    for _ in range(rounds):  # sums without one term, by matrix product: free of cancellation
        old, back = back, 1.0 / (1.0 + others @ (psi / (1.0 + (psi * back) @ rivals)))
        if np.abs(back - old).max() < tolerance:
            break
    weighed = psi * back
    return np.asarray(weighed / (1.0 + weighed @ same))


def best(gain: FloatArray, picture: Indices) -> tuple[Indices, Indices]:
    """The most probable joint assignment: people (k,) and their detections (k,), in order of the detections.

    Nobody is paired against the odds: a pairing must have a positive gain.
    """
    useful = gain > 0.0
    rows, columns = np.nonzero(useful.T)[::-1]
    if not len(rows):
        return rows, columns
    n = len(gain)
    crowded = np.bincount(columns, minlength=gain.shape[1])[columns] > 1
    seats = picture[columns] * n + rows
    crowded |= np.bincount(seats)[seats] > 1
    if not crowded.any():  # nobody competes: the usual case
        return rows, columns
    contested = np.unique(picture[columns[crowded]])
    free = ~np.isin(picture[columns], contested)
    who, which = [rows[free]], [columns[free]]
    for number in contested:
        there = np.flatnonzero(picture == number)
        r, c = linear_sum_assignment(np.maximum(gain[:, there], 0.0), maximize=True)
        kept = useful[r, there[c]]
        who.append(r[kept])
        which.append(there[c[kept]])
    rows, columns = np.concatenate(who), np.concatenate(which)
    order = np.argsort(columns, kind="stable")
    return rows[order], columns[order]
