"""Feet that neither slide nor sink."""

import numpy as np
import pytest

from aisle.simulation.pictures.cast import Cast
from aisle.simulation.pictures.figure_gait import Walk
from simulation.pictures.cast_people import NORTH, stander, walker

TIMES = np.arange(0.0, 16.0, 0.02)


@pytest.mark.parametrize("pace", [0.7, 1.0, 1.35], ids=lambda p: f"{p} m/s")
def test_a_planted_foot_stays_where_it_is(pace: float) -> None:
    walk = Walk(walker(pace_m_s=pace), 1.0)
    feet = [walk.feet(walk.at(t)[3]) for t in TIMES]
    at, down = np.stack([f.at_m for f in feet]), np.stack([f.planted for f in feet])
    both = down[1:] & down[:-1]
    assert np.linalg.norm(np.diff(at, axis=0), axis=2)[both].max() < 1e-9
    assert both.mean() > 0.5


def test_feet_come_together_when_standing() -> None:
    walk = Walk(walker(), 1.0)
    xy, _, _, phase = walk.at(8.8)
    feet = walk.feet(phase)
    assert feet.planted.all()
    assert feet.at_m.mean(axis=0) == pytest.approx(xy, abs=0.02)


def test_turning_on_the_spot_takes_steps() -> None:
    walk = Walk(walker(), 1.0)
    before, after = (walk.feet(walk.at(t)[3]) for t in (8.8, 10.5))
    assert after.yaw_rad - before.yaw_rad == pytest.approx([-2 * NORTH] * 2, abs=0.1)
    assert walk.at(10.5)[3] - walk.at(8.8)[3] > 2 * np.pi


def test_standing_takes_no_steps() -> None:
    walk = Walk(stander(), 1.0)
    assert walk.at(19.0)[3] == walk.at(1.0)[3]


def test_no_shoe_goes_into_the_floor_or_leaves_it_with_both_feet() -> None:
    cast = Cast([walker()], np.random.default_rng(1), detail=0.3)
    lowest = np.array([cast.posed(0, t).figure.points_m[:, 2].min() for t in np.arange(0.0, 16.0, 0.23)])
    assert lowest.min() > -0.012
    assert lowest.max() < 0.03


def test_legs_reach_the_ground_they_stand_on() -> None:
    who = walker()
    cast = Cast([who], np.random.default_rng(1), detail=0.3)
    walk = Walk(who, 1.0)
    gaps = []
    for t in np.arange(1.0, 15.0, 0.31):
        feet = walk.feet(walk.at(t)[3])
        ankles = cast.posed(0, t).ankles_m
        flat = feet.planted & (np.abs(feet.pitch_rad) < 1e-3)
        gaps += list(np.linalg.norm(ankles[flat, :2] - feet.at_m[flat], axis=1))
    assert max(gaps) < 0.11  # a heel may come up early and take the ankle ahead
    assert np.median(gaps) < 0.005
