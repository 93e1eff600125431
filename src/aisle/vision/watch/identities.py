"""Which tracks, of one camera or several, are one person: by what they look like and by when they were seen.

Average-link clustering of the tracks' mean looks (R. R. Sokal and C. D. Michener, 1958), begun anew whenever a track
has become clearer, so that an early mistake does not last.  Two tracks that one camera saw at the same time are two
people whatever they look like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.vision.looks.appearance import Looks, log_odds
from aisle.vision.seen import FloatArray
from aisle.vision.watch.tracks import Track

ENOUGH = 2  # looks from which a track says anything about who it is
TOGETHER_NS = 200_000_000  # so long two tracks of one camera may overlap while one takes over from the other
OF_ONE = math.log(4.0)
"""Prior log odds: in a small shop two tracks with a minute between them are mostly the same person."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person of the shop: a number from 1 in order of appearance, and how sure it is for this track."""

    number: int
    probability: float


def grouped(tracks: Sequence[Track], looks: Looks, prior: float = OF_ONE) -> dict[int, Identity]:
    """Track id -> identity, for tracks seen clearly enough; numbers go by the first moment of a group's first track.

    A pair's log odds is the prior and what the scalar product of the mean looks says; two groups are joined while the
    mean of their pairs' log odds is positive, the surest first.
    """
    clear = sorted((t for t in tracks if t.looks_count >= ENOUGH), key=lambda t: (t.first_ns, t.track_id))
    odds = pair_odds(clear, looks, prior)
    groups = [[i] for i in range(len(clear))]
    while len(groups) > 1:
        linked = [
            (float(odds[np.ix_(a, b)].mean()), -i, -j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups[:i])
            if np.isfinite(odds[np.ix_(a, b)]).all()
        ]
        best = max(linked, default=(-1.0, 0, 0))
        if best[0] <= 0.0:
            break
        i, j = -best[1], -best[2]
        groups[j] = sorted(groups[j] + groups[i])
        del groups[i]
    out = {}
    for number, group in enumerate(sorted(groups), start=1):
        for i in group:
            others = [k for k in group if k != i]
            sure = float(odds[i, others].mean()) if others else OF_ONE
            out[clear[i].track_id] = Identity(number, 1.0 / (1.0 + math.exp(-min(sure, 30.0))))
    return out


def pair_odds(tracks: Sequence[Track], looks: Looks, prior: float) -> FloatArray:
    """(n, n) log odds that two tracks are one person; minus infinity where one camera saw both at a time."""
    n = len(tracks)
    vectors = np.stack([_look(t) for t in tracks]) if n else np.zeros((0, looks.size))
    odds = np.array([[log_odds(looks, float(p)) + prior for p in row] for row in vectors @ vectors.T]).reshape(n, n)
    for i, a in enumerate(tracks):
        for j, b in enumerate(tracks):
            both_ns = min(a.last_ns, b.last_ns) - max(a.first_ns, b.first_ns)
            if i != j and a.camera_id == b.camera_id and both_ns > TOGETHER_NS:
                odds[i, j] = -np.inf
    return odds


def _look(track: Track) -> FloatArray:
    look = track.look
    if look is None:
        raise ValueError(f"track {track.track_id}: has no looks yet")
    return look
