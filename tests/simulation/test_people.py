"""Bodies and their reach."""

import math

import numpy as np
import pytest

from aisle.simulation.people import LEFT, RIGHT, Body, Person, Reach

BODY = Body(
    stature_m=1.75, arm_m=0.58, hand_m=0.1, pace_m_s=1.0, hurry=1.0, over_lean=1.0, head_gain=1.0, first_hand=RIGHT
)
NORTH = math.pi / 2


def somebody() -> Person:
    return Person("a", "customer", BODY, 0.0, (0.0, 0.0), 10.0, [(0.0, 0.0, 0.0), (10.0, 0.0, 0.0)], [(0.0, NORTH)])


@pytest.mark.parametrize(
    ("target", "lean_m"),
    [
        pytest.param((-0.19, 0.5, 1.35), (0.0, 0.05), id="at chest height: the arm suffices"),
        pytest.param((-0.19, 0.6, 0.3), (0.4, 0.8), id="bottom board: stoops"),
        pytest.param((0.6, 0.5, 1.3), (0.15, 0.6), id="far aside: leans over"),
    ],
)
def test_the_trunk_does_what_the_arm_cannot(target: tuple[float, float, float], lean_m: tuple[float, float]) -> None:
    wrist, lean = somebody().arm_to(LEFT, np.array(target), NORTH)
    assert np.linalg.norm(wrist - target) == pytest.approx(0.1)
    assert lean_m[0] <= np.linalg.norm(lean) <= lean_m[1]


def test_left_is_left() -> None:
    assert somebody().shoulder(LEFT, NORTH)[0] < 0 < somebody().shoulder(RIGHT, NORTH)[0]


def test_a_reach_goes_there_and_comes_back() -> None:
    who = somebody()
    who.reaches.append(Reach(LEFT, 2.0, 2.5, 3.0, 3.6, (0.1, 0.6, 1.0), (0.0, 0.2, -0.1)))
    pose = who.pose(np.array([1.9, 2.7, 3.7]), phase=0.0)
    assert pose.wrists_m[1, LEFT] == pytest.approx([0.1, 0.6, 1.0])
    assert pose.wrists_m[0, LEFT] == pytest.approx(pose.wrists_m[2, LEFT], abs=0.03)
    assert pose.reaching[:, LEFT].tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert pose.head_m[1, 1] - pose.head_m[0, 1] == pytest.approx(0.2, abs=0.03)
    assert pose.head_m[1, 2] < pose.head_m[0, 2]
