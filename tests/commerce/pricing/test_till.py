"""The till: prices, every kind of promotion with its edges, coupons, tax, and what cannot be priced."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aisle.bench.pricing import faults
from aisle.commerce.pricing import errors
from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.till import Till, price
from aisle.store.model import Product, Store
from aisle.store.offers import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Part,
    Percent,
    Price,
    Promotion,
    Taxes,
    TaxRate,
    Threshold,
    Window,
)

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)  # a Wednesday, 14:00 in Berlin
PRODUCTS = {
    "tea": Product("tea", "Tea", 100, 300, "leaf", "drinks", "food"),
    "mate": Product("mate", "Mate", 100, 200, "leaf", "drinks", "food", deposit_minor=25),
    "gum": Product("gum", "Gum", 10, 99, "snap", "sweets", "candy"),
    "bun": Product("bun", "Bun", 90, 150, "oven", "bakery", "food"),
    "nuts": Product("nuts", "Nuts", None, 1299, "grove", "loose", "food", sold_by_weight=True),
}
EU = Taxes(True, (TaxRate("food", Decimal("0.07")), TaxRate("candy", Decimal("0.19"))))
US = Taxes(False, (TaxRate("candy", Decimal("0.0625"), "state"), TaxRate("candy", Decimal("0.02"), "city")), "rate", "")


def store(*promotions: Promotion, prices: tuple[Price, ...] = (), taxes: Taxes = EU) -> Store:
    return Store(
        "T", "EUR", "Europe/Berlin", PRODUCTS, (), (), promotions=promotions, prices=prices, taxes=taxes
    )  # fmt: skip


def offer(promotion_id: str, benefit: Benefit, *gtins: str, **more: Any) -> Promotion:
    return Promotion(promotion_id, f"Offer {promotion_id}", benefit, Goods(gtins=frozenset(gtins)), **more)


def items(text: str) -> tuple[Item, ...]:
    """`tea*2 nuts@250`: two teas, and 250 g of nuts."""
    out = []
    for number, word in enumerate(text.split()):
        gtin, _, grams = word.partition("@")
        gtin, _, count = gtin.partition("*")
        out.append(Item(f"L{number}", gtin, int(count or 1), NOON, int(grams) if grams else None))
    return tuple(out)


def priced(shop: Store, text: str, **more: Any) -> PricedBasket:
    found = price(shop, Basket(items(text), NOON, **more))
    assert faults(found) == []
    return found


FREE = BuyGet(2, 1)
BOTH = {"group": "g", "combines": frozenset({"g"})}
PROMOTIONS = [
    ("nothing runs", [], "tea*2 gum", 0),
    ("percent, rounded once per unit", [offer("a", Percent(Decimal("0.1")), "gum")], "gum*3", 30),
    ("percent of a weighed line", [offer("a", Percent(Decimal("0.1")), "nuts")], "nuts@250", 33),
    ("amount at most to nothing", [offer("a", AmountOff(150), "gum")], "gum*2", 198),
    ("amount per kilogram", [offer("a", AmountOff(200), "nuts")], "nuts@500", 100),
    ("fixed price never raises", [offer("a", FixedPrice(250), "tea", "mate")], "tea mate", 50),
    ("fixed price per kilogram from a weight", [offer("a", FixedPrice(999, 500), "nuts")], "nuts@500 nuts@499", 150),
    ("three for a price, one over", [offer("a", CountForPrice(3, 700), "tea")], "tea*4", 200),
    ("group price takes the dearest", [offer("a", CountForPrice(2, 350), "tea", "mate", "bun")], "tea mate bun", 150),
    ("group price never raises", [offer("a", CountForPrice(2, 500), "mate", "gum")], "mate gum", 0),
    ("buy two get one", [offer("a", FREE, "tea")], "tea*3", 300),
    ("buy two get one, too few", [offer("a", FREE, "tea")], "tea*2", 0),
    ("the reduced is not dearer", [offer("a", FREE, "tea", "mate", "bun")], "tea mate bun", 150),
    ("two groups, dearest together", [offer("a", BuyGet(1, 1), "tea", "gum")], "tea*2 gum*2", 399),
    ("second at half price", [offer("a", BuyGet(1, 1, Decimal("0.5")), "tea")], "tea*2", 150),
    ("fewer to get than offered", [offer("a", BuyGet(1, 3), "tea")], "tea*2", 300),
    ("other goods to get", [offer("a", BuyGet(2, 1, Decimal(1), Goods(gtins=frozenset({"tea"}))), "gum")],
     "gum*2 tea", 300),
    ("weighed goods are not counted", [offer("a", CountForPrice(2, 100), "nuts", "tea")], "nuts@300 tea", 0),
    ("bundle", [offer("a", Bundle((Part(1, Goods(categories=frozenset({"drinks"}))), Part(2, Goods(
        gtins=frozenset({"bun"})))), 450))], "tea mate bun*2", 150),
    ("bundle without a part", [offer("a", Bundle((Part(1, Goods(gtins=frozenset({"gum"}))), Part(1, Goods(
        gtins=frozenset({"bun"})))), 100))], "bun*3", 0),
    ("a unit serves once", [offer("a", Percent(Decimal("0.2")), "tea"), offer("b", AmountOff(50), "tea")], "tea", 60),
    ("what combines adds up, amount first", [offer("a", Percent(Decimal("0.5")), "tea", **BOTH),
                                             offer("b", AmountOff(100), "tea", **BOTH)], "tea", 200),
    ("one side alone does not combine", [offer("a", Percent(Decimal("0.5")), "tea", **BOTH),
                                         offer("b", AmountOff(100), "tea", group="g")], "tea", 150),
    ("percent on the even share of a group", [offer("a", CountForPrice(3, 500), "tea", **BOTH),
                                              offer("b", Percent(Decimal("0.1")), "tea", **BOTH)], "tea*3", 451),
    ("limit counts units", [offer("a", AmountOff(50), "tea", "gum", limits=Limits(visit=2))], "tea*2 gum*2", 100),
    ("limit takes the dearest", [offer("a", Percent(Decimal("0.5")), "tea", "gum", limits=Limits(visit=1))],
     "gum tea", 150),
    ("limit counts groups", [offer("a", FREE, "tea", limits=Limits(visit=1))], "tea*6", 300),
    ("limit of nothing", [offer("a", AmountOff(50), "tea", limits=Limits(visit=0))], "tea", 0),
    ("members only", [offer("a", AmountOff(50), "tea", members=True)], "tea", 0),
    ("coupon not shown", [offer("a", AmountOff(50), "tea", coupon="K")], "tea", 0),
    ("ended yesterday", [offer("a", AmountOff(50), "tea", ends=dt.date(2026, 6, 9))], "tea", 0),
    ("last day", [offer("a", AmountOff(50), "tea", ends=dt.date(2026, 6, 10))], "tea", 50),
    ("happy hour in the shop's time", [offer("a", AmountOff(50), "tea", windows=(
        Window(frozenset({2}), dt.time(14), dt.time(15)),))], "tea", 50),
    ("window closes before", [offer("a", AmountOff(50), "tea", windows=(Window(closes=dt.time(14)),))], "tea", 0),
    ("wrong day of the week", [offer("a", AmountOff(50), "tea", windows=(Window(frozenset({3})),))], "tea", 0),
    ("spend and save", [offer("a", Threshold(600, minor=100))], "tea*2", 100),
    ("a cent too little", [offer("a", Threshold(601, minor=100))], "tea*2", 0),
    ("share of the order", [offer("a", Threshold(500, share=Decimal("0.1")))], "tea*2 gum", 70),
    ("base after reductions of lines", [offer("a", Threshold(600, minor=40)), offer("b", AmountOff(50), "tea")],
     "tea*2", 100),
    ("a reduction given up for the order", [offer("a", Threshold(600, minor=200)), offer("b", AmountOff(50), "tea")],
     "tea*2", 200),
    ("part of the reductions given up", [offer("a", Threshold(550, minor=200)), offer("b", AmountOff(50), "tea")],
     "tea*2", 250),
    ("deposits are no spending", [offer("a", Threshold(225, minor=100))], "mate", 0),
    ("one threshold of two", [offer("a", Threshold(300, minor=50)), offer("b", Threshold(300, minor=80))], "tea", 80),
    ("two thresholds that combine", [offer("a", Threshold(300, minor=50), **BOTH),
                                     offer("b", Threshold(300, minor=80), **BOTH)], "tea", 130),
    ("exclusive is better alone", [offer("a", AmountOff(250), "tea", exclusive=True), offer("b", AmountOff(50))],
     "tea gum", 250),
    ("exclusive is worse alone", [offer("a", AmountOff(60), "tea", exclusive=True), offer("b", AmountOff(50))],
     "tea gum", 100),
]  # fmt: skip


@pytest.mark.parametrize(
    ("promotions", "text", "saved"), [row[1:] for row in PROMOTIONS], ids=[r[0] for r in PROMOTIONS]
)
def test_promotions(promotions: list[Promotion], text: str, saved: int) -> None:
    found = priced(store(*promotions), text)
    assert (found.saved_minor, found.optimal) == (saved, True)


def test_a_member_pays_the_member_price_and_has_the_members_promotions() -> None:
    shop = store(offer("a", AmountOff(50), "tea", members=True), prices=(Price("tea", 300, 280),))
    line = priced(shop, "tea", member=True).lines[0]
    assert [(s.kind, s.minor) for s in line.savings] == [("member", 20), ("line", 50)]
    assert line.unit_minor == 300


@pytest.mark.parametrize(
    ("taken", "left", "kinds"),
    [(300, 250, [("later", 50)]), (250, 300, []), (250, 250, [])],
    ids=["the price fell", "the price rose", "no change"],
)
def test_the_lower_of_two_prices_counts(taken: int, left: int, kinds: list[tuple[str, int]]) -> None:
    change = dt.datetime(2026, 6, 10, 13, 0)
    shop = store(prices=(Price("tea", taken, ends=change), Price("tea", left, starts=change)))
    item = Item("L", "tea", 1, NOON - dt.timedelta(hours=2))
    line = price(shop, Basket((item,), NOON)).lines[0]
    assert (line.unit_minor, [(s.kind, s.minor) for s in line.savings]) == (taken, kinds)


def test_a_promotion_that_ran_when_the_goods_were_taken_still_counts() -> None:
    shop = store(offer("a", AmountOff(50), "tea", windows=(Window(closes=dt.time(13)),)))
    early, late = (Item(str(h), "tea", 1, NOON - dt.timedelta(hours=h)) for h in (2, 0))
    found = price(shop, Basket((early, late), NOON))
    assert [line.paid_minor for line in found.lines] == [250, 300]


def test_group_savings_are_shared_by_largest_remainder() -> None:
    found = priced(store(offer("a", CountForPrice(3, 500), "tea", "bun")), "tea tea bun")
    assert [line.paid_minor for line in found.lines] == [175, 175, 150]


def test_a_threshold_is_shared_over_the_lines_of_its_base() -> None:
    goods = Goods(without_categories=frozenset({"sweets"}))
    found = priced(store(Promotion("a", "A", Threshold(400, minor=100), goods)), "tea mate gum")
    assert [sum(s.minor for s in line.savings) for line in found.lines] == [60, 40, 0]
    assert found.lines[0].savings[0].kind == "order"


COUPONS = [
    ("a shop coupon lowers the taxed price", "shop", US, (49, 0, 4, 53)),
    ("a manufacturer coupon is taxed in full", "manufacturer", US, (99, 50, 8, 57)),
    (
        "a manufacturer coupon that reduces",
        "manufacturer",
        replace(US, manufacturer_coupons_reduce=True),
        (49, 0, 4, 53),
    ),
]


@pytest.mark.parametrize(("issuer", "taxes", "figures"), [row[1:] for row in COUPONS], ids=[row[0] for row in COUPONS])
def test_coupons_and_tax(issuer: str, taxes: Taxes, figures: tuple[int, int, int, int]) -> None:
    shop = store(offer("a", AmountOff(50), "gum", coupon="K", issuer=issuer), taxes=taxes)
    found = priced(shop, "gum", coupons=frozenset({"K"}))
    assert (found.lines[0].paid_minor, found.tender_minor, found.tax_minor, found.total_minor) == figures
    assert (found.saved_minor, found.uses) == (50, {"a": 1})


def test_what_a_makers_coupon_leaves_no_room_for_is_no_proven_best() -> None:
    coupon = offer("k", AmountOff(290), "tea", coupon="K", issuer="manufacturer")
    found = priced(store(coupon, offer("order", Threshold(200, minor=100), "tea")), "tea", coupons=frozenset({"K"}))
    assert (found.total_minor, found.saved_minor) == (0, 300)
    assert (found.optimal, found.gap_minor) == (False, 90)


def test_what_the_visits_records_leave_limits_a_promotion() -> None:
    shop = store(offer("a", AmountOff(50), "tea", limits=Limits(customer=5)))
    assert priced(shop, "tea*3", remaining={"a": 2}).uses == {"a": 2}
    assert priced(shop, "tea*9").uses == {"a": 5}


def test_deposits_are_lines_of_their_own_that_no_saving_touches() -> None:
    found = priced(store(offer("a", Percent(Decimal(1)), "mate")), "mate*2")
    assert (found.lines[0].paid_minor, found.deposits_minor, found.total_minor) == (0, 50, 50)


def test_a_price_label_is_the_shelf_price() -> None:
    item = Item("L", "nuts", 1, NOON, label_minor=321)
    assert price(store(), Basket((item,), NOON)).total_minor == 321


def test_an_empty_basket_costs_nothing() -> None:
    assert priced(store(offer("a", Threshold(0, minor=100))), "").total_minor == 0


def test_the_order_of_lines_does_not_change_the_total() -> None:
    shop = store(offer("a", CountForPrice(2, 333), "tea", "mate", "bun"), offer("b", FREE, "tea", "gum"))
    there, back = items("tea*2 mate bun gum*3"), items("gum*3 bun mate tea*2")
    assert price(shop, Basket(there, NOON)).total_minor == price(shop, Basket(back, NOON)).total_minor


WRONG = [
    ("unknown product", Item("L", "cake", 1, NOON), errors.UnknownProductError),
    ("nothing", Item("L", "tea", 0, NOON), errors.QuantityError),
    ("less than nothing", Item("L", "tea", -1, NOON), errors.QuantityError),
    ("absurdly many", Item("L", "tea", 1000, NOON), errors.QuantityError),
    ("two weighings in one", Item("L", "nuts", 2, NOON, 100), errors.QuantityError),
    ("no weight", Item("L", "nuts", 1, NOON), errors.WeightError),
    ("no mass", Item("L", "nuts", 1, NOON, 0), errors.WeightError),
    ("a ton", Item("L", "nuts", 1, NOON, 1_000_000), errors.WeightError),
    ("a negative label", Item("L", "tea", 1, NOON, label_minor=-1), errors.PriceMissingError),
    ("no time zone", Item("L", "tea", 1, NOON.replace(tzinfo=None)), errors.TimeZoneMissingError),
]


@pytest.mark.parametrize(("item", "error"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_cannot_be_priced(item: Item, error: type[errors.PricingError]) -> None:
    with pytest.raises(error) as caught:
        price(store(), Basket((item,), NOON))
    assert caught.value.where == "line L"
    assert caught.value.found in str(caught.value)


def test_a_product_without_a_price_is_not_given_away() -> None:
    shop = replace(store(), products={"tea": replace(PRODUCTS["tea"], price_minor=0)})
    with pytest.raises(errors.PriceMissingError):
        price(shop, Basket(items("tea"), NOON))


def test_two_lines_of_one_name_are_refused() -> None:
    with pytest.raises(errors.DuplicateLineError):
        price(store(), Basket((items("tea")[0], items("gum")[0]), NOON))


def test_a_basket_without_time_zone_is_refused() -> None:
    with pytest.raises(errors.TimeZoneMissingError):
        price(store(), Basket((), NOON.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("code", "error"), [("X", errors.CouponUnknownError), ("K", errors.CouponExpiredError)], ids=["unknown", "expired"]
)
def test_coupons_of_no_use(code: str, error: type[errors.PricingError]) -> None:
    shop = store(offer("a", AmountOff(50), "tea", coupon="K", ends=dt.date(2026, 6, 1)))
    with pytest.raises(error):
        price(shop, Basket(items("tea"), NOON, coupons=frozenset({code})))


HINTS = [
    ("one more is free", [offer("a", FREE, "tea")], "tea*2", [(1, ("tea",), 300, True, 0)]),
    ("one more for less", [offer("a", CountForPrice(2, 400), "tea")], "tea", [(1, ("tea",), 200, False, 0)]),
    ("a product not taken yet", [offer("a", BuyGet(1, 1, Decimal(1), Goods(gtins=frozenset({"gum"}))), "tea")],
     "tea", [(1, ("gum",), 99, True, 0)]),
    ("a little more to spend", [offer("a", Threshold(650, minor=100))], "tea*2", [(0, (), 100, False, 50)]),
    ("too far away", [offer("a", Threshold(2000, minor=100))], "tea*2", []),
    ("nothing would be saved", [offer("a", CountForPrice(2, 900), "tea")], "tea", []),
    ("the limit is reached", [offer("a", FREE, "tea", limits=Limits(visit=1))], "tea*5", []),
]  # fmt: skip


@pytest.mark.parametrize(("promotions", "text", "told"), [row[1:] for row in HINTS], ids=[row[0] for row in HINTS])
def test_hints(promotions: list[Promotion], text: str, told: list[tuple[object, ...]]) -> None:
    found = priced(store(*promotions), text).hints
    assert [(h.more, h.gtins, h.saves_minor, h.free, h.spend_minor) for h in found] == told


def test_hints_can_be_left_out() -> None:
    till = Till(store(offer("a", FREE, "tea")))
    assert till.price(Basket(items("tea*2"), NOON), hints=False).hints == ()
