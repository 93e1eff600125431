"""A recording goes in, receipts come out.

Readings flow once through grid, detector and belief; nothing here looks at the
clock of the machine, so the same recording always gives the same receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aisle.belief.engine import BeliefEngine, BeliefSettings
from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector
from aisle.sensing.grid import PlateBlock, PlateGrid
from aisle.sensing.readings import PlateReading, Recording, TrackReading
from aisle.sensing.recordings import open_recording
from aisle.walkout.outcome import Alternative, Event, Line, Outcome, Receipt


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`sequential`: the baseline that decides every event at once; `heads_only`: do as if no wrists had been seen."""

    sequential: bool = False
    heads_only: bool = False


def replay(path: Path, options: ReplayOptions | None = None) -> Outcome:
    """Receipts of one recording; raises RecordingError when it cannot be read at all."""
    return Replay(open_recording(path), options or ReplayOptions()).run()


class Replay:
    """One pass over a recording."""

    def __init__(self, recording: Recording, options: ReplayOptions) -> None:
        self.recording, self.options = recording, options
        store = recording.store
        self.grid = PlateGrid(store)
        self.detector = ChangeDetector([s.plate_count for s in store.shelves])
        self.engine = BeliefEngine(store, BeliefSettings(sequential=options.sequential))
        self.waiting: list[Episode] = []
        self.first_ns: int | None = None
        self.last_ns = 0

    def run(self) -> Outcome:
        pending = 0
        for reading in self.recording.readings():
            if self.first_ns is None:
                self.first_ns = reading.t_ns
            self.last_ns = max(self.last_ns, reading.t_ns)
            if isinstance(reading, PlateReading):
                self.grid.push(reading)
                pending += 1
                if pending >= 40:
                    pending = 0
                    self._detect(self.grid.take(None))
            elif isinstance(reading, TrackReading):
                self.engine.observe(reading)
        self._detect(self.grid.flush())
        self._explain(self.detector.flush())
        self.engine.settle(self.last_ns + 60_000_000_000)
        return self._outcome()

    def _detect(self, block: PlateBlock | None) -> None:
        if block is not None and len(block.grams):
            self._explain(self.detector.feed(block.t0_ns, block.grams))

    def _explain(self, episodes: list[Episode]) -> None:
        for e in episodes:
            self.engine.explain(e)

    def _outcome(self) -> Outcome:
        store = self.recording.store
        receipts = []
        for who in self.engine.people.tracks:
            post = self.engine.posterior(who)
            basket, p = post.baskets[0]
            lines = tuple(
                Line(g, store.products[g].name, basket.count(g), post.line_probability(g, basket.count(g)))
                for g in sorted(set(basket))
            )
            rivals = tuple(Alternative({g: b.count(g) for g in b}, q) for b, q in post.baskets[1:5])
            receipts.append(Receipt(who, "staff" if who in store.staff else "customer", lines, p, rivals))
        events = []
        for r in self.engine.events:
            shelf = store.shelves[r.shelf]
            events.append(Event(r.t0_ns, shelf.gondola, shelf.shelf, (), float(r.grams.sum()), r.sigma_g,
                                tuple({"acts": [a._asdict() for a in acts], "why": why, "probability": p} for acts, why, p in r.explanations)))
        return Outcome(self.recording.name, (self.last_ns - (self.first_ns or 0)) * 1e-9, True, self.recording.health, tuple(receipts), tuple(events))
