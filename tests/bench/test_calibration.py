"""Reliability, calibration error and review curve on claims small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.bench.calibration import (
    Verdicts,
    calibration_error,
    calibration_interval,
    reliability,
    review_curve,
    review_table,
    verdicts,
)


def claims(*rows: tuple[float, bool]) -> Verdicts:
    return verdicts([(i, p, e) for i, (p, e) in enumerate(rows)])


ERRORS = {
    "certain and right": (((1.0, True),) * 4, 0.0),
    "certain and wrong": (((1.0, False),) * 4, 1.0),
    "three of four at 3/4": (((0.75, True),) * 3 + ((0.75, False),), 0.0),
    "two bins, weighted": (((0.9, True),) * 3 + ((0.1, True),), 0.75 * 0.1 + 0.25 * 0.9),
    "a rounding error above one": (((1.0000000001, True),), 0.0),
}


@pytest.mark.parametrize(("rows", "error"), ERRORS.values(), ids=ERRORS.keys())
def test_calibration_error(rows: tuple[tuple[float, bool], ...], error: float) -> None:
    assert calibration_error(claims(*rows), bins=10) == pytest.approx(error)


def test_no_claims_no_error() -> None:
    assert math.isnan(calibration_error(claims()))
    assert reliability(claims()) == ()


def test_reliability_table() -> None:
    table = reliability(claims((0.05, False), (0.92, True), (0.98, False), (1.0, True)), bins=10)
    assert [(round(b.low, 2), round(b.high, 2), b.count) for b in table] == [(0.0, 0.1, 1), (0.9, 1.0, 3)]
    assert (table[1].claimed, table[1].right) == pytest.approx(((0.92 + 0.98 + 1.0) / 3, 2 / 3))


def test_parallel_arrays_must_agree() -> None:
    with pytest.raises(ValueError, match="1 probabilities, 2 outcomes, 1 clusters"):
        Verdicts(np.zeros(1), np.zeros(2, dtype=np.bool_), np.zeros(1, dtype=np.int64))


def test_interval_of_honest_claims_is_small_and_repeatable() -> None:
    rng = np.random.default_rng(2)
    p = rng.uniform(0.5, 1.0, 2000)
    honest = verdicts([(i // 2, p[i], bool(rng.random() < p[i])) for i in range(2000)])
    interval = calibration_interval(honest, seed=4)
    assert interval == calibration_interval(honest, seed=4)
    assert 0.0 < interval.low <= calibration_error(honest) <= interval.high < 0.08


def test_review_table() -> None:
    points = review_table(claims((0.4, False), (0.9, True), (0.95, False), (0.99, True)), (0.5, 0.95, 1.0))
    assert [(p.share, p.rest, p.rest_exact) for p in points] == [(0.25, 3, 2), (0.5, 2, 1), (1.0, 0, 0)]
    assert points[2].accuracy == 1.0


def test_review_curve_by_hand() -> None:
    curve = review_curve(claims((0.99, True), (0.4, False), (0.95, False), (0.9, True)))
    assert curve.rest_exact.tolist() == [2, 2, 1, 1, 0]
    assert curve.accuracies().tolist() == pytest.approx([2 / 4, 2 / 3, 1 / 2, 1, 1])


ASIDE = {
    # name: (share set aside, (exact, left))
    "nobody": (0.0, (18, 20)),
    "5 %": (0.05, (18, 19)),
    "just short of two visits": (0.0999, (18, 19)),
    "10 %": (0.10, (18, 18)),
    "everybody": (1.0, (0, 0)),
}


@pytest.mark.parametrize(("share", "left"), ASIDE.values(), ids=ASIDE.keys())
def test_setting_the_least_sure_aside(share: float, left: tuple[int, int]) -> None:
    curve = review_curve(claims(*((0.5 + i / 100, i > 1) for i in range(20))))
    assert curve.aside(share) == left


def test_share_needed_for_an_accuracy() -> None:
    curve = review_curve(claims(*((0.5 + i / 100, i > 1) for i in range(20))))
    assert curve.share_for(0.9) == 0.0
    assert curve.share_for(0.94) == pytest.approx(0.05)
    assert curve.share_for(1.0) == pytest.approx(0.10)


def test_equally_sure_visits_take_the_worst_order() -> None:
    assert review_curve(claims((0.9, True), (0.9, False), (0.9, True))).rest_exact.tolist() == [2, 1, 0, 0]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_curve_never_promises_more_than_is_right(rows: list[tuple[float, bool]]) -> None:
    curve = review_curve(claims(*rows))
    left = len(rows) - np.arange(len(rows) + 1)
    assert curve.visits == len(rows)
    assert np.all((curve.rest_exact >= 0) & (curve.rest_exact <= left))
    assert curve.rest_exact[0] == sum(e for _, e in rows)
