"""What a trip costs: lines as the till takes them, stickers, printed prices, and no more than is proven."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from aisle.cart.pricing import basket_items, charged_quantity, moment, priced, product_of, trip_price
from aisle.cart.trip import Phase, Trip, TripLine
from aisle.commerce.pricing.errors import PricingError, WeightError
from aisle.commerce.pricing.till import Till
from aisle.store.model import Policies, Product, Store
from aisle.store.offers import BuyGet, Goods, Price, Promotion

T_NS = 1_774_000_000 * 10**9
AT = moment(T_NS)
TEA, BANANAS, BREAD = "4000000000012", "2000000040118", "4000000000029"


def shop(**changes: object) -> Store:
    products = (
        Product(TEA, "Green tea", 52.0, 229),
        Product(BANANAS, "Bananas", None, 169, sold_by_weight=True, plu="4011"),
        Product(BREAD, "Bread", 760.0, 349),
    )
    store = Store("Mill Lane Market", "EUR", "UTC", {p.gtin: p for p in products}, (), ())
    return replace(
        store, promotions=(Promotion("tea", "Three for two", BuyGet(2, 1), Goods(frozenset({TEA}))),), **changes
    )


def trip(*lines: TripLine, coupons: tuple[str, ...] = ()) -> Trip:
    return Trip("t1", "cart-1", Phase.SHOPPING, T_NS, T_NS, lines=lines, coupons=coupons)


def line(gtin: str, quantity: int = 1, **more: object) -> TripLine:
    return TripLine(f"l-{gtin}", gtin, quantity, 1.0, T_NS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "total"),
    [
        pytest.param(line(BREAD), 349, id="a piece"),
        pytest.param(line(TEA, 3), 458, id="three for two"),
        pytest.param(line(BANANAS, grams=912), 154, id="by weight"),
        pytest.param(line("4011", grams=912), 154, id="by its look-up code"),
        pytest.param(line(BREAD, label_minor=120), 120, id="a printed price"),
        pytest.param(line(BREAD, off_percent=Decimal(30)), 244, id="a sticker of 30 %"),
        pytest.param(line(BREAD, 2, off_percent=Decimal(50)), 350, id="two with a sticker: each 174.5, rounded"),
        pytest.param(line(BANANAS, grams=1000, off_percent=Decimal(50)), 85, id="a sticker on weighed goods"),
        pytest.param(line(BANANAS, label_minor=98), 98, id="a printed price of packed weighed goods"),
        pytest.param(line(BREAD, label_minor=200, off_percent=Decimal(25)), 150, id="a sticker over a printed price"),
        pytest.param(line(BREAD, 2, proven_quantity=1), 349, id="one of two is proven"),
        pytest.param(line(BREAD, proven_quantity=0), 0, id="nothing is proven"),
    ],
)  # fmt: skip
def test_a_line_costs(one: TripLine, total: int) -> None:
    store = shop()
    assert priced(trip(one), Till(store), store, AT).total_minor == total


def test_a_store_may_charge_what_it_believes() -> None:
    store = shop(policies=Policies(charge_only_proven=False))
    assert charged_quantity(line(BREAD, 2, proven_quantity=1), store) == 2


def test_a_sticker_comes_off_the_best_price_of_a_member() -> None:
    store = shop(prices=(Price(BREAD, 349, member_minor=300),))
    till = Till(store)
    (bread,) = basket_items(trip(line(BREAD, off_percent=Decimal(10))), store, till.book, AT, member=True)
    assert bread.label_minor == 270


def test_a_sticker_comes_off_the_lower_price_of_then_and_now() -> None:
    noon = dt.datetime.combine(AT.date(), dt.time(12))
    store = shop(prices=(Price(BREAD, 200, starts=noon),))
    later = dt.datetime.combine(AT.date(), dt.time(13), dt.UTC)
    assert priced(trip(line(BREAD, off_percent=Decimal(50))), Till(store), store, later).total_minor == 100


def test_one_line_that_has_no_price_leaves_the_others_theirs() -> None:
    store = shop()
    found = trip_price(
        trip(line(BREAD), line(BANANAS), line("9999999999994"), coupons=("none",)), Till(store), store, AT
    )
    assert found.basket.total_minor == 349
    assert sorted(found.unpriced) == ["l-2000000040118", "l-9999999999994"]
    assert list(found.refused) == ["none"]


def test_the_lane_is_told_of_a_line_without_a_price() -> None:
    store = shop()
    with pytest.raises(WeightError, match="weight"):
        priced(trip(line(BANANAS)), Till(store), store, AT)


def test_two_lines_of_one_name_are_nobodys_to_choose_from() -> None:
    store = shop()
    with pytest.raises(PricingError):
        priced(trip(line(BREAD), line(BREAD)), Till(store), store, AT)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param(TEA, "Green tea", id="code of the files"),
        pytest.param("4011", "Bananas", id="look-up code"),
        pytest.param("", None, id="no code"),
        pytest.param("1", None, id="unknown"),
    ],
)
def test_products_by_code(code: str, name: str | None) -> None:
    assert getattr(product_of(shop(), code), "name", None) == name
