"""The camera model: rotations turn both ways, a camera sees what it looks at and not what is behind it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aisle.store.geometry import inside_outline, look_at, project, rotation_matrix, rotation_vector, sees
from aisle.store.model import Camera, Facing, Shelf
from aisle.store.shelving import even_edges

SHELF = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, even_edges(10, 0.1))
FACING = Facing("4011", 1, 1, 0.4, 0.6, (5, 6))

coordinates = st.floats(-10, 10)
points = st.tuples(coordinates, coordinates, coordinates)


def camera(position: tuple[float, float, float], target: tuple[float, float, float]) -> Camera:
    return Camera("c", "0", (640, 480), (500.0, 500.0), (320.0, 240.0), position, look_at(position, target))


CAMERAS = {
    "in front, looking at it": ((0.5, -2.0, 2.5), (0.5, 0.0, 1.0), False, True),
    "in front, looking away": ((0.5, -2.0, 2.5), (0.5, -4.0, 1.0), False, False),
    "in front, looking past it": ((0.5, -2.0, 2.5), (5.0, -2.0, 1.0), False, False),
    "behind, a board above": ((0.5, 2.0, 2.5), (0.5, 0.0, 1.0), False, False),
    "behind, the topmost board": ((0.5, 2.0, 2.5), (0.5, 0.0, 1.0), True, True),
}


@pytest.mark.parametrize(("position", "target", "is_top", "seen"), CAMERAS.values(), ids=CAMERAS.keys())
def test_sees(
    position: tuple[float, float, float], target: tuple[float, float, float], is_top: bool, seen: bool
) -> None:
    assert sees(camera(position, target), SHELF, FACING, is_top) is seen


@given(points, points)
def test_the_target_is_in_the_middle(position: tuple[float, float, float], target: tuple[float, float, float]) -> None:
    assume(math.dist(position, target) > 0.1)
    pixel = project(camera(position, target), np.array([target]))[0]
    np.testing.assert_allclose(pixel, (320.0, 240.0), atol=1e-3)


@given(points.filter(lambda v: 1e-6 < math.hypot(*v) < math.pi - 1e-3))
def test_rotations_turn_both_ways(vector: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(rotation_vector(rotation_matrix(vector)), vector, atol=1e-5)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.6, 0.8)], ids=["x", "y", "slanted"])
def test_half_a_turn(axis: tuple[float, float, float]) -> None:
    matrix = rotation_matrix((axis[0] * math.pi, axis[1] * math.pi, axis[2] * math.pi))
    np.testing.assert_allclose(rotation_matrix(rotation_vector(matrix)), matrix, atol=1e-6)


ROOM = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [1.0, 1.0], [1.0, 3.0], [0.0, 3.0]])  # L-shaped
PLACES = {
    "in the foot of the L": ((3.0, 0.5), 0.0, True),
    "in its stem": ((0.5, 2.9), 0.0, True),
    "in the corner it leaves out": ((2.0, 2.0), 0.0, False),
    "outside": ((-1.0, 0.5), 0.0, False),
    "on the border": ((4.0, 0.5), 1e-3, True),
    "on a corner": ((1.0, 1.0), 1e-3, True),
    "a little outside, with slack": ((4.2, 0.5), 0.25, True),
    "farther outside than the slack": ((4.3, 0.5), 0.25, False),
}


@pytest.mark.parametrize(("place", "slack", "inside"), PLACES.values(), ids=PLACES.keys())
def test_inside_an_outline(place: tuple[float, float], slack: float, inside: bool) -> None:
    assert inside_outline(np.array([place, (50.0, 50.0)]), ROOM, slack).tolist() == [inside, False]
