"""Plate readings of many gondolas put on one common, regular time grid.

Every gondola samples on its own clock, with its own phase, a little early or
late, and sometimes not at all.  Detection wants one array in which row i is
one moment for all plates of the shop.  `PlateGrid` makes it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from aisle.sensing.clocks import ClockGuard, silent_between
from aisle.sensing.faults import HealthLog
from aisle.sensing.readings import Float32, HealthEntry, PlateReading
from aisle.store.model import Store

NS = 1_000_000_000
PHASE_GAIN = 0.1  # share of a batch's deviation that is believed to be the device's phase
FIRST_ROWS = 1024
NOTHING_YET = -(1 << 60)
MINUTE_S = 60.0
FARTHEST_S = 90.0  # apart at their first words: no late start but a wrong clock


@dataclass(frozen=True, slots=True)
class PlateBlock:
    """A stretch of the grid: row i was taken at t0_ns + i / hz.

    `grams` is (n, store.plate_count): shelves in the order of `Store.shelves`,
    plates from left to right; NaN where there was no sample.
    """

    t0_ns: int
    hz: float
    grams: Float32

    @property
    def t1_ns(self) -> int:
        """The moment after the last row."""
        return self.t0_ns + round(len(self.grams) * NS / self.hz)


@dataclass(frozen=True, slots=True)
class _Boards:
    """Shelves of one gondola that are alike and lie side by side in the grid."""

    first: int  # row of the reading that holds the lowest of them
    count: int
    width: int  # plates of each
    column: int  # of the grid, where the lowest begins


@dataclass(slots=True)
class _Place:
    """Where a gondola's samples go, and how far they have come (rows counted from the grid's start)."""

    boards: tuple[_Boards, ...]
    targets: tuple[Float32, ...] = ()  # of each of `boards` its part of the rows held, (rows, count, width)
    shift: int = 0  # rows by which its clock had to be brought near the others'
    phase: float = 0.0  # how far the device runs behind the rows it fills, in rows
    next: int = NOTHING_YET  # row the next sample belongs to
    holes: list[tuple[int, int]] = field(default_factory=list)


class PlateGrid:
    """Plate readings in, regular blocks out.

    Readings come in order of event time, small jitter apart (see `merge`).  A
    batch that starts within half a batch of where the last one ended follows it
    seamlessly; slow drift against the grid is taken up a sample at a time.  A
    later one leaves a gap of NaN; an earlier one fills a gap if it comes within
    `lateness_s`, or is a repeat and dropped.  A gondola that is silent for longer than `patience_s`
    no longer holds the others up.  Rows are closed by what was pushed alone, so
    blocks laid end to end do not depend on when `take` was called.

    Blocks follow each other without a break, unless `longest_silence_s` is given:
    then of a silence of the whole shop that is longer only its first and last
    minutes get rows.  A new block begins after the hole, and `take` and `flush`
    are to be called until they give None.

    Clocks that jump (`ClockGuard`) are set right; readings of gondolas the store
    does not know are counted in `health`.
    """

    def __init__(
        self,
        store: Store,
        hz: float = 60.0,
        lateness_s: float = 0.4,
        patience_s: float = 0.5,
        longest_silence_s: float | None = None,
    ) -> None:
        self.hz = hz
        self._plates = store.plate_count
        self._places = _places(store)
        self._lateness = round(lateness_s * hz)
        self._patience = max(1, self._lateness, round(patience_s * hz))
        self._minute = max(1, round(MINUTE_S * hz))
        self._longest_silence = math.inf  # rows
        if longest_silence_s is not None:
            self._longest_silence = max(round(longest_silence_s * hz), 3 * self._minute)
        self._ready: deque[PlateBlock] = deque()  # blocks before a hole, not taken yet
        self._last: PlateReading | None = None  # the newest that got rows
        self._guard: ClockGuard[PlateReading] = ClockGuard()
        self._log = HealthLog()
        self._start_ns: int | None = None
        self._rows = np.empty((0, self._plates), dtype=np.float32)
        self._base = 0  # grid row of self._rows[0]: all before it was taken
        self._end = 0  # row after the last one written
        self._closed = 0  # rows before it are final
        self._newest = NOTHING_YET  # the largest and the least `next` of all gondolas
        self._oldest = NOTHING_YET
        self._repeats: dict[int, tuple[int, int, int]] = {}
        self._late: dict[int, tuple[int, int, int]] = {}

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was wrong with times and order so far."""
        counted = [
            HealthEntry(
                "duplicate", f"gondola {g}", f"gondola {g}: {n} batches came twice; repeats dropped", t0, t1, gondola=g
            )
            for g, (n, t0, t1) in sorted(self._repeats.items())
        ] + [
            HealthEntry(
                "late",
                f"gondola {g}",
                f"gondola {g}: {n} batches came too late to be used",
                t0,
                t1,
                grave=True,
                gondola=g,
            )
            for g, (n, t0, t1) in sorted(self._late.items())
        ]
        return (*self._guard.health, *self._log.entries(), *counted)

    def push(self, reading: PlateReading) -> None:
        """Take one batch in."""
        for settled in self._guard.push(reading):
            self._place(settled)

    def take(self, until_ns: int | None = None) -> PlateBlock | None:
        """Every row that is final, at most those before `until_ns`; None when there is none."""
        if self._start_ns is None:
            return None
        if self._ready:
            return self._take_ready(until_ns)
        stop = self._closed
        if until_ns is not None:
            stop = min(stop, -int(-(until_ns - self._start_ns) * self.hz // NS))
        return self._cut(stop)

    def flush(self) -> PlateBlock | None:
        """Everything left, at the end of the readings."""
        for settled in self._guard.flush():
            self._place(settled)
        if self._ready:
            return self._ready.popleft()
        self._closed = self._end
        return self._cut(self._end)

    # ------------------------------------------------------------------ inside
    def _place(self, reading: PlateReading) -> None:
        place = self._places.get(reading.gondola)
        if place is None:
            self._unknown(reading.gondola)
            return
        grams = reading.grams
        n = len(grams)
        if not n:
            return
        if reading.hz != self.hz:
            grams = _resampled(grams, reading.hz, self.hz)
            n = len(grams)
        if self._start_ns is None:
            self._start_ns = reading.t_ns
        at = (reading.t_ns - self._start_ns) * self.hz / NS + place.shift
        reached = place.next
        if reached == NOTHING_YET:
            at += self._brought_near(place, reading, at)
        if at - self._end > self._longest_silence:
            at -= self._left_out(round(at))
        if reached == NOTHING_YET:
            place.next = round(at)
            place.phase = at - place.next
        off = at - place.phase - place.next
        if abs(off) <= n / 2:
            place.phase += PHASE_GAIN * off
            if place.phase > 1.0:  # the device runs slow: leave a row out
                place.holes.append((place.next, place.next + 1))
                place.next, place.phase = place.next + 1, place.phase - 1.0
            row = place.next
            if place.phase < -1.0:  # the device runs fast: one sample too many
                grams, n, place.phase = grams[1:], n - 1, place.phase + 1.0
        elif off > 0:
            row = round(at - place.phase)
            place.holes.append((place.next, row))
        else:
            self._fill(place, reading, grams, round(at - place.phase))
            return
        place.next = row + n
        self._last = reading
        late = min(n, max(0, self._closed - row))  # rows the others could not wait for
        if late > n // 2:
            self._count(self._late, reading)
        if late < n:
            self._write(place, row + late, grams[late:] if late else grams)
        self._close(reached, place.next)

    def _unknown(self, gondola: int) -> None:
        where = f"gondola {gondola}"
        self._log.add(
            HealthEntry(
                "unknown-plate",
                where,
                f"{where}: sends samples, but the store has no such gondola; they are not counted",
                gondola=gondola,
            )
        )

    def _brought_near(self, place: _Place, reading: PlateReading, at: float) -> int:
        """Rows to shift a gondola whose clock is far from the others', so that it starts where they are."""
        last = self._last
        if last is None or abs(at - self._newest) <= FARTHEST_S * self.hz:
            return 0
        if silent_between(last, reading, reading.t_ns - last.t_ns):  # all were silent; it is the first to speak
            return 0
        place.shift = self._newest - round(at)
        where = f"gondola {reading.gondola}"
        self._log.add(
            HealthEntry(
                "clock-jump",
                where,
                f"{where}: clock is {-place.shift / self.hz:+.0f} s from the others'; its times are shifted to theirs",
                t0_ns=reading.t_ns,
                grave=True,
                gondola=reading.gondola,
            )
        )
        return place.shift

    def _left_out(self, row: int) -> int:
        """Rows by which to bring `row` nearer, since none are given to the middle of a silence before it."""
        if self._start_ns is None or row - self._end <= self._longest_silence or not self._end:  # nothing has rows yet
            return 0
        minutes = (row - self._end) // self._minute - 2
        self._end += self._minute
        if self._end - self._base > len(self._rows):
            self._room(self._end)
        self._closed = self._end
        block = self._cut(self._end)
        if block is not None:
            self._ready.append(block)
        self._start_ns += round(minutes * self._minute * NS / self.hz)
        return minutes * self._minute

    def _take_ready(self, until_ns: int | None) -> PlateBlock | None:
        block = self._ready[0]
        n = len(block.grams)
        if until_ns is not None:
            n = min(n, max(0, -int(-(until_ns - block.t0_ns) * self.hz // NS)))
        if n == len(block.grams):
            return self._ready.popleft()
        if n:
            rest_ns = block.t0_ns + round(n * NS / self.hz)
            self._ready[0] = PlateBlock(rest_ns, self.hz, block.grams[n:])
        return PlateBlock(block.t0_ns, self.hz, block.grams[:n]) if n else None

    def _fill(self, place: _Place, reading: PlateReading, grams: Float32, row: int) -> None:
        """An older batch: into the gap it belongs to, if that is still open."""
        n = len(grams)
        wanted = [(max(a, row, self._closed), min(b, row + n)) for a, b in place.holes]
        open_rows = [(a, b) for a, b in wanted if a < b]
        filled = sum(b - a for a, b in open_rows)
        if filled <= n // 2:
            self._count(
                self._late if row + n <= self._closed and _overlaps(place.holes, row, row + n) else self._repeats,
                reading,
            )
            return
        for a, b in open_rows:
            self._write(place, a, grams[a - row : b - row])
        place.holes = [
            part for a, b in place.holes for part in ((a, min(b, row)), (max(a, row + n), b)) if part[0] < part[1]
        ]

    def _count(self, counts: dict[int, tuple[int, int, int]], reading: PlateReading) -> None:
        n, t0, t1 = counts.get(reading.gondola, (0, reading.t_ns, reading.t_ns))
        counts[reading.gondola] = (n + 1, min(t0, reading.t_ns), max(t1, reading.t_ns))

    def _write(self, place: _Place, row: int, grams: Float32) -> None:
        end = row + len(grams)
        if end - self._base > len(self._rows):
            self._room(end)
        self._end = max(self._end, end)
        rows = slice(row - self._base, end - self._base)
        for boards, target in zip(place.boards, place.targets, strict=True):
            part = grams[:, boards.first : boards.first + boards.count, : boards.width]
            target[rows, : part.shape[1], : part.shape[2]] = part

    def _room(self, end: int) -> None:
        """Make the buffer reach `end`; rows beyond the last written one are always NaN."""
        wanted = end - self._base
        held = self._rows[: self._end - self._base]
        self._rows = np.full((max(wanted, 2 * len(self._rows), FIRST_ROWS), self._plates), np.nan, dtype=np.float32)
        self._rows[: len(held)] = held
        for place in self._places.values():
            place.targets = tuple(
                self._rows[:, b.column : b.column + b.count * b.width].reshape(-1, b.count, b.width)
                for b in place.boards
            )

    def _close(self, before: int, after: int) -> None:
        """A gondola has come from one row to another; final is what every gondola that still speaks has passed."""
        if after <= self._newest and before > self._oldest:
            return
        self._newest = max(self._newest, after)
        if before == self._oldest:
            self._oldest = min([place.next for place in self._places.values()])
        closed = max(min(self._oldest, self._newest - self._lateness), self._newest - self._patience)
        if closed > self._closed:
            self._closed = closed
            for place in self._places.values():
                if place.holes and place.holes[0][1] <= closed - 4 * self._patience:
                    place.holes = [(a, b) for a, b in place.holes if b > closed - 4 * self._patience]

    def _cut(self, stop: int) -> PlateBlock | None:
        n = stop - self._base
        if n <= 0 or self._start_ns is None:
            return None
        kept = self._end - stop
        block = PlateBlock(self._start_ns + round(self._base * NS / self.hz), self.hz, self._rows[:n].copy())
        self._rows[:kept] = self._rows[n : n + kept].copy()
        self._rows[kept : n + kept] = np.nan
        self._base = stop
        return block


def _overlaps(holes: list[tuple[int, int]], start: int, stop: int) -> bool:
    return any(a < stop and start < b for a, b in holes)


def _places(store: Store) -> dict[int, _Place]:
    out: dict[int, list[_Boards]] = {}
    column = 0
    for shelf in store.shelves:
        row, width = shelf.shelf - 1, shelf.plate_count
        boards = out.setdefault(shelf.gondola, [])
        below = boards[-1] if boards else None
        if below is not None and (below.first + below.count, below.width, below.column + below.count * width) == (
            row,
            width,
            column,
        ):
            boards[-1] = replace(below, count=below.count + 1)
        else:
            boards.append(_Boards(row, 1, width, column))
        column += width
    return {gondola: _Place(tuple(boards)) for gondola, boards in out.items()}


def _resampled(grams: Float32, hz: float, wanted_hz: float) -> Float32:
    """A batch at another rate: the mean of what falls into each row, or the nearest sample where rows are denser."""
    n = len(grams)
    rows = max(1, round(n * wanted_hz / hz))
    if rows >= n:
        nearest: npt.NDArray[np.intp] = np.minimum((np.arange(rows) + 0.5) * n / rows, n - 1).astype(np.intp)
        return grams[nearest]
    borders = np.round(np.arange(rows) * n / rows).astype(np.intp)
    counts = np.diff(np.append(borders, n)).astype(np.float32)
    summed: Float32 = np.add.reduceat(grams, borders, axis=0)
    return summed / counts[:, None, None]
