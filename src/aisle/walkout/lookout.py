"""Where plates are silent, and the reaches that only cameras can explain there.

A plate that falls silent for a moment is bridged by the scales: before and after still compare.  One that stays
silent, or never spoke, weighs nothing; what hands do above it is handed to the engine as reaches, once the cameras
have said what they will say of them.  Nothing is handed on as long as no camera testifies.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from aisle.belief.engine import BeliefEngine
from aisle.belief.reaches import Grasp, Grasps
from aisle.belief.unweighed import explain_reach
from aisle.scales.change import Episode
from aisle.sensing.grid import PlateBlock

NS = 1_000_000_000
BRIDGED_S = 32.0  # silences up to this the scales bridge: a little more than they remember
START_S = 6.0  # who has not spoken so long after the beginning has nothing to say
SIGHT_S = 8.0  # so long after a hand has left its shelf may still come into sight
KEEP_S = 60.0
LIKELY = 0.05  # places reached to less probably are not waited for
LONG_AGO = -(1 << 62)

BoolArray = npt.NDArray[np.bool_]


class Lookout:
    """Follows plates' silences and hands' reaches; `due` explains those whose turn has come."""

    def __init__(self, engine: BeliefEngine) -> None:
        self.engine = engine
        self.watched = False  # has any camera testified?
        self.grasps = Grasps(engine.boards)
        store = engine.store
        counts = [s.plate_count for s in store.shelves]
        self._of_shelf = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        n = int(self._of_shelf[-1])
        self._first_ns: int | None = None
        self._heard = np.full(n, LONG_AGO, np.int64)  # the last moment each plate spoke
        self._gap = np.full((2, n), LONG_AGO, np.int64)  # its last silence too long to bridge that has ended
        self._pending: list[Grasp] = []
        self._recent: list[Grasp] = []

    def hear(self, block: PlateBlock) -> None:
        """What plates said."""
        speaks = np.isfinite(block.grams).any(axis=0)
        back = speaks & (self._heard != LONG_AGO) & (block.t0_ns - self._heard > BRIDGED_S * NS)
        if back.any():
            self._gap[0, back], self._gap[1, back] = self._heard[back], block.t0_ns
        self._heard[speaks] = block.t1_ns

    def due(self, now_ns: int, told: Mapping[int, Episode], last: bool = False) -> None:
        """Explain what can be explained by now, in order; `told` is the last episode of each shelf, `last` the end."""
        if self._first_ns is None:
            self._first_ns = now_ns
        if not self.watched:
            return
        people = self.engine.people
        new = self.grasps.over(people, people.seconds(now_ns) + (SIGHT_S if last else 0.0))
        self._pending = sorted([*self._pending, *new], key=lambda g: (g.t0_s, g.person, g.hand))
        since = people.seconds(now_ns) - KEEP_S
        self._recent = [g for g in (*self._recent, *new) if g.t1_s >= since]
        held: set[str] = set()  # who waits waits with all that follows
        waiting = []
        for g in self._pending:
            weighed = self._weighed(g, now_ns, told, last)
            if weighed is None or not (last or self._seen(g, weighed, now_ns)) or g.person in held:
                held.add(g.person)
                waiting.append(g)
            else:
                explain_reach(self.engine, g, self._recent, weighed)
        self._pending = waiting

    def oldest_ns(self) -> int | None:
        """When the oldest reach that still waits for pictures began."""
        return min((self.engine.people.nanoseconds(g.t0_s) for g in self._pending), default=None)

    def _weighed(self, g: Grasp, now_ns: int, told: Mapping[int, Episode], last: bool) -> dict[int, BoolArray] | None:
        """Shelf -> (bins,) do plates weigh there what this reach did?  None: too early to say."""
        assert self._first_ns is not None
        t0, t1 = (self.engine.people.nanoseconds(t) for t in (g.t0_s, g.t1_s))
        out: dict[int, BoolArray] = {}
        for shelf, places in zip(g.shelves, g.places, strict=True):
            plates = slice(self._of_shelf[shelf], self._of_shelf[shelf + 1])
            heard, gap = self._heard[plates], self._gap[:, plates]
            missed = (gap[0] < t0) & (gap[1] > t1)
            speaks = (heard >= t0) & ~missed
            if not missed.all() and not speaks.all() and not last:
                patience = np.where(heard == LONG_AGO, self._first_ns + START_S * NS, heard + BRIDGED_S * NS)
                early = (now_ns < patience) & ~speaks & ~missed
                if early[self._plate_of(shelf)][np.exp(places) > 0.2 * LIKELY].any():
                    return None
            e = told.get(shelf)
            if speaks.any() and e is not None and e.plateaus[0].t1_ns <= t1 and e.plateaus[-1].t0_ns >= t0:
                speaks[:] = True  # the plates beside have told of it
            out[shelf] = speaks[self._plate_of(shelf)]
        return out

    def _plate_of(self, shelf: int) -> npt.NDArray[np.int64]:
        """(bins,) 0-based plate under each place."""
        board = self.engine.boards[shelf]
        at = np.searchsorted(board.shelf.plate_edges_m, board.bins_m, side="right") - 1
        return np.clip(at, 0, board.shelf.plate_count - 1)

    def _seen(self, g: Grasp, weighed: Mapping[int, BoolArray], now_ns: int) -> bool:
        """Has a picture after the reach come of every shelf it may have touched, or will none come any more?"""
        t0, t1 = (self.engine.people.nanoseconds(t) for t in (g.t0_s, g.t1_s))
        if now_ns >= t1 + SIGHT_S * NS:
            return True
        return all(
            self.engine.sights.spanning(shelf, t0, t1) is not None
            for shelf, places in zip(g.shelves, g.places, strict=True)
            if float(np.exp(places[~weighed[shelf]]).sum()) > LIKELY
        )
