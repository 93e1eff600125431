"""The example shop has what makes a shop hard, and nothing that is wrong."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

from aisle.store.check import alike
from aisle.store.codes import code_fault
from aisle.store.example import example_store
from aisle.store.offers import Benefit, Limits
from aisle.store.offers_check import offer_warnings

STORE = example_store()


def test_codes_are_good() -> None:
    assert [gtin for gtin in STORE.products if code_fault(gtin) is not None] == []


def test_every_product_stands_somewhere() -> None:
    assert {facing.gtin for facing in STORE.facings} == set(STORE.products)


def test_facings_stand_on_their_shelf_side_by_side() -> None:
    for key, facings in STORE.facings_at.items():
        borders = [x for facing in facings for x in (facing.x0_m, facing.x1_m)]
        assert borders == sorted(borders)
        assert 0.0 <= borders[0] < borders[-1] <= STORE.shelf_at[key].length_m


def test_items_are_light_and_heavy() -> None:
    weights = [product.weight_g or 0.0 for product in STORE.products.values()]
    assert min(weights) < 35 < 1500 < max(weights)


def test_some_neighbours_weigh_nearly_the_same() -> None:
    pairs = [
        (a.gtin, b.gtin)
        for facings in STORE.facings_at.values()
        for a, b in combinations((STORE.products[f.gtin] for f in facings), 2)
        if alike(a, b)
    ]
    assert len(pairs) >= 10


def test_some_products_stand_in_two_places() -> None:
    assert len(STORE.facings) > len(STORE.products)


def test_gondolas_look_different_ways() -> None:
    assert len({shelf.rotation_rad for shelf in STORE.shelves}) == 3


def test_shelves_stand_inside_the_room() -> None:
    corners = [
        shelf.world(x, depth)
        for shelf in STORE.shelves
        for x in (0.0, shelf.length_m)
        for depth in (0.0, shelf.depth_m)
    ]
    assert [corner for corner in corners if not (0 <= corner[0] <= 7 and 0 <= corner[1] <= 6)] == []


def test_offers_use_every_kind_and_condition() -> None:
    offers = STORE.promotions
    assert {type(offer.benefit) for offer in offers} == set(get_args(Benefit))
    assert {offer.issuer for offer in offers} == {"shop", "manufacturer"}
    used = [
        [offer for offer in offers if offer.members],
        [offer for offer in offers if offer.coupon],
        [offer for offer in offers if offer.windows],
        [offer for offer in offers if offer.starts and offer.ends],
        [offer for offer in offers if offer.combines],
        [offer for offer in offers if offer.limits != Limits()],
        [price for price in STORE.prices if price.starts],
        [price for price in STORE.prices if price.member_minor],
    ]
    assert [] not in used


def test_no_offer_is_in_vain() -> None:
    assert list(offer_warnings(STORE, dict.fromkeys(STORE.products, 1))) == []
