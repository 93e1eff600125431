"""The suite `scales`: does weight-change detection keep up with a large store, and does its memory stay bounded?

Synthetic plates with the noise measured on real ones (median 0.64 g, a few times that on some), slow drift, and takes
with the press before and the ringing after.  Only the detector's own processor time counts; making up the samples
does not.  Speed is told as a ratio of times of one run.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aisle.bench.claims import Results, Row, judged
from aisle.bench.intervals import wilson
from aisle.bench.truth import BenchError
from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector

Float32 = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]

HZ = 60.0
BATCH = 12  # samples a device sends at a time
POOL = 64  # batches of noise made up beforehand
SETTLE_S = 4.0  # no take before the detector has learnt the noise, none in the last seconds
MATCH_S = 3.0  # an episode may begin or end this far from the take
MATCH_G = 5.0  # and its weight be this far off, or four of its own standard deviations
REAL_TIME = 10.0  # reach: times real time on one core
DAY_GROWTH_MIB = 8.0  # reach: growth of resident memory between the first hour and the last
DAY_RACK = (12, 12, 12, 12, 12)  # plates of the shelves that live through the day


@dataclass(frozen=True, slots=True)
class PlateLoad:
    """What is fed: `plates` plates on shelves of `plates_per_shelf`, for `seconds`, with `takes_per_s` takes."""

    plates: int = 10_000
    seconds: float = 60.0
    plates_per_shelf: int = 12
    takes_per_s: float = 5.0
    seed: int = 1

    def shelves(self) -> tuple[int, ...]:
        """Plates on each shelf, the last one taking what is left over."""
        if self.plates < 1:
            raise BenchError(f"--plates: found {self.plates}, must be 1 or more")
        if not self.seconds >= 4 * SETTLE_S:
            raise BenchError(f"--seconds: found {self.seconds:g}, must be {4 * SETTLE_S:g} or more")
        full, rest = divmod(self.plates, self.plates_per_shelf)
        return (self.plates_per_shelf,) * full + ((rest,) if rest else ())


@dataclass(frozen=True, slots=True)
class Take:
    """One item lifted (or put back: positive grams) at `t_s`, from one plate or two neighbours.

    `columns` are plates of the whole store, 0-based; `grams` (len(columns),) what each loses or gains.
    """

    t_s: float
    shelf: int
    columns: tuple[int, ...]
    grams: tuple[float, ...]

    @property
    def total_g(self) -> float:
        return sum(self.grams)


def plan_takes(shelves: Sequence[int], seconds: float, takes_per_s: float, rng: np.random.Generator) -> list[Take]:
    """Takes at random places, never two on one shelf within three settling times, in order of time."""
    starts = np.concatenate(([0], np.cumsum(shelves)[:-1]))
    free_from = np.full(len(shelves), SETTLE_S)
    takes = []
    for t in np.sort(rng.uniform(SETTLE_S, seconds - SETTLE_S, int(takes_per_s * seconds))):
        free = np.flatnonzero(free_from <= t)
        if not len(free):
            continue
        shelf = int(rng.choice(free))
        free_from[shelf] = t + 3 * SETTLE_S
        first = int(rng.integers(max(1, shelves[shelf] - 1)))
        share = float(rng.choice((1.0, rng.uniform(0.5, 0.9)))) if shelves[shelf] > 1 else 1.0
        weight = float(np.exp(rng.uniform(np.log(25), np.log(1500))) * rng.choice((-1, -1, -1, 1)))
        parts = [weight * share, weight * (1 - share)] if share < 1 else [weight]
        columns = tuple(int(starts[shelf]) + first + i for i in range(len(parts)))
        takes.append(Take(float(t), shelf, columns, tuple(parts)))
    return takes


def take_profile(after_s: FloatArray) -> FloatArray:
    """Share of the weight gone, by seconds after the take: a press before it, then a step that rings out in 0.3 s."""
    press = np.where((after_s > -0.3) & (after_s < 0), -0.15 * np.sin(np.pi * (after_s + 0.3) / 0.3), 0.0)
    late = np.maximum(after_s, 0.0)
    return np.where(after_s >= 0, 1 - np.exp(-late / 0.07) * np.cos(2 * np.pi * 6 * late), press)


class PlateFeed:
    """Samples of many plates, batch by batch: level, drift, noise, takes."""

    def __init__(self, shelves: Sequence[int], seconds: float, takes: Sequence[Take], rng: np.random.Generator) -> None:
        plates = sum(shelves)
        self.batches = int(seconds * HZ) // BATCH
        self._takes = takes
        self._level = rng.uniform(500, 5000, plates)
        sigma = np.clip(0.64 * np.exp(rng.normal(0, 0.8, plates)), 0.3, 5.3).astype(np.float32)
        self._pool = rng.standard_normal((POOL, BATCH, plates), dtype=np.float32) * sigma
        self._drift_g = rng.uniform(0.2, 1.5, plates)
        self._drift_rate = 2 * np.pi / rng.uniform(120, 600, plates)
        self._phase = rng.uniform(0, 2 * np.pi, plates)
        self._order = rng.integers(POOL, size=self.batches)

    def __iter__(self) -> Iterator[tuple[int, Float32]]:
        """(time of the first sample in ns, samples (BATCH, plates))."""
        pending = 0
        active: list[Take] = []
        for index in range(self.batches):
            t0 = index * BATCH / HZ
            times = t0 + np.arange(BATCH) / HZ
            while pending < len(self._takes) and self._takes[pending].t_s - 0.3 <= times[-1]:
                active.append(self._takes[pending])
                pending += 1
            base = self._level + self._drift_g * np.sin(self._drift_rate * t0 + self._phase)
            batch = self._pool[self._order[index]] + base.astype(np.float32)
            for take in active:
                shape = take_profile(times - take.t_s)
                batch[:, take.columns] += np.outer(shape, take.grams).astype(np.float32)
            for take in [a for a in active if a.t_s + 1.0 < t0]:
                self._level[list(take.columns)] += take.grams
                active.remove(take)
            yield round(t0 * 1e9), batch


@dataclass(frozen=True, slots=True)
class PlateRun:
    """What feeding cost and found; times in seconds, memory in MiB (resident, at each hour of the feed)."""

    fed_s: float
    cpu_s: float
    slowest_batch_s: float
    episodes: tuple[Episode, ...]
    memory_mib: tuple[float, ...]


def resident_mib() -> float:
    """Resident memory of this process in MiB (its peak, where the system does not tell the present)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def feed_plates(
    shelves: Sequence[int], feed: PlateFeed, tell: Callable[[float], None], *, keep: bool = True
) -> PlateRun:
    """Run a feed through a fresh detector; `keep=False` drops the episodes, as a shop would once they are used."""
    detector = ChangeDetector(shelves, HZ)
    episodes: list[Episode] = []
    spent = slowest = 0.0
    memory = [resident_mib()]
    hour = round(3600 * HZ / BATCH)
    for index, (t_ns, batch) in enumerate(feed):
        before = time.process_time()
        found = detector.feed(t_ns, batch)
        cost = time.process_time() - before
        spent, slowest = spent + cost, max(slowest, cost)
        episodes.extend(found if keep else ())
        if index % 100 == 0:
            tell(index / feed.batches)
        if (index + 1) % hour == 0:
            memory.append(resident_mib())
    before = time.process_time()
    episodes.extend(detector.flush())
    spent += time.process_time() - before
    memory.append(resident_mib())
    tell(1.0)
    return PlateRun(feed.batches * BATCH / HZ, spent, slowest, tuple(episodes), tuple(memory))


@dataclass(frozen=True, slots=True)
class Detection:
    """Takes found, episodes that belong to no take, and how far the weights of found takes are off (grams)."""

    takes: int
    found: int
    idle_episodes: int
    error_g: tuple[float, ...]


def match_takes(takes: Sequence[Take], episodes: Sequence[Episode]) -> Detection:
    """Hold episodes against the takes that were fed: same shelf, near in time, same weight."""
    by_shelf: dict[int, list[Take]] = {}
    for take in takes:
        by_shelf.setdefault(take.shelf, []).append(take)
    found: dict[Take, float] = {}
    idle = 0
    for episode in episodes:
        grams, variance = episode.change(0, len(episode.plateaus) - 1)
        total, sigma = float(grams.sum()), float(np.sqrt(variance.sum()))
        begin, end = episode.plateaus[0].t0_ns * 1e-9, episode.plateaus[-1].t1_ns * 1e-9
        near = [t for t in by_shelf.get(episode.shelf, ()) if begin - MATCH_S <= t.t_s <= end + MATCH_S]
        same = [t for t in near if abs(total - t.total_g) <= max(MATCH_G, 4 * sigma)]
        found.update({t: total - t.total_g for t in same})
        idle += not near
    return Detection(len(takes), len(found), idle, tuple(found.values()))


def judge_plates(load: PlateLoad, *, day_hours: float, tell: Callable[[float], None]) -> Results:
    """Feed the large store, then a day on one rack; `tell` hears how far it is (0 to 1)."""
    rng = np.random.default_rng(load.seed)
    shelves = load.shelves()
    takes = plan_takes(shelves, load.seconds, load.takes_per_s, rng)
    run = feed_plates(shelves, PlateFeed(shelves, load.seconds, takes, rng), lambda share: tell(0.5 * share))
    seen = match_takes(takes, run.episodes)
    error = np.abs(seen.error_g) if seen.error_g else np.array([np.nan])
    on = f"{load.plates:,} plates at {HZ:g} Hz"
    minutes = run.fed_s / 60
    rows = [
        judged("real time over CPU time", on, run.fed_s / run.cpu_s, reach=REAL_TIME, unit="×"),
        judged(f"slowest batch of {BATCH} samples", on, 1e3 * run.slowest_batch_s, side="most", unit="ms"),
        judged(
            "takes found with their weight",
            on,
            seen.found / seen.takes if seen.takes else 1.0,
            interval=wilson(seen.found, seen.takes),
            counted=seen.takes,
        ),
        judged("weight off by, median", on, float(np.median(error)), side="most", unit="g", counted=seen.found),
        judged("episodes without a take, per minute", on, seen.idle_episodes / minutes, side="most"),
    ]
    if day_hours > 0:
        rows.append(_day_row(load, day_hours, tell))
    about: dict[str, object] = {
        "fed_s": run.fed_s,
        "cpu_s": round(run.cpu_s, 2),
        "takes": seen.takes,
        "seed": load.seed,
    }
    return Results(suite="scales", rows=tuple(rows), about=about)


def _day_row(load: PlateLoad, day_hours: float, tell: Callable[[float], None]) -> Row:
    """Memory after a day on one rack that is as busy as a whole store's: a take on every shelf all the time."""
    rng = np.random.default_rng([load.seed, 1])
    seconds = day_hours * 3600
    takes = plan_takes(DAY_RACK, seconds, 0.5, rng)
    feed = PlateFeed(DAY_RACK, seconds, takes, rng)
    day = feed_plates(DAY_RACK, feed, lambda share: tell(0.5 + 0.5 * share), keep=False)
    settled = day.memory_mib[1] if len(day.memory_mib) > 2 else day.memory_mib[0]
    return judged(
        f"memory grown over {day_hours:g} h, {len(takes):,} takes, {sum(DAY_RACK)} plates",
        "a rack",
        day.memory_mib[-1] - settled,
        reach=DAY_GROWTH_MIB,
        side="most",
        unit="MiB",
    )
