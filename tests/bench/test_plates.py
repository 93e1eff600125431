"""Synthetic plates: what is fed is what is planned, and the detector is judged by it."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.bench.plates import (
    BATCH,
    HZ,
    SETTLE_S,
    PlateFeed,
    PlateLoad,
    Take,
    judge_plates,
    match_takes,
    plan_takes,
    resident_mib,
    take_profile,
)
from aisle.bench.truth import BenchError
from aisle.scales.change import Episode, Plateau


def test_layout() -> None:
    assert PlateLoad(plates=30, plates_per_shelf=12).shelves() == (12, 12, 6)


WRONG = {
    "no plates": (PlateLoad(plates=0), "--plates: found 0"),
    "no time": (PlateLoad(seconds=1.0), "--seconds: found 1, must be 16 or more"),
    "no number": (PlateLoad(seconds=float("nan")), "--seconds: found nan"),
}


@pytest.mark.parametrize(("load", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_load(load: PlateLoad, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        load.shelves()


def test_takes_are_in_order_on_their_shelf_and_apart() -> None:
    shelves = (12, 1, 7)
    takes = plan_takes(shelves, 400.0, 1.0, np.random.default_rng(3))
    assert len(takes) > 60
    assert [t.t_s for t in takes] == sorted(t.t_s for t in takes)
    starts, ends = (0, 12, 13), (12, 13, 20)
    assert all(starts[t.shelf] <= c < ends[t.shelf] for t in takes for c in t.columns)
    for shelf in range(3):
        assert np.all(np.diff([t.t_s for t in takes if t.shelf == shelf]) >= 3 * SETTLE_S)
    assert all(25 <= abs(t.total_g) <= 1500 for t in takes)


def test_profile_presses_steps_and_settles() -> None:
    after = np.array([-1.0, -0.15, 0.0, 0.08, 1.0])
    assert take_profile(after) == pytest.approx([0.0, -0.15, 0.0, 1.316, 1.0], abs=0.001)


def test_feed_moves_the_planned_weight() -> None:
    take = Take(5.0, 0, (1, 2), (-300.0, -100.0))
    batches = list(PlateFeed((4,), 16.0, [take], np.random.default_rng(1)))
    assert [t for t, _ in batches[:3]] == [0, 200_000_000, 400_000_000]
    samples = np.concatenate([b for _, b in batches])
    assert samples.shape == (16 * HZ, 4)
    moved = samples[-2 * BATCH :].mean(axis=0) - samples[3 * 60 : 4 * 60].mean(axis=0)
    assert moved == pytest.approx([0.0, -300.0, -100.0, 0.0], abs=3.0)


def test_same_seed_same_samples() -> None:
    def feed() -> np.ndarray:
        return np.concatenate([b for _, b in PlateFeed((3,), 16.0, [], np.random.default_rng(9))])

    assert np.array_equal(feed(), feed())


def episode(shelf: int, t_s: float, grams: float) -> Episode:
    def plateau(t0_s: float, level: float) -> Plateau:
        at = round(t0_s * 1e9)
        return Plateau(at, at + 10**9, np.array([level]), np.ones(1), np.array([level]), np.ones(1), 1.0)

    return Episode(shelf, 0, (plateau(t_s - 1.2, 0.0), plateau(t_s + 0.3, grams)), True)


TAKE = Take(10.0, 2, (5,), (-250.0,))
MATCHES = {
    # name: (episodes, found, idle)
    "found": ([episode(2, 10.0, -251.0)], 1, 0),
    "another shelf": ([episode(1, 10.0, -250.0)], 0, 1),
    "another time": ([episode(2, 30.0, -250.0)], 0, 1),
    "another weight": ([episode(2, 10.0, -220.0)], 0, 0),
    "nothing": ([], 0, 0),
    "found among idle ones": ([episode(0, 3.0, 1.0), episode(2, 10.1, -249.0), episode(2, 40.0, 0.5)], 1, 2),
}


@pytest.mark.parametrize(("episodes", "found", "idle"), MATCHES.values(), ids=MATCHES.keys())
def test_matching(episodes: list[Episode], found: int, idle: int) -> None:
    detection = match_takes([TAKE], episodes)
    assert (detection.takes, detection.found, detection.idle_episodes) == (1, found, idle)


def test_suite_runs_end_to_end_on_a_small_store() -> None:
    told: list[float] = []
    results = judge_plates(PlateLoad(plates=60, seconds=20.0, takes_per_s=0.5), day_hours=0.01, tell=told.append)
    rows = {row.name: row for row in results.rows}
    assert rows["real time over CPU time"].reach == 10.0
    assert rows["takes found with their weight"].value == 1.0
    assert results.rows[-1].unit == "MiB"
    assert told[-1] == 1.0


def test_resident_memory_is_told() -> None:
    assert resident_mib() > 1.0
