"""Order and time of readings as they come from several devices whose clocks nobody guarantees.

`receipt_order` puts what a recording holds into the order in which it was
heard; `ClockGuard` keeps each device on one continuous time line when its
clock is set forward or back.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Generic, TypeVar

from msgspec.structs import replace

from aisle.sensing.readings import HealthEntry, PlateReading, Reading

NS = 1_000_000_000
LATENESS_NS = 2_000_000_000
DELAY_NS = 10_000_000_000  # a reading may be heard later than the one before it was by this much and be in time
MOST_SETBACKS = 2  # of the receiving clock in one recording; more is disorder
SHORTEST_RUN = 20  # readings between them


def receipt_order(streams: Sequence[Sequence[Reading]]) -> Iterator[Reading]:
    """Readings of several stored streams in order of receipt.

    A stream stored out of order is sorted by its time of receipt, except when
    it falls back in time once or twice and goes on from there with new
    readings: then the receiving clock was set back, and the stored order is the
    truth.
    """
    ordered = [_ordered(stream) for stream in streams]
    if all(stream.ascends for stream in ordered):
        return iter(sorted((r for stream in ordered for r in stream.readings), key=_heard))
    return heapq.merge(*(stream.readings for stream in ordered), key=_heard)


_heard = attrgetter("received_ns")


@dataclass(frozen=True, slots=True)
class _Stream:
    readings: Sequence[Reading]
    ascends: bool


def _ordered(stream: Sequence[Reading]) -> _Stream:
    times = [r.received_ns for r in stream]
    falls = [i for i in range(1, len(times)) if times[i] < times[i - 1] - LATENESS_NS]
    runs = pairwise([0, *falls, len(times)])
    repeated = falls and len({(r.device, r.t_ns) for r in stream}) < len(stream)  # the same batches again, no clock
    if falls and not repeated and len(falls) <= MOST_SETBACKS and all(b - a > SHORTEST_RUN for a, b in runs):
        return _Stream(stream, ascends=False)
    return _Stream(sorted(stream, key=_heard), ascends=True)


def silent_between(a: Reading, b: Reading, step_ns: int, lateness_ns: int = LATENESS_NS) -> bool:
    """Whether the receiving clock bears out that `b` was taken `step_ns` after `a`, be that hours.

    Where a source knows no time of receipt, event time stands in for it (both
    are equal), and nothing is borne out.
    """
    if a.received_ns == a.t_ns and b.received_ns == b.t_ns:
        return False
    return step_ns > 0 and -lateness_ns <= b.received_ns - a.received_ns - step_ns <= max(DELAY_NS, lateness_ns)


Heard = TypeVar("Heard", bound=Reading)


@dataclass(slots=True)
class _Clock(Generic[Heard]):
    """What is known of a device's clock since two readings agreed; `offset_ns` is added to what it says."""

    last_ns: int  # the newest time it said, set right
    latest: Heard  # the last reading that went on
    offset_ns: int = 0
    waiting: Heard | None = None  # said a time that does not fit; the next reading tells whether the clock jumped


class ClockGuard(Generic[Heard]):
    """Sets right the event times of devices whose clocks jump.

    A reading that follows its predecessor of the same device after a silence the
    receiving clock bears out goes on, however long the silence was.  One more
    than `lateness_s` before its predecessor, or more than `longest_gap_s` after
    it without that, or away from it by more than `lateness_s` while the
    receiving clock says otherwise, is held until the next one comes.  If that
    goes on from the held one, the clock has jumped: from there on times are
    shifted so that the stream continues where it was, and nothing is lost.  If
    it goes on from before, the held reading was a stray and is dropped.  The
    first reading of a device waits for the second to agree with it.  Every jump
    and stray is in `health`.
    """

    def __init__(self, lateness_s: float = 2.0, longest_gap_s: float = 60.0) -> None:
        self._lateness = round(lateness_s * NS)
        self._longest_gap = round(longest_gap_s * NS)
        self._clocks: dict[str, _Clock[Heard]] = {}
        self._first: dict[str, Heard] = {}  # of each device without a clock yet: what the next reading must agree with
        self._strays: dict[str, int] = {}
        self._jumps: list[HealthEntry] = []

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """Jumps in order, then strays by device."""
        strays = [
            HealthEntry(
                "late",
                device,
                f"{device}: {n} readings with a time that fits nothing around them; dropped",
                grave=True,
            )
            for device, n in sorted(self._strays.items())
        ]
        return (*self._jumps, *strays)

    @property
    def first_words(self) -> Collection[Heard]:
        """First readings of devices that nothing has confirmed yet."""
        return self._first.values()

    def push(self, reading: Heard) -> tuple[Heard, ...]:
        """The readings that may go on, with their times set right (usually just this one)."""
        clock = self._clocks.get(reading.device)
        if clock is None:
            return self._start(reading)
        held = clock.waiting
        if held is None:
            near = abs(reading.t_ns + clock.offset_ns - clock.last_ns) <= self._lateness  # the usual case, and cheaper
            if near or self._follows(clock, reading):
                return (self._pass(clock, reading),)
            clock.waiting = reading
            return ()
        clock.waiting = None
        if self._near(held, reading):
            self._shift(clock, held)
            return (self._pass(clock, held), *self.push(reading))
        self._stray(held)
        return self.push(reading)

    def flush(self) -> tuple[Heard, ...]:
        """At the end: a reading still held is a stray, unless it is all the device ever said."""
        alone = tuple(first for device, first in self._first.items() if device not in self._strays)
        held = [clock.waiting for clock in self._clocks.values() if clock.waiting is not None]
        for stray in (*held, *(first for device, first in self._first.items() if device in self._strays)):
            self._stray(stray)
        for clock in self._clocks.values():
            clock.waiting = None
        self._first.clear()
        return alone

    def _start(self, reading: Heard) -> tuple[Heard, ...]:
        """Begin with the first two readings that agree; set right a clock that is far from the receiving one."""
        first = self._first.get(reading.device)
        if first is None or not self._near(first, reading):
            self._first[reading.device] = reading
            if first is not None:
                self._stray(first)
            return ()
        del self._first[reading.device]
        offset = 0
        wrong = first.t_ns - first.received_ns
        if abs(wrong) > self._longest_gap:
            offset = -wrong
            self._jumps.append(
                HealthEntry(
                    "clock-jump",
                    first.device,
                    f"{first.device}: clock is {wrong / NS:+.1f} s off; its times are shifted to those of receipt",
                    t0_ns=first.received_ns,
                    gondola=first.gondola if isinstance(first, PlateReading) else None,
                )
            )
        clock = self._clocks[reading.device] = _Clock(first.t_ns + offset, first, offset)
        return (self._pass(clock, first), self._pass(clock, reading))

    def _stray(self, reading: Heard) -> None:
        self._strays[reading.device] = self._strays.get(reading.device, 0) + 1

    def _follows(self, clock: _Clock[Heard], reading: Heard) -> bool:
        """Whether a reading away from the last one by more than `lateness_s` goes on from it."""
        step = reading.t_ns + clock.offset_ns - clock.last_ns
        if step > self._longest_gap:
            return silent_between(clock.latest, reading, step, self._lateness)
        heard = reading.received_ns - clock.latest.received_ns
        return step > 0 and not 0 <= heard < step - self._lateness

    def _near(self, a: Heard, b: Heard) -> bool:
        step = b.t_ns - a.t_ns
        return -self._lateness <= step <= self._longest_gap or silent_between(a, b, step, self._lateness)

    def _pass(self, clock: _Clock[Heard], reading: Heard) -> Heard:
        t_ns = reading.t_ns + clock.offset_ns
        if t_ns > clock.last_ns:
            clock.last_ns = t_ns
        clock.latest = reading
        return replace(reading, t_ns=t_ns) if clock.offset_ns else reading

    def _shift(self, clock: _Clock[Heard], first: Heard) -> None:
        """Let `first` follow the last reading at the distance the receiving clock measured, or else the usual one."""
        heard = first.received_ns - clock.latest.received_ns
        said = first.t_ns + clock.offset_ns - clock.last_ns
        trusted = heard > 0 and abs(heard - said) > self._lateness
        distance = heard if trusted else _duration(clock.latest)
        offset = clock.last_ns + distance - first.t_ns
        self._jumps.append(
            HealthEntry(
                "clock-jump",
                first.device,
                f"{first.device}: clock jumps by {(said - distance) / NS:+.1f} s; times after it are shifted back",
                t0_ns=clock.last_ns,
                t1_ns=clock.last_ns + distance,
                gondola=first.gondola if isinstance(first, PlateReading) else None,
            )
        )
        clock.offset_ns = offset


def _duration(reading: Reading) -> int:
    return round(len(reading.grams) * NS / reading.hz) if isinstance(reading, PlateReading) else NS // 15
