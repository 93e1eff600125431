"""Swaps and absences: how doubt about who is who comes up, is settled, and is told."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.tracking.appearance import Appearance
from aisle.vision.tracking.crowd import Crowd
from aisle.vision.tracking.identity import Absentees, Encounters, Missing
from aisle.vision.tracking.motion import Motion
from aisle.vision.tracking.people import Swap
from aisle.vision.tracking.settings import FloorSettings

LOOKS = np.eye(4)[:2]
DT = 0.1


def pair(apart_m: float, speeds: tuple[float, float] = (0.0, 0.0), looks: bool = False) -> Crowd:
    """Two named people side by side on the y axis, well measured, moving along it at these speeds."""
    mean, cov = Motion().newborn(2)
    mean[:, 1] = (0.0, apart_m)
    mean[:, 3] = speeds
    cov[:] = np.diag([0.003, 0.003, 0.05, 0.05, 0.005, 0.005, 0.003, 0.003])
    crowd = Crowd.empty(1, 4 if looks else 0)
    crowd.join(Crowd.newborn(np.arange(2), mean, cov, np.full(2, 0.99), 0.0, crowd))
    crowd.ids[:] = ["a", "b"]
    if looks:
        crowd.look, crowd.look_weight = LOOKS.copy(), np.full(2, 10.0)
    return crowd


def met(first: Crowd, seconds: float, after: Crowd) -> tuple[Encounters, list[Swap], Crowd]:
    """Let two people be like `first` for some time, then far apart until the encounter is settled."""
    encounters = Encounters(FloorSettings(), Appearance())
    t, events = 0.0, []
    while t < seconds:
        encounters.step(first, t, DT)
        t += DT
    for _ in range(60):
        encounters.step(after, t, DT)
        events += encounters.settle(after, t, round(t * 1e9))
        t += DT
    return encounters, events, after


DOUBTS = {
    "apart all the time": (0.8, (0.0, 0.0), 3.0, 0.0, 1e-3),
    "meeting face to face": (0.1, (1.2, -1.2), 0.3, 0.0, 0.02),
    "a moment in one place": (0.05, (0.0, 0.0), 0.3, 0.1, 0.4),
    "long in one place": (0.05, (0.0, 0.0), 4.0, 0.4, 0.5),
}


@pytest.mark.parametrize(("apart", "speeds", "seconds", "low", "high"), DOUBTS.values(), ids=DOUBTS.keys())
def test_doubt(apart: float, speeds: tuple[float, float], seconds: float, low: float, high: float) -> None:
    _, events, after = met(pair(apart, speeds), seconds, pair(3.0))
    doubt = max((e.probability for e in events), default=0.0)
    assert low <= doubt <= high
    assert after.identity == pytest.approx([1.0 - doubt] * 2, abs=0.02)
    assert after.ids.tolist() == ["a", "b"]


def looked(swapped: bool) -> tuple[list[Swap], Crowd]:
    encounters = Encounters(FloorSettings(), Appearance())
    first, after = pair(0.05, looks=True), pair(3.0, looks=True)
    for i in range(40):
        encounters.step(first, i * DT, DT)
    assert encounters.busy([0, 1, 7]).tolist() == [True, True, False]
    shown = LOOKS[::-1] if swapped else LOOKS
    events: list[Swap] = []
    for i in range(40, 70):
        for serial in (0, 1):
            encounters.look(serial, shown[serial], i * DT)
        events += encounters.settle(after, i * DT, i)
    assert not encounters.open
    return events, after


def test_looks_say_nothing_happened() -> None:
    events, after = looked(swapped=False)
    assert after.ids.tolist() == ["a", "b"]
    assert sum(e.probability for e in events) < 0.05


def test_looks_say_they_swapped() -> None:
    events, after = looked(swapped=True)
    assert after.ids.tolist() == ["b", "a"]
    assert sum(e.probability for e in events) < 0.05  # after the exchange little doubt is left
    assert after.look[0].tolist() == LOOKS[1].tolist()


def absent(place: tuple[float, float], t: float, at_exit: bool = False) -> Missing:
    mean, _ = Motion().newborn(1)
    mean[0, :2] = place
    return Missing("anna", mean[0], np.diag([0.02] * 8), t, LOOKS[0], 10.0, 0.9, at_exit)


# place where somebody turns up, when, looks like whom, was at the exit -> is it her?
RETURNS = {
    "near, soon": ((3.2, 3.0), 11.0, 0, False, True),
    "far from every door, whatever the looks": ((3.2, 3.0), 18.0, 1, False, True),
    "across the shop at once": ((9.0, 9.0), 10.5, 0, False, False),
    "across the shop, later, by her looks": ((6.0, 5.0), 16.0, 0, False, True),
    "at the door": ((0.2, 0.0), 40.0, 1, False, False),
    "gone through the exit": ((0.4, 0.2), 30.0, 1, True, False),
}


@pytest.mark.parametrize(("place", "t", "look", "at_exit", "same"), RETURNS.values(), ids=RETURNS.keys())
def test_found_again(place: tuple[float, float], t: float, look: int, at_exit: bool, same: bool) -> None:
    absentees = Absentees(FloorSettings(), Appearance(), np.zeros((1, 2)), [absent((3.0, 3.0), 10.0, at_exit)])
    mean, _ = Motion().newborn(1)
    mean[0, :2] = place
    who, probability = absentees.match(mean[0], LOOKS[look], t, Motion())
    assert (who is not None) == same
    assert 0.5 <= probability <= 1.0


def test_forgotten_after_a_while() -> None:
    absentees = Absentees(FloorSettings(remember_s=30.0), Appearance(), np.zeros((0, 2)), [absent((3.0, 3.0), 10.0)])
    absentees.forget(39.0)
    assert len(absentees.missing) == 1
    absentees.forget(41.0)
    assert not absentees.missing
