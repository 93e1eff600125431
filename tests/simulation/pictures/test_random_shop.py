"""Random shops are shops."""

import numpy as np
import pytest

from aisle.simulation.floor import fixtures_of
from aisle.simulation.pictures.random_shop import random_shop
from aisle.store.codes import code_fault

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_fixtures_stand_apart_in_a_room_of_the_promised_size(seed: int) -> None:
    store = random_shop(np.random.default_rng(seed))
    wide, deep = store.floor_m[2]
    assert 4.0 <= wide <= 12.0
    assert 4.0 <= deep <= 10.0
    fixtures = fixtures_of(store)
    assert 2 <= len(fixtures) <= 8
    for fixture in fixtures:
        for x, y in fixture.corners(-0.01):
            assert 0 <= x <= wide
            assert 0 <= y <= deep
            assert all(other is fixture or float(other.distance(np.array([x, y]))) > 0 for other in fixtures)


@pytest.mark.parametrize("seed", SEEDS)
def test_goods_fit_their_boards(seed: int) -> None:
    store = random_shop(np.random.default_rng(seed))
    for (gondola, shelf), facings in store.facings_at.items():
        edges = [x for f in facings for x in (f.x0_m, f.x1_m)]
        assert edges == sorted(edges)
        assert all(f.x1_m <= store.shelf_at[(gondola, shelf)].length_m for f in facings)
    assert all(code_fault(gtin) is None for gtin in store.products)


def test_shops_differ_and_a_seed_is_a_shop() -> None:
    first, again, other = (random_shop(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first.floor_m != other.floor_m
    assert not set(first.products) & set(other.products)
