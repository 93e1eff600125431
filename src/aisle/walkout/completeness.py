"""Whose receipt a sensor's fault puts in doubt, and how much.

A grave health entry says that weight or people may have gone unseen for a
while.  Here that becomes a statement about shoppers: which entries concern
whom, and how probable it is that nothing they did was hidden.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aisle.sensing.readings import HealthEntry
from aisle.store.model import Store
from aisle.walkout.outcome import Event, Outcome, Receipt

NS = 1_000_000_000
Interval = tuple[int, int]
"""From, to: nanoseconds since 1970, both ends included."""

SETTLING_S = 2.0  # a change is judged by the rest before and after it, so a fault reaches a little further
CHANGES_PER_S = 0.1  # how often a shopper changes something somewhere in the shop; errs on the busy side
UNTIMED_S = {"corrupt": 2.0, "late": 1.0, "invalid-sample": 1.0, "truncated": 10.0}
"""Seconds an entry without times may hide; kinds not named hide the whole visit."""
EVEN = math.log(2.0)  # a change nobody can explain is as likely this shopper's as not
SILENT_KINDS = ("gap", "dead", "missing-collection")
"""Plates that say nothing: cameras, where there are any, tell of the hands above them."""
MISSED = 0.05  # share of changes there of which no reach tells; what a reach leaves open is in the basket's odds
PRODUCT_KINDS = ("no-weight", "unknown-product")
_OF_PRODUCT = "product "
ALWAYS: Interval = (-(1 << 63), 1 << 63)


class Presence:
    """When each shopper was seen, as intervals; sightings less than `gap_s` apart belong together.

    Call `see` for each shopper of each frame; frames may come a little out of order.
    """

    def __init__(self, gap_s: float = 2.0) -> None:
        self._gap_ns = round(gap_s * NS)
        self._intervals: dict[str, list[Interval]] = {}

    def see(self, shopper: str, t_ns: int) -> None:
        """The shopper was there at this moment."""
        intervals = self._intervals.setdefault(shopper, [])
        if intervals and intervals[-1][0] - self._gap_ns <= t_ns <= intervals[-1][1] + self._gap_ns:
            first, last = intervals[-1]
            intervals[-1] = (min(first, t_ns), max(last, t_ns))
        else:
            intervals.append((t_ns, t_ns))

    @property
    def intervals(self) -> dict[str, tuple[Interval, ...]]:
        """Shopper -> intervals in the order in which they began to be seen."""
        return {shopper: tuple(intervals) for shopper, intervals in self._intervals.items()}

    def span(self, shopper: str) -> tuple[int, int] | None:
        """The shopper's first and last sighting, None for one never seen."""
        intervals = self._intervals.get(shopper)
        return (min(i[0] for i in intervals), max(i[1] for i in intervals)) if intervals else None


def judged(
    outcome: Outcome, presence: Mapping[str, Sequence[Interval]], store: Store, *, sighted: bool = False
) -> Outcome:
    """The outcome with its receipts held against its health; `sighted` when cameras testified of what hands did.

    A receipt that grave entries concern is not complete, names them in `faults`, and all its probabilities are
    multiplied by that of nothing being hidden.  A shopper whose presence is not known counts as always there.  The
    outcome is complete when all receipts are; one without receipts, when no entry is grave.
    """
    there = {r.shopper: presence.get(r.shopper) or (ALWAYS,) for r in outcome.receipts}
    concerning = affected(outcome.health, there, store=store, events=outcome.events)
    receipts = tuple(
        _doubted(r, concerning[r.shopper], there[r.shopper], store, outcome.events, sighted)
        if concerning[r.shopper]
        else r
        for r in outcome.receipts
    )
    complete = all(r.complete for r in receipts) if receipts else not any(e.grave for e in outcome.health)
    return replace(outcome, receipts=receipts, complete=complete)


def _doubted(
    receipt: Receipt,
    faults: tuple[HealthEntry, ...],
    intervals: Sequence[Interval],
    store: Store,
    events: Sequence[Event],
    sighted: bool,
) -> Receipt:
    p = nothing_hidden(faults, intervals, store, events=events, sighted=sighted)
    return replace(
        receipt,
        complete=False,
        faults=faults,
        probability=receipt.probability * p,
        lines=tuple(replace(line, probability=line.probability * p) for line in receipt.lines),
        alternatives=tuple(replace(a, probability=a.probability * p) for a in receipt.alternatives),
    )


def affected(
    health: Iterable[HealthEntry],
    presence: Mapping[str, Sequence[Interval]],
    *,
    store: Store | None = None,
    events: Sequence[Event] = (),
) -> dict[str, tuple[HealthEntry, ...]]:
    """Shopper -> the grave entries that concern them, in the order of `health`; every shopper has a key.

    `presence` gives for each shopper the intervals during which a tracker saw them.  An entry with times concerns
    those who were there during it or within SETTLING_S of it; with one time only it reaches from there to the end (or
    from the beginning), with none it concerns everybody.  With a `store`, an entry about a product weight cannot tell
    concerns only those present at one of the `events` on a shelf where that product stands: nobody else can have it.
    """
    grave = [entry for entry in health if entry.grave]
    moments = {id(entry): _moments(entry, store, events) for entry in grave}
    return {
        shopper: tuple(e for e in grave if any(_meet(a, b) for a in intervals for b in moments[id(e)]))
        for shopper, intervals in presence.items()
    }


def nothing_hidden(
    entries: Iterable[HealthEntry],
    intervals: Sequence[Interval],
    store: Store,
    *,
    events: Sequence[Event] = (),
    sighted: bool = False,
) -> float:
    """Probability that these faults hid nothing one shopper did; multiply the receipt's probabilities by it.

    Changes are taken as a Poisson process of CHANGES_PER_S over the shop's plates, so a fault that hides a share q of
    the plates for s seconds of the visit hides nothing with probability exp(-CHANGES_PER_S q s).  Overlapping faults
    count as often as they are told, which errs on the doubtful side.  A fault of the tracker hides every plate.
    Where a change was seen but not understood, doubt is even: at each step of a plate the planogram does not know, and
    at each event on a shelf with a product weight cannot tell.  `sighted`: where plates are silent, cameras miss only a
    share of MISSED.
    """
    hidden = 0.0
    for entry in entries:
        if entry.kind in PRODUCT_KINDS:
            meeting = [m for m in _moments(entry, store, events) if any(_meet(a, m) for a in intervals)]
            hidden += EVEN * len(meeting)
        elif entry.kind == "unknown-plate" and entry.t0_ns is not None:
            hidden += EVEN
        else:
            missed = MISSED if sighted and entry.kind in SILENT_KINDS and _of_plates(entry) else 1.0
            hidden += missed * CHANGES_PER_S * _share(entry, store) * _seconds(entry, intervals)
    return math.exp(-hidden)


def _of_plates(entry: HealthEntry) -> bool:
    """Is it weight, not people, that went unseen?"""
    return entry.gondola is not None or entry.where == "plates"


def _moments(entry: HealthEntry, store: Store | None, events: Sequence[Event]) -> list[Interval]:
    """When the entry may have hidden something."""
    if store is not None and entry.kind in PRODUCT_KINDS and entry.where.startswith(_OF_PRODUCT):
        gtin = entry.where.removeprefix(_OF_PRODUCT)
        shelves = {(f.gondola, f.shelf) for f in store.facings if f.gtin == gtin}
        return [(e.t_ns, e.t_ns) for e in events if (e.gondola, e.shelf) in shelves]
    return [_span(entry)]


def _span(entry: HealthEntry) -> Interval:
    return (
        entry.t0_ns if entry.t0_ns is not None else -(1 << 63),
        entry.t1_ns if entry.t1_ns is not None else 1 << 63,
    )


def _meet(a: Interval, b: Interval) -> bool:
    slack = round(SETTLING_S * NS)
    return a[0] <= b[1] + slack and b[0] - slack <= a[1]


def _seconds(entry: HealthEntry, intervals: Sequence[Interval]) -> float:
    """Seconds of the visit that the entry may have hidden."""
    first, last = _span(entry)
    seconds = sum(max(0, min(b, last) - max(a, first)) for a, b in intervals) / NS
    if entry.t0_ns is None and entry.t1_ns is None:
        return min(seconds, UNTIMED_S.get(entry.kind, math.inf))
    return seconds


def _share(entry: HealthEntry, store: Store) -> float:
    """Share of the shop's plates the entry hides; all of them when it names no place, of a camera its share of them."""
    if entry.camera is not None:
        return 1.0 / max(1, len(store.cameras))
    if entry.gondola is None:
        return 1.0
    here = [s for s in store.shelves if s.gondola == entry.gondola and entry.shelf in (None, s.shelf)]
    plates = 1 if entry.plate is not None else sum(s.plate_count for s in here)
    return min(1.0, plates / max(1, store.plate_count))
