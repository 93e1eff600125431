"""The geometry of a shelf: to the floor frame and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.model import Shelf
from aisle.store.shelving import even_edges

metres = st.floats(-20, 20)

# rotation in degrees -> where a point 1 m along and 0.5 m behind the front edge of a shelf at (2, 3, 1) lies
TURNS = {
    "along +x": (0.0, (3.0, 3.5, 1.2)),
    "along +y": (90.0, (1.5, 4.0, 1.2)),
    "along -x": (180.0, (1.0, 2.5, 1.2)),
    "along -y": (-90.0, (2.5, 2.0, 1.2)),
}


@pytest.mark.parametrize(("degrees", "expected"), TURNS.values(), ids=TURNS.keys())
def test_world(degrees: float, expected: tuple[float, float, float]) -> None:
    shelf = Shelf(1, 1, (2.0, 3.0, 1.0), math.radians(degrees), 0.5, even_edges(10, 0.1))
    np.testing.assert_allclose(shelf.world(1.0, 0.5, 0.2), expected, atol=1e-12)


@given(st.tuples(metres, metres, metres), st.floats(-7, 7), st.tuples(metres, metres, metres))
def test_local_undoes_world(
    origin: tuple[float, float, float], rotation: float, point: tuple[float, float, float]
) -> None:
    shelf = Shelf(1, 1, origin, rotation, 0.5, even_edges(10, 0.1))
    np.testing.assert_allclose(shelf.local(np.array([shelf.world(*point)]))[0], point, atol=1e-9)


def test_a_shelf_knows_its_plates() -> None:
    shelf = Shelf(3, 2, (0.0, 0.0, 1.0), 0.0, 0.5, (0.0, 0.1, 0.25, 0.6))
    assert (shelf.key, shelf.plate_count, shelf.length_m) == ((3, 2), 3, 0.6)
