"""Ways round people who have decided before."""

import itertools
import math

import numpy as np
import pytest

from aisle.simulation.crossing import OUT_S, Crowd, Timed, way_through
from aisle.simulation.floor import BODY_M, Fixture, Floor, Point
from aisle.simulation.people import RIGHT, Body, Person

BODY = Body(
    stature_m=1.75, arm_m=0.58, hand_m=0.1, pace_m_s=1.0, hurry=1.0, over_lean=1.0, head_gain=1.0, first_hand=RIGHT
)
HALL = Floor((), ((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)))
AISLE = Floor(
    (
        Fixture(1, (2.0, 0.0), (1.0, 0.0), (0.0, 1.0), 4.0, 2.5),
        Fixture(2, (2.0, 3.5), (1.0, 0.0), (0.0, 1.0), 4.0, 2.5),
    ),
    HALL.border,
)
HERE, GOAL = (1.0, 3.0), (7.0, 3.0)
LATER_S = 60.0


def walker(*steps: tuple[float, float, float], t_out: float = math.inf) -> Person:
    return Person("a", "customer", BODY, 0.0, steps[-1][1:], t_out, list(steps), [(0.0, 0.0)])


def least_apart(way: Timed, crowd: Crowd) -> float:
    """Metres to the nearest of the others, on the way and for a while at its end."""
    t = [0.0, *(at for at, _ in way)]
    points = np.array([HERE, *(point for _, point in way)])
    moments = np.arange(0.0, LATER_S, 0.1)
    line = np.stack([np.interp(moments, t, points[:, d]) for d in (0, 1)], axis=1)
    return float(crowd.apart(line).min())


def length(way: Timed) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise([HERE, *(point for _, point in way)]))


STANDS = (walker((0.0, 4.0, 3.0)),)
CROSSES = (walker((0.0, 4.0, 0.3), (6.0, 4.0, 5.7)),)
MEETS = (walker((0.0, *GOAL), (6.0, 0.4, 3.0)),)
COMES_PAST_THE_GOAL = (walker((0.0, 7.0, 0.3), (4.0, 7.0, 0.3), (10.0, 7.0, 5.6)),)
TWO_ABREAST = (walker((0.0, 4.0, 2.7)), walker((0.0, 4.0, 3.3)))


@pytest.mark.parametrize(
    ("floor", "others", "least_m", "most_s"),
    [
        pytest.param(HALL, STANDS, 0.5, 6.6, id="one who stands"),
        pytest.param(HALL, CROSSES, 0.5, 7.5, id="one who crosses"),
        pytest.param(HALL, MEETS, 0.5, 6.6, id="one who comes the other way"),
        pytest.param(HALL, COMES_PAST_THE_GOAL, 0.5, 10.0, id="one who will come past the goal"),
        pytest.param(HALL, TWO_ABREAST, 0.5, 7.0, id="two who talk"),
        pytest.param(HALL, STANDS + CROSSES, 0.45, 7.5, id="one stands, one crosses"),
        pytest.param(AISLE, STANDS, 0.3, 7.0, id="narrow aisle: squeezes past"),
    ],
)
def test_people_are_given_way_to(floor: Floor, others: tuple[Person, ...], least_m: float, most_s: float) -> None:
    crowd = Crowd.of(others, 0.0)
    way = way_through(floor, HERE, GOAL, BODY.pace_m_s, crowd)
    assert way[-1][1] == GOAL
    assert least_apart(way, crowd) >= least_m
    assert way[-1][0] <= most_s
    assert floor.clearance(np.array([point for _, point in way])).min() >= BODY_M


@pytest.mark.parametrize(
    ("floor", "others"),
    [
        pytest.param(HALL, (), id="nobody there"),
        pytest.param(AISLE, (), id="nobody there, an aisle"),
        pytest.param(HALL, (walker((0.0, 4.0, 3.8)),), id="far enough"),
        pytest.param(HALL, (walker((0.0, 4.0, 3.0), t_out=-OUT_S),), id="who has left"),
        pytest.param(HALL, (walker((0.0, 4.0, 0.3), (2.0, 4.0, 5.0)),), id="gone by before"),
    ],
)
def test_nobody_in_the_way_the_way_is_straight(floor: Floor, others: tuple[Person, ...]) -> None:
    assert way_through(floor, HERE, GOAL, 0.5, Crowd.of(others, 0.0)) == [(12.0, GOAL)]


def test_who_is_on_the_goal_for_good_is_joined_without_waiting() -> None:
    beside: Point = (7.0, 3.4)
    way = way_through(HALL, HERE, GOAL, 1.0, Crowd.of([walker((0.0, *beside))], 0.0))
    assert way[-1][1] == GOAL
    assert way[-1][0] < 7.0
    assert length(way) < 6.5


def test_somebody_who_leaves_fills_the_gate_a_moment_longer() -> None:
    crowd = Crowd.of([walker((0.0, 1.0, 1.0), (3.0, 3.0, 1.0), t_out=3.0)], 0.0)
    here = crowd.apart(np.tile((3.0, 1.0), (60, 1)))[0]
    assert here[30 : int(10 * (3.0 + OUT_S))] == pytest.approx(0.0)
    assert here[int(10 * (3.0 + OUT_S)) + 2 :].min() > 1000.0
