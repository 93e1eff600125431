"""Hands that came to a shelf and left again: where to look twice.

On a noisy plate a light bag can go without the scales waking.  A hand that was
there tells when to compare before with after, for as long as both lasted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.belief.people import People
from aisle.store.model import Shelf

FloatArray = npt.NDArray[np.float64]

GAP_S = 1.2  # hands away for less have not left
LEFT_S = 2.6  # so long after them the shelf is compared
SIDE_M, FRONT_M = 0.05, 0.08  # a hand this far beside or before the boards is still at it
UP_M, DOWN_M = 0.32, 0.12
LEAST_FRAMES = 2  # one stray wrist is no visit


@dataclass(frozen=True, slots=True)
class Visit:
    """Hands were at a shelf (an index) from `t0_s` to `t1_s`, seconds of `People.seconds`."""

    shelf: int
    t0_s: float
    t1_s: float


class Visits:
    """Follows the hands at some shelves; each visit is told once, when it is over."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        turn = np.array([s.rotation_rad for s in shelves])
        self._along = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        self._behind = np.stack([-np.sin(turn), np.cos(turn)], axis=-1)
        self._origin = np.array([s.origin_m for s in shelves], np.float64).reshape(-1, 3)
        self._length = np.array([s.length_m for s in shelves])[:, None]
        self._depth = np.array([s.depth_m for s in shelves])[:, None]
        self._seen_s = -np.inf
        self._open: dict[int, tuple[float, float, int]] = {}  # shelf -> first and last sighting, how many

    def over(self, people: People, now_s: float, shelves: npt.NDArray[np.int64]) -> list[Visit]:
        """Visits to `shelves` (indices) that ended `LEFT_S` before `now_s`, what was seen up to then taken in."""
        done: list[Visit] = []
        for t, shelf in self._sightings(people, now_s, shelves) if len(shelves) else ():
            first, last, frames = self._open.get(shelf, (t, t, 0))
            if t - last > GAP_S:
                done.extend(_visit(shelf, first, last, frames))
                first, frames = t, 0
            self._open[shelf] = (first, t, frames + 1)
        self._seen_s = now_s
        for shelf, (first, last, frames) in sorted(self._open.items()):
            if last < now_s - LEFT_S:
                done.extend(_visit(shelf, first, last, frames))
                del self._open[shelf]
        return done

    def _sightings(self, people: People, now_s: float, shelves: npt.NDArray[np.int64]) -> list[tuple[float, int]]:
        found: list[tuple[float, int]] = []
        for track in people.tracks.values():
            if track.last_t <= self._seen_s:
                continue
            a, b = track.span(np.nextafter(self._seen_s, np.inf), now_s)
            at, frame = np.nonzero(self._inside(track.wrist[a:b], shelves))
            found.extend(zip(track.t[a:b][frame].tolist(), shelves[at].tolist(), strict=True))
        return sorted(found)

    def _inside(self, wrist: FloatArray, shelves: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(shelves, frames) was either hand of (frames, 2, 3) at the shelf?"""
        points = wrist.reshape(-1, 3)
        d = points[None] - self._origin[shelves][:, None]
        x = np.einsum("spc,sc->sp", d[..., :2], self._along[shelves])
        y = np.einsum("spc,sc->sp", d[..., :2], self._behind[shelves])
        z = d[..., 2]
        inside = (x > -SIDE_M) & (x < self._length[shelves] + SIDE_M) & (z > -DOWN_M) & (z < UP_M)
        inside &= (y > -FRONT_M) & (y < self._depth[shelves] + FRONT_M)
        return np.asarray(inside.reshape(len(shelves), -1, 2).any(axis=2))


def _visit(shelf: int, first: float, last: float, frames: int) -> Iterator[Visit]:
    if frames >= LEAST_FRAMES:
        yield Visit(shelf, first, last)
