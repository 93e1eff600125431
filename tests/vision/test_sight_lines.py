"""Between camera and place: boards hide what is behind them, bodies what is behind them, and nothing else does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aisle.store.geometry import look_at
from aisle.store.model import Camera, Shelf
from aisle.vision.sight_lines import behind_shelves, free_of_people
from aisle.vision.tracking.people import FloorPeople

PLACE = (1.0, -0.02, 1.08)  # before the middle board of the gondola
BOARDS = tuple(Shelf(1, k + 1, (0.0, 0.0, 0.3 + 0.35 * k), 0.0, 0.4, (0.0, 2.0)) for k in range(4))
ACROSS = Shelf(2, 1, (2.0, -1.5, 1.5), math.pi, 0.4, (0.0, 2.0))  # opens the other way, back to the place


def camera(at: tuple[float, float, float]) -> Camera:
    return Camera("c", "", (640, 360), (400.0, 400.0), (320.0, 180.0), at, look_at(at, PLACE))


def people(*places: tuple[float, float, float]) -> FloorPeople:
    """Heads at these places, bodies under them."""
    n, heads = len(places), np.array(places, dtype=np.float64).reshape(-1, 3)
    none = np.zeros(n)
    hands = np.full((n, 2), np.nan)
    cov, wrists = np.zeros((n, 2, 2)), np.full((n, 2, 3), np.nan)
    ids = tuple("abcdef"[:n])
    there = np.ones(n, dtype=bool)
    return FloorPeople(
        0, ids, heads[:, :2], cov, np.zeros((n, 2)), heads, none, wrists, hands, hands, hands, none, none, none, there
    )


SHELVES = {
    "from the front": ((1.0, -2.0, 2.6), False),
    "from straight above the aisle": ((1.0, -0.3, 2.9), False),
    "from behind": ((1.0, 2.5, 2.6), True),
    "from behind, at an angle": ((3.5, 1.5, 2.0), True),
    "over the gondola across": ((1.0, -3.0, 3.4), False),
    "through the goods of the gondola across": ((1.0, -3.5, 2.2), True),
}


@pytest.mark.parametrize(("at", "hidden"), SHELVES.values(), ids=SHELVES.keys())
def test_boards_hide_what_is_behind_them(at: tuple[float, float, float], hidden: bool) -> None:
    assert behind_shelves(camera(at), PLACE, (*BOARDS, ACROSS)) is hidden


BODIES = {
    "nobody": ((), 1.0),
    "somebody between": (((1.0, -0.6, 1.6),), 0.0),
    "somebody beside the line": (((1.5, -0.6, 1.6),), 1.0),
    "somebody beyond the camera": (((1.0, -2.6, 1.6),), 1.0),
    "a child, over whom one sees": (((1.0, -1.2, 0.9),), 1.0),
    "one between and one elsewhere": (((3.0, -3.0, 1.6), (1.0, -0.6, 1.6)), 0.0),
}


@pytest.mark.parametrize(("places", "free"), BODIES.values(), ids=BODIES.keys())
def test_bodies_hide_what_is_behind_them(places: tuple[tuple[float, float, float], ...], free: float) -> None:
    assert free_of_people(camera((1.0, -2.0, 2.0)), PLACE, [people(*places)]) == free


def test_the_share_of_moments_counts() -> None:
    moments = [people((1.0, -0.6, 1.6)), people(), people((1.5, -0.6, 1.6)), people()]
    assert free_of_people(camera((1.0, -2.0, 2.0)), PLACE, moments) == 0.75
    assert free_of_people(camera((1.0, -2.0, 2.0)), PLACE, []) == 1.0
