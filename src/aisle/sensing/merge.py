"""Several streams of readings in the order in which things happened, with bounded patience.

Devices deliver late by different amounts: in the real recording plates come
after 10 to 80 ms, the people tracker 2.3 s behind.  Each reading waits until
every device still speaking has got past it by the allowed lateness, so
consumers see one stream in order of event time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from aisle.sensing.clocks import NS, ClockGuard
from aisle.sensing.readings import HealthEntry, Reading

BEFORE_ALL = -(1 << 64)
AFTER_ALL = 1 << 64


class EventTimeMerge:
    """Readings pushed in order of receipt come out in order of event time.

    The watermark is the newest event time of the device furthest behind, less
    `lateness_s`; what is at or before it goes out.  A device not heard from
    for `patience_s` of receive time no longer holds the watermark, except that
    it may come back any moment, as far behind the receiving clock as it was last
    (at most `patience_s`).  A reading older than one that went out already is
    dropped and counted.  Nothing goes
    out in the first `opening_s` of receive time, so that every device is known
    before somebody could have to wait for it.  Clock jumps are set right first
    (`ClockGuard`).
    """

    def __init__(self, lateness_s: float = 2.0, patience_s: float = 10.0, opening_s: float = 3.0) -> None:
        self._lateness = round(lateness_s * NS)
        self._patience = round(patience_s * NS)
        self._guard: ClockGuard[Reading] = ClockGuard()
        self._waiting: list[tuple[int, str, int, Reading]] = []
        self._newest: dict[str, int] = {}  # event time of each device
        self._heard: dict[str, int] = {}  # receive time of each device
        self._speaking: dict[str, int] = {}  # `_newest` of the devices that hold the watermark
        self._behind: dict[str, int] = {}  # the other devices: how far behind the receiving clock they were
        self._nobody_silent_until = 0  # up to this receive time all of them have been heard lately enough
        self._opening = round(opening_s * NS)
        self._opens_ns: int | None = None
        self._clock = 0
        self._count = 0
        self._gone_ns = BEFORE_ALL
        self._dropped: dict[str, tuple[int, int, int]] = {}

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """Clock jumps and late readings so far."""
        late = [
            HealthEntry(
                "late",
                device,
                f"{device}: {n} readings came more than {self._lateness / NS:g} s late; dropped",
                t0,
                t1,
                grave=True,
            )
            for device, (n, t0, t1) in sorted(self._dropped.items())
        ]
        return (*self._guard.health, *late)

    def push(self, reading: Reading) -> Sequence[Reading]:
        """Take one reading in; gives those whose turn has come."""
        for settled in self._guard.push(reading):
            self._take_in(settled)
        return self._released(self._watermark())

    def flush(self) -> Sequence[Reading]:
        """At the end of the streams: everything that waits."""
        for settled in self._guard.flush():
            self._take_in(settled)
        return self._released(AFTER_ALL)

    def _take_in(self, reading: Reading) -> None:
        device, t_ns, heard_ns = reading.device, reading.t_ns, reading.received_ns
        if self._opens_ns is None:
            self._opens_ns = heard_ns + self._opening
        if heard_ns > self._clock:
            self._clock = heard_ns
        self._heard[device] = heard_ns = max(self._heard.get(device, 0), heard_ns)
        self._newest[device] = newest = max(self._newest.get(device, 0), t_ns)
        if self._clock - heard_ns <= self._patience:
            if device not in self._speaking:
                self._nobody_silent_until = min(self._nobody_silent_until, heard_ns + self._patience)
            self._speaking[device] = newest
            self._behind.pop(device, None)
        if t_ns < self._gone_ns:
            n, t0, t1 = self._dropped.get(device, (0, t_ns, t_ns))
            self._dropped[device] = (n + 1, min(t0, t_ns), max(t1, t_ns))
            return
        self._count += 1
        heapq.heappush(self._waiting, (t_ns, device, self._count, reading))

    def _watermark(self) -> int:
        if self._opens_ns is None or self._clock < self._opens_ns:
            return BEFORE_ALL
        if self._clock > self._nobody_silent_until:
            self._forget_silent()
        if not self._speaking:
            return BEFORE_ALL
        furthest_behind = min(self._speaking.values())
        for first in self._guard.first_words:
            if first.t_ns < furthest_behind and self._clock - first.received_ns <= self._patience:
                furthest_behind = first.t_ns
        if self._behind:
            furthest_behind = min(furthest_behind, self._clock - max(self._behind.values()))
        return furthest_behind - self._lateness

    def _forget_silent(self) -> None:
        """Who has been silent for too long is no longer waited for, but his place is kept for when he speaks again."""
        earliest = self._clock - self._patience
        for device in self._speaking:
            if self._heard[device] < earliest:
                self._behind[device] = min(self._heard[device] - self._newest[device], self._patience)
        self._speaking = {device: t for device, t in self._speaking.items() if self._heard[device] >= earliest}
        heard = [self._heard[device] for device in self._speaking]
        self._nobody_silent_until = min(heard, default=self._clock) + self._patience

    def _released(self, watermark: int) -> Sequence[Reading]:
        waiting = self._waiting
        if not waiting or waiting[0][0] > watermark:
            return ()
        out: list[Reading] = []
        while waiting and waiting[0][0] <= watermark:
            out.append(heapq.heappop(waiting)[3])
        self._gone_ns = out[-1].t_ns
        return out


def by_event_time(readings: Iterable[Reading], merge: EventTimeMerge) -> Iterator[Reading]:
    """All readings of one stream in order of receipt, through `merge`; its health tells what was dropped."""
    for reading in readings:
        yield from merge.push(reading)
    yield from merge.flush()


def merged(streams: Iterable[Iterable[Reading]], merge: EventTimeMerge) -> Iterator[Reading]:
    """Several streams, each in order of receipt, as one in order of event time."""
    return by_event_time(heapq.merge(*streams, key=attrgetter("received_ns")), merge)
