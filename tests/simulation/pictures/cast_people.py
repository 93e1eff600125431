"""People with given scripts, for tests of their bodies."""

import math

import numpy as np

from aisle.simulation.people import RIGHT, Body, Person, Reach

NORTH = math.pi / 2


def body(stature_m: float = 1.75, arm_m: float = 0.58, pace_m_s: float = 1.0) -> Body:
    return Body(stature_m, arm_m, 0.1, pace_m_s, hurry=1.0, over_lean=1.1, head_gain=1.0, first_hand=RIGHT)


def stander(**of_body: float) -> Person:
    """Stands at (1, 2) and looks north, from 0 to 20 s."""
    who = Person("a", "customer", body(**of_body), 0.0, (1.0, 2.0), 20.0)
    who.steps = [(0.0, 1.0, 2.0), (20.0, 1.0, 2.0)]
    who.turns = [(0.0, NORTH)]
    return who


def walker(**of_body: float) -> Person:
    """Walks east, turns north on the way, stops, turns round on the spot and walks back: 0 to 16 s."""
    who = Person("b", "customer", body(**of_body), 0.0, (0.0, 0.0), 16.0)
    who.steps = [(0, 0, 0), (1, 0, 0), (5, 4, 0), (8, 4, 3), (11, 4, 3), (15, 4, -1), (16, 4, -1)]
    who.turns = [(0, 0.0), (5, NORTH), (9.5, -NORTH)]
    return who


def reacher(hand: int, target_m: tuple[float, float, float], **of_body: float) -> Person:
    """A stander whose hand goes to `target_m` (from where they stand): off at 4 s, there from 5 to 7, back at 8."""
    who = stander(**of_body)
    wrist, lean = who.arm_to(hand, np.array(target_m) + np.array((1.0, 2.0, 0.0)), NORTH)
    who.reaches.append(Reach(hand, 4.0, 5.0, 7.0, 8.0, tuple(wrist), tuple(lean)))
    return who
