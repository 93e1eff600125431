"""Which products a promotion's goods are."""

from __future__ import annotations

import pytest

from aisle.store.offers import Goods

TEA = ("2000000001012", "drinks", "Leaf & Lake")

GOODS = {
    "all of them": (Goods(), True),
    "by code": (Goods(gtins=frozenset({TEA[0]})), True),
    "by category": (Goods(categories=frozenset({"drinks", "bakery"})), True),
    "by brand": (Goods(brands=frozenset({"Leaf & Lake"})), True),
    "by either": (Goods(gtins=frozenset({"4011"}), brands=frozenset({"Leaf & Lake"})), True),
    "another code": (Goods(gtins=frozenset({"4011"})), False),
    "all but its category": (Goods(without_categories=frozenset({"drinks"})), False),
    "named and taken out": (Goods(brands=frozenset({"Leaf & Lake"}), without=frozenset({TEA[0]})), False),
}


@pytest.mark.parametrize(("goods", "held"), GOODS.values(), ids=GOODS.keys())
def test_goods_hold_a_product(goods: Goods, held: bool) -> None:
    assert goods.hold(*TEA) is held
