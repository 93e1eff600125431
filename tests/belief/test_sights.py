"""What cameras saw counts, within bounds, and only where it was seen in time."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief import testimony
from aisle.belief.grips import GripSettings, hand_shares, ratios
from aisle.belief.sights import Sights, tempered
from aisle.vision.evidence import ItemSight, ShelfSight

NS = 1_000_000_000
BINS = np.arange(0.05, 1.0, 0.1)


def sight(t0_s: float, t1_s: float, gone: float = 3.0) -> ShelfSight:
    """Of shelf 0: something gone at 0.25 m, nothing elsewhere."""
    change = np.where(np.abs(BINS - 0.25) < 0.01, gone, -2.0)
    return ShelfSight(0, round(t0_s * NS), round(t1_s * NS), BINS, change, np.full(len(BINS), -2.0))


@pytest.mark.parametrize("ratio", [-50.0, -3.0, 0.0, 3.0, 50.0])
def test_no_witness_is_ever_certain(ratio: float) -> None:
    bound = np.log(0.98 / 0.02)
    told = float(tempered(np.array(ratio), 0.02))
    assert abs(told) <= bound + 1e-9
    assert np.sign(told) == np.sign(ratio)


@pytest.mark.parametrize(
    ("spans", "event", "best"),
    [
        pytest.param([(1.0, 5.0)], (2.0, 4.0), 0, id="spans it"),
        pytest.param([(1.0, 9.0), (1.5, 5.0)], (2.0, 4.0), 1, id="the narrower"),
        pytest.param([(3.5, 5.0)], (2.0, 4.0), None, id="began too late"),
        pytest.param([(1.0, 2.5)], (2.0, 4.0), None, id="ended too early"),
        pytest.param([], (2.0, 4.0), None, id="nobody looked"),
    ],
)
def test_the_sight_of_an_event(spans: list[tuple[float, float]], event: tuple[float, float], best: int | None) -> None:
    sights, seen = Sights(), [sight(*s) for s in spans]
    for s in seen:
        sights.see_shelf(s)
    found = sights.spanning(0, round(event[0] * NS), round(event[1] * NS))
    assert found is (None if best is None else seen[best])
    assert sights.spanning(1, 0, 0) is None


@pytest.mark.parametrize(
    ("t1_s", "whole", "against"),
    [
        pytest.param(4.5, True, True, id="of this change alone"),
        pytest.param(4.5, False, False, id="more happened within the episode"),
        pytest.param(14.0, True, False, id="spans much more"),
    ],
)
def test_a_sight_of_more_than_the_change_speaks_only_for_it(t1_s: float, whole: bool, against: bool) -> None:
    sights = Sights()
    sights.see_shelf(sight(1.5, t1_s))
    told = sights.of_change(0, BINS, 2 * NS, 4 * NS, whole)
    assert told is not None
    assert told[0, 2] > 1.5
    assert (told.min() < -0.5) == against


def test_old_sights_are_forgotten() -> None:
    sights = Sights()
    for t in range(0, 200, 20):
        sights.see_shelf(sight(t, t + 2))
        sights.see_item("anna", ItemSight(t * NS, "anna", 1, (), np.zeros(0)))
    assert len(sights.shelves[0]) == 4
    assert len(sights.items["anna"]) == 4


@pytest.mark.parametrize(
    ("at_s", "hand", "sign", "high", "low"),
    [
        pytest.param(5.0, 1, -1, 1.5, -0.8, id="seen after a take"),
        pytest.param(1.0, 1, 1, 1.5, -0.8, id="seen before a put"),
        pytest.param(5.0, 0, -1, 0.2, -0.2, id="seen in the other hand"),
    ],
)
def test_things_in_hands(at_s: float, hand: int, sign: int, high: float, low: float) -> None:
    sights = Sights()
    seen = ItemSight(round(at_s * NS), "anna", hand, ("tea", "jam"), np.array([3.0, -2.0]), -2.0)
    sights.see_item("anna", seen)
    told = sights.in_hands("anna", sign, 2 * NS, 4 * NS, np.array([0.03, 0.97]))
    assert told["tea"] > high or hand == 0
    assert told["jam"] < low or hand == 0
    assert abs(told["jam"] - told[None]) < 1e-9
    assert sights.in_hands("anna", -sign, 2 * NS, 4 * NS, np.array([0.03, 0.97])) == {}
    assert sights.in_hands("bob", sign, 2 * NS, 4 * NS, np.array([0.5, 0.5])) == {}


@pytest.mark.parametrize(
    ("before", "after", "act"),
    [
        pytest.param(-3.0, 3.0, 0, id="empty, then full: took"),
        pytest.param(3.0, -3.0, 1, id="full, then empty: put"),
        pytest.param(3.0, 3.0, 2, id="full all along: swapped, if anything"),
    ],
)
def test_what_a_hand_held(before: float, after: float, act: int) -> None:
    told = ratios(np.array([before]), np.array([after]), GripSettings())[0]
    assert int(np.argmax(told)) == act
    assert told[act] > 0.4
    assert np.abs(told).max() < 3.0


def test_a_hand_that_stays_empty_did_nothing() -> None:
    assert ratios(np.array([-3.0]), np.array([-3.0]), GripSettings()).max() < -0.8


def test_the_hand_that_was_there_is_looked_at() -> None:
    assert hand_shares(None).tolist() == [0.5, 0.5]
    assert hand_shares(np.array([[-9.0, -8.0], [1.0, 3.0]]))[1] > 0.95


def test_acts_of_several_people_add_up() -> None:
    grips = (None, np.array([1.0, -2.0, 0.5]), np.array([-1.0, 2.0, 0.0]))
    told = testimony.Testimony(None, grips, {("anna", -1): {"tea": 1.5, None: -0.5}})
    actors = ("", "anna", "bob")
    assert told.of_acts(actors, [("anna", -1, "tea")]) == 2.5
    assert told.of_acts(actors, [("anna", -1, "jam"), ("bob", 1, "jam")]) == 2.5
    assert told.of_acts(actors, [("anna", -1, "jam"), ("anna", 1, "tea")]) == 0.0
    assert told.of_acts(actors, [("", -1, "tea")]) == 0.0
    assert not testimony.Testimony()
