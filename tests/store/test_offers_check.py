"""Offers that come to nothing are warned about, each with its place."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from aisle.store.model import Product, Store
from aisle.store.offers import AmountOff, Bundle, BuyGet, CountForPrice, FixedPrice, Goods, Part, Price, Promotion
from aisle.store.offers_check import offer_warnings
from aisle.store.problems import Problem

TEA, BUN = "2000000001012", "2000000001029"
SHOP = Store(
    name="Corner Shop",
    currency="EUR",
    time_zone="UTC",
    products={TEA: Product(TEA, "Tea", 52.0, 229), BUN: Product(BUN, "Bun", 80.0, 99)},
    shelves=(),
    facings=(),
    prices=(Price(TEA, 249, starts=dt.datetime(2027, 1, 1)),),
)
ON_TEA, ON_BUN = Goods(frozenset({TEA})), Goods(frozenset({BUN}))


def warnings(**changed: Any) -> list[Problem]:
    return list(offer_warnings(dataclasses.replace(SHOP, **changed), {TEA: 2, BUN: 3}))


# a promotion, and the field and the text of the one warning
IN_VAIN = {
    "fixed price over the shelf's": (
        Promotion("p", "P", FixedPrice(249), ON_TEA),
        "promotion[1].price",
        "less than the highest shelf price, 2.49",
    ),
    "three for more than three": (
        Promotion("p", "P", CountForPrice(3, 300), ON_BUN),
        "promotion[1].price",
        "less than the highest price of 3 units, 2.97",
    ),
    "bundle dearer than its parts": (
        Promotion("p", "P", Bundle((Part(1, ON_TEA), Part(2, ON_BUN)), 500)),
        "promotion[1].price",
        "less than the highest price of the parts, 4.47",
    ),
    "a group nobody has": (
        Promotion("p", "P", AmountOff(10), group="a", combines=frozenset({"a", "b"})),
        "promotion[1].combines",
        "the group of some promotion",
    ),
    "all goods taken out again": (
        Promotion("p", "P", AmountOff(10), Goods(frozenset({TEA}), without=frozenset({TEA}))),
        "promotion[1]",
        "at least one product it is for",
    ),
    "nothing to get": (
        Promotion("p", "P", BuyGet(1, 1, get_goods=Goods(without=frozenset({TEA, BUN}))), ON_TEA),
        "promotion[1].get_goods",
        "at least one product it is for",
    ),
}


@pytest.mark.parametrize(("promotion", "field", "expected"), IN_VAIN.values(), ids=IN_VAIN.keys())
def test_what_comes_to_nothing(promotion: Promotion, field: str, expected: str) -> None:
    (problem,) = warnings(promotions=(promotion,))
    assert (problem.level, problem.file, problem.field, problem.expected) == (
        "warning", "promotions.toml", field, expected,
    )  # fmt: skip


WORTHWHILE = {
    "below a price to come": Promotion("p", "P", FixedPrice(239), ON_TEA),
    "three for two": Promotion("p", "P", CountForPrice(3, 198), ON_BUN),
    "bundle": Promotion("p", "P", Bundle((Part(1, ON_TEA), Part(1, ON_BUN)), 300)),
    "its own group": Promotion("p", "P", AmountOff(10), group="a", combines=frozenset({"a"})),
}


@pytest.mark.parametrize("promotion", WORTHWHILE.values(), ids=WORTHWHILE.keys())
def test_what_is_worth_something(promotion: Promotion) -> None:
    assert warnings(promotions=(promotion,)) == []


def test_goods_without_any_price() -> None:
    goods = {TEA: Product(TEA, "Tea", 52.0), BUN: Product(BUN, "Bun", 80.0)}
    (problem,) = warnings(products=goods)
    assert (problem.file, problem.row, problem.field, problem.found) == ("products.csv", 3, "price", "0.00")
