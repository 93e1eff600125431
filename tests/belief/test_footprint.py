"""Where items stand and what the plates then carry."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.footprint import LEAK_SHARE, arrangements, columns, facing_places, footprints
from aisle.store.model import Facing, Shelf
from aisle.store.shelving import even_edges

SHELVES = [
    pytest.param(even_edges(10, 0.1), id="ten plates"),
    pytest.param((0.0, 1.0), id="one cell"),
    pytest.param((0.03, 0.2, 0.25, 0.9), id="uneven plates"),
    pytest.param((0.0, 0.05), id="narrower than any item"),
]


def shelf(edges: tuple[float, ...]) -> Shelf:
    return Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, edges)


@pytest.mark.parametrize("edges", SHELVES)
def test_shares_sum_to_one_but_for_what_leaks(edges: tuple[float, ...]) -> None:
    prints = footprints(shelf(edges))
    total = prints.share.sum(axis=1)
    assert total.min() >= 1.0 - 1e-9
    assert total.max() <= 1.0 + 2 * LEAK_SHARE + 1e-9
    assert prints.share.min() >= 0.0


@pytest.mark.parametrize("edges", SHELVES)
def test_slopes_and_swells_move_weight_and_make_none(edges: tuple[float, ...]) -> None:
    prints = footprints(shelf(edges))
    inside = (prints.x_m - prints.width_m / 2 > edges[0] + 0.03) & (prints.x_m + prints.width_m / 2 < edges[-1] - 0.03)
    assert prints.slope[inside].sum(axis=1) == pytest.approx(np.zeros(inside.sum()), abs=1e-9)
    assert prints.swell[inside].sum(axis=1) == pytest.approx(np.zeros(inside.sum()), abs=1e-9)


@pytest.mark.parametrize("edges", SHELVES)
def test_places_are_distributions(edges: tuple[float, ...]) -> None:
    prints = footprints(shelf(edges))
    facing = Facing("x", 1, 1, edges[0], (edges[0] + edges[-1]) / 2, (1,))
    for places in (prints.everywhere, facing_places(prints, facing, None), facing_places(prints, facing, 0.09)):
        assert np.exp(places.log_prior).sum() == pytest.approx(1.0)
        assert len(set(places.tiles.tolist())) == len(places.tiles)


def test_items_of_a_facing_mostly_stand_inside_it() -> None:
    prints = footprints(shelf(even_edges(10, 0.1)))
    places = facing_places(prints, Facing("x", 1, 1, 0.3, 0.5, (4, 5)), None)
    x, w = prints.x_m[places.tiles], prints.width_m[places.tiles]
    inside = (x - w / 2 > 0.29) & (x + w / 2 < 0.51)
    assert np.exp(places.log_prior)[inside].sum() > 0.9


@pytest.mark.parametrize("units", [1, 2, 3, 4])
def test_arrangements_carry_every_unit(units: int) -> None:
    prints = footprints(shelf(even_edges(10, 0.1)))
    places = facing_places(prints, Facing("x", 1, 1, 0.3, 0.6, (4, 5, 6)), None)
    made = arrangements(columns(prints, places, units), units)
    assert np.exp(made.log_weight).sum() == pytest.approx(1.0)
    ways = len(made.log_weight)
    assert made.share.sum(axis=0) == pytest.approx(np.full(ways, units), rel=2.01 * LEAK_SHARE)
    assert made.slope.shape == (units, 10, ways)
