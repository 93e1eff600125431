"""Intervals against published examples and against what they promise: to cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aisle.bench.intervals import Interval, bootstrap, f1_interval, f1_of_totals, wilson

# right, of, low, high: examples of R. G. Newcombe, Statistics in Medicine 17 (1998), without continuity correction
WILSON = {
    "81 of 263": (81, 263, 0.2553, 0.3662),
    "15 of 148": (15, 148, 0.0624, 0.1605),
    "none of 20": (0, 20, 0.0000, 0.1611),
    "1 of 29": (1, 29, 0.0061, 0.1718),
    "nothing counted": (0, 0, 0.0, 1.0),
}


@pytest.mark.parametrize(("right", "of", "low", "high"), WILSON.values(), ids=WILSON.keys())
def test_wilson(right: int, of: int, low: float, high: float) -> None:
    interval = wilson(right, of)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_all_right_reaches_one_but_is_not_certain() -> None:
    assert wilson(1000, 1000).high == 1.0
    assert 0.995 < wilson(1000, 1000).low < 0.998


def test_bootstrap_covers_the_true_share() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(60):
        draws = rng.binomial(4, 0.8, size=150).astype(np.float64)
        interval = bootstrap(
            np.column_stack((draws, np.full(150, 4.0))), lambda s: s[:, 0] / s[:, 1], seed=seed, resamples=300
        )
        covered += interval.low <= 0.8 <= interval.high
    assert covered >= 52


def test_same_seed_same_interval() -> None:
    items = np.array([[3.0, 0, 1], [2, 1, 0], [5, 0, 0], [1, 1, 1]])
    assert f1_interval(items, seed=3) == f1_interval(items, seed=3)
    assert f1_interval(items, seed=3) != f1_interval(np.repeat(items, 9, axis=0), seed=3)


def test_clusters_that_stand_or_fall_together_widen_the_interval() -> None:
    whole = np.array([[10.0, 0, 0]] * 90 + [[0.0, 10, 10]] * 10)
    apart = np.array([[9.0, 1, 1]] * 100)
    apart[:50], apart[50:] = (10, 0, 0), (8, 2, 2)
    wide, narrow = f1_interval(whole, seed=1), f1_interval(apart, seed=1)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_not_one_mistake_is_no_certainty() -> None:
    interval = f1_interval(np.array([[5.0, 0, 0]] * 20), seed=1)
    assert interval == wilson(100, 100)
    assert interval.low < 1.0


def test_no_clusters_no_interval() -> None:
    interval = bootstrap(np.empty((0, 2)), lambda s: s[:, 0], seed=0)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert f1_interval(np.empty((0, 3)), seed=0) == Interval(0.0, 1.0)


def test_f1_of_totals() -> None:
    assert f1_of_totals(np.array([[8.0, 1, 3], [0, 0, 0], [0, 2, 0]])).tolist() == pytest.approx([0.8, 1.0, 0.0])
