"""What stands on the boards."""

from dataclasses import replace

import numpy as np
import pytest

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.stock import Stock
from aisle.store.example import example_store
from aisle.store.model import Product

STORE = example_store()


def filled(rows: tuple[int, int] = (0, 5)) -> Stock:
    return Stock(STORE, Dynamics(rows=rows), np.random.default_rng(2))


def test_items_stand_within_their_facing() -> None:
    stock = filled()
    for facing in STORE.facings:
        standing = stock.standing(facing.gtin, facing)
        assert standing
        depths = [i.spot.depth_m for i in standing if i.spot is not None]
        assert depths == sorted(depths)
        assert max(depths) < STORE.shelf_at[(facing.gondola, facing.shelf)].depth_m


@pytest.mark.parametrize(
    ("rows", "low", "high"),
    [pytest.param((0, 1), 40, 260, id="half empty"), pytest.param((4, 5), 500, 1200, id="full")],
)
def test_shelves_are_as_full_as_asked(rows: tuple[int, int], low: int, high: int) -> None:
    assert low < len(filled(rows).items) < high


def test_units_weigh_what_their_product_says_give_or_take() -> None:
    stock = filled()
    off = [(i.grams - (i.product.weight_g or 0)) / (i.product.weight_sigma_g or 1) for i in stock.items]
    assert 0.8 < np.std(off) < 1.1
    assert max(np.abs(off)) <= 3.0


def test_products_without_weight_stand_nowhere_and_cannot_be_made() -> None:
    gtin = STORE.facings[0].gtin
    bare = replace(STORE, products={**STORE.products, gtin: Product(gtin, "Mystery", None)})
    stock = Stock(bare, Dynamics(), np.random.default_rng(2))
    assert stock.standing(gtin) == []
    with pytest.raises(ValueError, match=r"Mystery.*no weight"):
        stock.new_item(bare.products[gtin])
