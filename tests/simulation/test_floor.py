"""Ways round the fixtures."""

import math

import numpy as np
import pytest

from aisle.simulation.floor import BODY_M, Fixture, Floor
from aisle.store.example import example_store

BLOCK = Fixture(1, (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), 2.0, 0.5)
ROOM = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))


def length(start: tuple[float, float], way: list[tuple[float, float]]) -> float:
    return sum(math.dist(a, b) for a, b in zip([start, *way], way, strict=False))


@pytest.mark.parametrize(
    ("a", "b", "corners"),
    [
        pytest.param((0.5, 0.3), (3.5, 0.3), 0, id="along the front"),
        pytest.param((0.4, 0.5), (0.4, 2.5), 0, id="beside it"),
        pytest.param((2.0, 0.3), (2.0, 2.2), 2, id="to the other side"),
        pytest.param((0.4, 0.4), (1.5, 2.0), 1, id="round one corner"),
    ],
)
def test_routes_keep_off_the_fixture(a: tuple[float, float], b: tuple[float, float], corners: int) -> None:
    floor = Floor((BLOCK,), ROOM)
    way = floor.route(a, b)
    assert len(way) == corners + 1
    assert way[-1] == b
    assert all(floor.free(p, q) for p, q in zip([a, *way], way, strict=False))
    assert length(a, way) >= math.dist(a, b) - 1e-9


@pytest.mark.parametrize(
    ("point", "metres"),
    [
        pytest.param((2.0, 0.6), 0.4, id="before the front"),
        pytest.param((0.7, 0.6), 0.5, id="off a corner"),
        pytest.param((2.0, 1.2), -0.2, id="inside"),
    ],
)
def test_distance_is_signed(point: tuple[float, float], metres: float) -> None:
    assert float(BLOCK.distance(np.array(point))) == pytest.approx(metres)


def test_a_walled_in_goal_is_an_error() -> None:
    wall = Fixture(1, (-10.0, 1.0), (1.0, 0.0), (0.0, 1.0), 30.0, 0.2)
    with pytest.raises(ValueError, match="no way from"):
        Floor((wall,), ROOM).route((1.0, 0.5), (1.0, 2.0))


def test_every_facing_of_the_example_shop_can_be_reached_from_its_entrance() -> None:
    store = example_store()
    floor = Floor.of(store)
    for shelf in store.shelves:
        x, y, _ = shelf.world(shelf.length_m / 2, -0.45)
        assert floor.inside((x, y))
        assert floor.clearance(np.array(floor.route((1.3, 0.35), (x, y)))).min() >= BODY_M
