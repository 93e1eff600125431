"""Whether the sensors can be believed: gaps, dead, stuck and saturated plates, silence of the tracker.

`HealthMonitor` watches plates as arrays (blocks of the common grid) and
people frame by frame.  What it finds is grave when receipts may suffer:
weight went unseen while somebody was there to change it.

`SourceCheck` looks at readings one by one as they leave a recording, before
anything is made of them: what they lack, and what no plate can have said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from aisle.sensing.grid import PlateBlock
from aisle.sensing.readings import HEAVIEST_G, Float32, FrameReading, HealthEntry, PlateReading, Reading, TrackReading
from aisle.sensing.unknown_plates import LEVEL_BATCHES, unknown_plates
from aisle.store.model import Store

NS = 1_000_000_000
GAP_S = 0.5  # shorter losses are healed by the plateaus around them
GRAVE_GAP_S = 1.0
TRACKER_GAP_S = 1.0
PRESENCE_GAP_S = 2.0  # a track lost for less is still somebody in the shop
WINDOW_S = 0.5
STUCK_S = 10.0
STILL_G = 0.25  # a live plate moves by more within STUCK_S (measured: 3 g and more)
RAIL_G = 5_000.0  # a plate pinned at more than this is at the end of its range, not merely frozen
NEAR_M = 0.9  # from head to shelf front: within reach
FRAMES_AT_ONCE = 256
BATCHES_AT_ONCE = 1_500  # of a gondola, searched together for plates the store does not know: five minutes


@dataclass(frozen=True, slots=True)
class _Plates:
    """Names of the grid's columns, as parallel arrays (plates,)."""

    gondola: npt.NDArray[np.int64]
    shelf: npt.NDArray[np.int64]
    plate: npt.NDArray[np.int64]
    used: npt.NDArray[np.bool_]  # a facing stands on it


class HealthMonitor:
    """Feed it the blocks of a `PlateGrid` and the tracker's frames; `entries` says what was wrong so far.

    Findings do not depend on how the grid was cut into blocks.
    """

    def __init__(self, store: Store, hz: float = 60.0) -> None:
        self._store = store
        self._hz = hz
        self._plates = _columns(store)
        n = store.plate_count
        self._start_ns: int | None = None
        self._rows = 0
        self._missing_since = np.zeros(n, dtype=np.int64)  # row at which the present loss began; -1: none
        self._alive = np.zeros(n, dtype=bool)
        self._gaps: list[tuple[int, int, int]] = []  # (column, first row, row after)
        self._rest = np.empty((0, n), dtype=np.float32)  # rows short of a whole window
        self._low = np.full(n, np.nan, dtype=np.float32)  # range since `_still_since`
        self._high = np.full(n, np.nan, dtype=np.float32)
        self._still_since = np.zeros(n, dtype=np.int64)
        self._windows = 0
        self._still: dict[int, tuple[int, int, float]] = {}  # column -> (first row, row after, grams)
        self._frames: list[tuple[int, Float32]] = []
        self._presence: list[tuple[int, int]] = []
        self._tracker_gaps: list[tuple[int, int]] = []
        self._last_frame_ns: int | None = None
        self._near: dict[int, tuple[int, int]] = {}  # gondola -> first and last time somebody was within reach

    # ----------------------------------------------------------------- plates
    def see_plates(self, block: PlateBlock) -> None:
        """Watch a block; blocks must follow each other without a break."""
        if self._start_ns is None:
            self._start_ns = block.t0_ns
        grams = block.grams
        if not len(grams):
            return
        width = max(1, round(WINDOW_S * self._hz))
        hole = round((block.t0_ns - self._time(self._rows)) * self._hz / NS)  # whole minutes of silence left out
        if hole >= width:
            self._rows, self._windows = self._rows + hole, self._windows + hole // width
        self._see_losses(np.isnan(grams))
        self._rows += len(grams)
        both = np.concatenate([self._rest, grams]) if len(self._rest) else grams
        whole = len(both) // width
        if whole:
            self._see_stillness(both[: whole * width].reshape(whole, width, -1), width)
        self._rest = both[whole * width :].copy()

    def _see_losses(self, missing: npt.NDArray[np.bool_]) -> None:
        whole, some = missing.all(axis=0), missing.any(axis=0)
        self._alive |= ~whole
        open_gap = self._missing_since >= 0
        self._missing_since[whole & ~open_gap] = self._rows
        ended = open_gap & ~some
        for column in np.flatnonzero(ended & (self._rows - self._missing_since > GAP_S * self._hz)).tolist():
            self._end_gap(column, self._rows)
        self._missing_since[ended] = -1
        for column in np.flatnonzero(some & ~whole).tolist():
            flips = np.flatnonzero(np.diff(missing[:, column])) + 1
            if not missing[0, column]:
                self._end_gap(column, self._rows)
            elif self._missing_since[column] < 0:
                self._missing_since[column] = self._rows
            for row in flips.tolist():
                if missing[row, column]:
                    self._missing_since[column] = self._rows + row
                else:
                    self._end_gap(column, self._rows + row)

    def _end_gap(self, column: int, row: int) -> None:
        since = int(self._missing_since[column])
        if since >= 0 and row - since > GAP_S * self._hz:
            self._gaps.append((column, since, row))
        self._missing_since[column] = -1

    def _see_stillness(self, windows: npt.NDArray[np.float32], width: int) -> None:
        lows, highs = np.fmin.reduce(windows, axis=1), np.fmax.reduce(windows, axis=1)
        for low, high in zip(lows, highs, strict=True):
            first = self._windows * width
            self._windows += 1
            joint_low, joint_high = np.fmin(self._low, low), np.fmax(self._high, high)
            moved = ~(joint_high - joint_low <= STILL_G)  # also where there is no sample
            self._still_since[moved] = first
            self._low, self._high = np.where(moved, low, joint_low), np.where(moved, high, joint_high)
            still = self._still_since <= first + width - STUCK_S * self._hz
            for column in np.flatnonzero(still & ~np.isnan(self._low)).tolist() if still.any() else ():
                self._still[column] = (int(self._still_since[column]), first + width, float(self._low[column]))

    # ----------------------------------------------------------------- people
    def see_people(self, reading: TrackReading) -> None:
        """Watch a frame of the tracker; frames come in order of event time."""
        t_ns = reading.t_ns
        if self._last_frame_ns is not None and t_ns - self._last_frame_ns > TRACKER_GAP_S * NS:
            self._tracker_gaps.append((self._last_frame_ns, t_ns))
        self._last_frame_ns = t_ns
        if not reading.ids:
            return
        if self._presence and t_ns - self._presence[-1][1] <= PRESENCE_GAP_S * NS:
            self._presence[-1] = (self._presence[-1][0], t_ns)
        else:
            self._presence.append((t_ns, t_ns))
        self._frames.append((t_ns, reading.heads_m))
        if len(self._frames) >= FRAMES_AT_ONCE:
            self._see_nearness()

    def _see_nearness(self) -> None:
        if not self._frames:
            return
        heads = np.concatenate([h for _, h in self._frames]).astype(np.float64)
        times = np.repeat([t for t, _ in self._frames], [len(h) for _, h in self._frames])
        self._frames.clear()
        for gondola in sorted({s.gondola for s in self._store.shelves}):
            shelf = next(s for s in self._store.shelves if s.gondola == gondola)
            local = shelf.local(heads)
            aside = np.maximum(
                0.0, np.maximum(shelf.plate_edges_m[0] - local[:, 0], local[:, 0] - shelf.plate_edges_m[-1])
            )
            ahead = np.maximum(0.0, np.maximum(-local[:, 1], local[:, 1] - shelf.depth_m))
            near = times[np.hypot(aside, ahead) < NEAR_M]
            if len(near):
                t0, t1 = self._near.get(gondola, (int(near[0]), 0))
                self._near[gondola] = (min(t0, int(near.min())), max(t1, int(near.max())))

    # ---------------------------------------------------------------- findings
    def entries(self) -> tuple[HealthEntry, ...]:
        """All findings so far, by kind and time."""
        self._see_nearness()
        tracker = [
            HealthEntry(
                "gap", "tracker", f"tracker: no frame for {(b - a) / NS:.1f} s", a, b, grave=self._somebody(a, b)
            )
            for a, b in self._tracker_gaps
        ]
        if self._start_ns is None:
            return tuple(tracker)
        return (*self._dead(), *self._gap_entries(), *self._still_entries(), *tracker)

    def _time(self, row: int) -> int:
        return (self._start_ns or 0) + round(row * NS / self._hz)

    def _somebody(self, t0: int, t1: int) -> bool:
        slack = round(PRESENCE_GAP_S * NS)
        return any(a <= t1 + slack and b >= t0 - slack for a, b in self._presence)

    def _dead(self) -> list[HealthEntry]:
        if self._rows < GRAVE_GAP_S * self._hz:
            return []
        out = []
        silent = ~self._alive
        for where, columns, gondola, shelf, plate in self._places(np.flatnonzero(silent)):
            matters = gondola in self._near and bool(self._plates.used[columns].any())
            out.append(
                HealthEntry(
                    "dead",
                    where,
                    f"{where}: not one sample" + ("; somebody was within reach of it" if matters else ""),
                    self._time(0),
                    self._time(self._rows),
                    matters,
                    gondola,
                    shelf,
                    plate,
                )
            )
        return out

    def _gap_entries(self) -> list[HealthEntry]:
        open_gaps = [
            (int(c), int(self._missing_since[c]), self._rows)
            for c in np.flatnonzero(self._alive & (self._missing_since >= 0))
            if self._rows - self._missing_since[c] > GAP_S * self._hz
        ]
        spans: dict[tuple[int, int], list[int]] = defaultdict(list)
        for column, first, after in (*self._gaps, *open_gaps):
            spans[first, after].append(column)
        out = []
        for (first, after), columns in sorted(spans.items()):
            t0, t1 = self._time(first), self._time(after)
            seconds = (after - first) / self._hz
            grave = seconds >= GRAVE_GAP_S and self._somebody(t0, t1)
            for where, _, gondola, shelf, plate in self._places(np.array(columns)):
                out.append(
                    HealthEntry(
                        "gap", where, f"{where}: no samples for {seconds:.1f} s", t0, t1, grave, gondola, shelf, plate
                    )
                )
        return out

    def _still_entries(self) -> list[HealthEntry]:
        out = []
        common = self._plates.gondola[sorted(self._still)]
        for column, (first, after, grams) in sorted(self._still.items()):
            here = self._plates.gondola == self._plates.gondola[column]
            if 2 * int((common == self._plates.gondola[column]).sum()) > int((self._alive & here).sum()):
                continue  # most of the gondola is as still: coarse scales, not a fault
            gondola, shelf, plate = (
                int(a[column]) for a in (self._plates.gondola, self._plates.shelf, self._plates.plate)
            )
            where = f"gondola {gondola}, shelf {shelf}, plate {plate}"
            pinned = abs(grams) >= RAIL_G
            kind = ("saturated", f"pinned at {grams:.0f} g") if pinned else ("stuck", f"not moved from {grams:.2f} g")
            out.append(
                HealthEntry(
                    "saturated" if pinned else "stuck",
                    where,
                    f"{where}: {kind[1]} for {(after - first) / self._hz:.0f} s",
                    self._time(first),
                    self._time(after),
                    bool(self._plates.used[column]) and self._somebody(self._time(first), self._time(after)),
                    gondola,
                    shelf,
                    plate,
                )
            )
        return out

    def _places(
        self, columns: npt.NDArray[np.intp]
    ) -> list[tuple[str, npt.NDArray[np.intp], int, int | None, int | None]]:
        """Columns as the largest places they fill: whole gondolas, whole shelves, single plates."""
        p = self._plates
        out: list[tuple[str, npt.NDArray[np.intp], int, int | None, int | None]] = []
        for gondola in np.unique(p.gondola[columns]).tolist():
            mine = columns[p.gondola[columns] == gondola]
            if len(mine) == int((p.gondola == gondola).sum()):
                out.append((f"gondola {gondola}", mine, gondola, None, None))
                continue
            for shelf in np.unique(p.shelf[mine]).tolist():
                on_it = mine[p.shelf[mine] == shelf]
                if len(on_it) == int(((p.gondola == gondola) & (p.shelf == shelf)).sum()):
                    out.append((f"gondola {gondola}, shelf {shelf}", on_it, gondola, shelf, None))
                    continue
                out.extend(
                    (
                        f"gondola {gondola}, shelf {shelf}, plate {int(p.plate[c])}",
                        np.array([c]),
                        gondola,
                        shelf,
                        int(p.plate[c]),
                    )
                    for c in on_it
                )
        return out


def _columns(store: Store) -> _Plates:
    names = [(s.gondola, s.shelf, p + 1) for s in store.shelves for p in range(s.plate_count)]
    stood_on = {(f.gondola, f.shelf, p) for f in store.facings for p in f.plates}
    table = np.array(names, dtype=np.int64).reshape(-1, 3)
    return _Plates(table[:, 0], table[:, 1], table[:, 2], np.array([n in stood_on for n in names], dtype=bool))


def unweighed(store: Store) -> Iterator[HealthEntry]:
    """One grave entry for each product that stands on a shelf and cannot be told by weight."""
    for gtin in sorted({f.gtin for f in store.facings}):
        product = store.products[gtin]
        if not product.weight_g:
            yield HealthEntry(
                "no-weight",
                f"product {gtin}",
                f"store: {gtin} ({product.name}): weight missing or not above 0; it cannot be told by weight",
                grave=True,
            )


class SourceCheck:
    """Let every reading of a recording through `passed`, in any order; then `missing` says what never came.

    Holds the last five minutes of gondolas with more plates than the store knows, and nothing of the others.
    """

    def __init__(self, store: Store, source: str) -> None:
        self._store, self._source = store, source
        self._known = {s.key: s.plate_count for s in store.shelves}
        self._gondolas = {s.gondola for s in store.shelves}
        self._wider: dict[tuple[int, int, int], bool] = {}  # gondola, shelves, plates -> more than the store knows
        self._held: dict[int, list[PlateReading]] = defaultdict(list)
        self._absurd: dict[tuple[int, int, int], tuple[int, int, int]] = {}  # place -> (samples, first, last time)
        self._steps: dict[str, list[HealthEntry]] = defaultdict(list)  # place -> in order of time
        self._plates = self._frames = self._any = False

    @property
    def empty(self) -> bool:
        """Nothing has come yet."""
        return not self._any

    def passed(self, reading: Reading) -> Reading:
        """The reading with NaN for what no plate can weigh."""
        self._any = True
        if not isinstance(reading, PlateReading):
            self._frames = self._frames or isinstance(reading, TrackReading | FrameReading)
            return reading
        grams = reading.grams
        if not grams.size:
            return reading
        self._plates = self._plates or reading.gondola in self._gondolas
        if np.fmax.reduce(np.abs(grams), axis=None) > HEAVIEST_G:
            reading = self._without_absurd(reading)
        form = (reading.gondola, grams.shape[1], grams.shape[2])
        if form not in self._wider:
            self._wider[form] = self._is_wider(*form)
        if self._wider[form]:
            self._hold(reading)
        return reading

    def entries(self) -> tuple[HealthEntry, ...]:
        """What was wrong with the readings so far."""
        absurd = [
            HealthEntry(
                "invalid-sample",
                where := f"gondola {g}, shelf {s}, plate {p}",
                f"{self._source}: {where}: {n} infinite or absurd samples count as missing",
                t0,
                t1,
                gondola=g,
                shelf=s,
                plate=p,
            )
            for (g, s, p), (n, t0, t1) in sorted(self._absurd.items())
        ]
        told = [entry for where in sorted(self._steps) for entry in self._steps[where]]
        held = [reading for gondola in sorted(self._held) for reading in self._held[gondola]]
        return (*absurd, *told, *self._untold(held))

    def missing(self) -> Iterator[HealthEntry]:
        """One grave entry for each kind of reading that never came; ask at the end of the recording."""
        lacking = (
            ("plates", self._plates or not self._gondolas, "no samples of any plate of the store: no take can be seen"),
            ("tracks", self._frames, "no frame of the people tracker, nor any picture: nobody can be billed"),
        )
        for what, came, message in lacking:
            if not came:
                yield HealthEntry("missing-collection", what, f"{self._source}: {message}", grave=True)

    def _without_absurd(self, reading: PlateReading) -> PlateReading:
        absurd = np.abs(reading.grams) > HEAVIEST_G
        end = reading.t_ns + round(len(absurd) * NS / reading.hz)
        counts = absurd.sum(axis=0)
        for s, p in np.argwhere(counts).tolist():
            place = (reading.gondola, s + 1, p + 1)
            n, t0, t1 = self._absurd.get(place, (0, reading.t_ns, end))
            self._absurd[place] = (n + int(counts[s, p]), min(t0, reading.t_ns), max(t1, end))
        return replace(reading, grams=np.where(absurd, np.float32(np.nan), reading.grams))

    def _is_wider(self, gondola: int, shelves: int, plates: int) -> bool:
        return any(plates > self._known.get((gondola, s + 1), 0) for s in range(shelves))

    def _hold(self, reading: PlateReading) -> None:
        held = self._held[reading.gondola]
        held.append(reading)
        if len(held) >= BATCHES_AT_ONCE:
            for entry in self._untold(held):
                self._steps[entry.where].append(entry)
            del held[: -2 * LEVEL_BATCHES]  # what steps among these could not be judged yet

    def _untold(self, held: list[PlateReading]) -> list[HealthEntry]:
        """Steps among these batches that the search before has not seen the beginning of."""
        last = {where: entries[-1].t1_ns or 0 for where, entries in self._steps.items()}
        return [e for e in unknown_plates(held, self._store) if (e.t0_ns or 0) > last.get(e.where, 0)]
