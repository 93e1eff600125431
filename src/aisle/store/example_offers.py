"""What the example shop offers: a promotion of every kind, prices with dates, and the taxes of where it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from aisle.store.codes import in_store_gtin
from aisle.store.offers import (
    AmountOff,
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
    Threshold,
    Window,
)
from aisle.store.tax_file import packaged_taxes

_MONDAY_TO_FRIDAY = frozenset(range(5))
_WEEKEND = frozenset({4, 5})


def _goods(*numbers: int) -> Goods:
    return Goods(gtins=_gtins(numbers))


def _gtins(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(in_store_gtin(number) for number in numbers)


def example_prices() -> tuple[Price, ...]:
    """Two member prices, a spring price, a price rise at New Year and an evening price."""
    return (
        Price(in_store_gtin(502), 199, member_minor=179),
        Price(in_store_gtin(411), 649, member_minor=599),
        Price(in_store_gtin(108), 219, starts=dt.datetime(2026, 3, 1), ends=dt.datetime(2026, 6, 1)),
        Price(in_store_gtin(505), 279, starts=dt.datetime(2027, 1, 1)),
        Price(in_store_gtin(603), 179, starts=dt.datetime(2026, 10, 2, 18), ends=dt.datetime(2026, 10, 2, 22)),
    )


def example_promotions() -> tuple[Promotion, ...]:
    """Thirteen offers that between them use every kind, condition and limit."""
    sandwiches, cold_drinks = _goods(506, 507), _goods(101, 102, 104, 105, 106, 109)
    return (
        Promotion("lunch", "Sandwich and a drink", Bundle((Part(1, sandwiches), Part(1, cold_drinks)), 399)),
        Promotion("crisps", "Second bag half price", BuyGet(1, 1, Decimal("0.5")), _goods(201, 202)),
        Promotion("yoghurt", "Three yoghurts for two", BuyGet(2, 1), _goods(503, 504), limits=Limits(visit=4)),
        Promotion("pulses", "Any three tins for 2.75", CountForPrice(3, 275), _goods(405, 406)),
        Promotion("chocolate", "Two bars for 2.50", CountForPrice(2, 250), _goods(301, 302)),
        Promotion(
            "pasta-night", "Passata half price with pasta", BuyGet(1, 1, Decimal("0.5"), _goods(404)), _goods(401, 402)
        ),
        Promotion(
            "fresh-tonight",
            "Sandwiches from 18:00",
            Percent(Decimal("0.3")),
            sandwiches,
            windows=(Window(_MONDAY_TO_FRIDAY, opens=dt.time(18)), Window(frozenset({5}), opens=dt.time(16))),
        ),
        Promotion(
            "weekend-wine",
            "Red wine at the weekend",
            FixedPrice(599),
            _goods(114),
            windows=(Window(_WEEKEND),),
        ),
        Promotion(
            "oil",
            "Olive oil, harvest weeks",
            AmountOff(100),
            _goods(407),
            starts=dt.date(2026, 11, 1),
            ends=dt.date(2026, 12, 31),
            group="season",
            combines=frozenset({"club"}),
        ),
        Promotion(
            "club",
            "Members: 5 % off the pantry",
            Percent(Decimal("0.05")),
            Goods(categories=frozenset({"pantry"}), without=_gtins([411])),
            members=True,
            group="club",
            combines=frozenset({"season"}),
        ),
        Promotion(
            "coffee-coupon",
            "Nine Mills: 0.50 off ground coffee",
            AmountOff(50),
            _goods(411),
            coupon="NINEMILLS50",
            issuer="manufacturer",
            limits=Limits(visit=1, campaign=1000),
        ),
        Promotion(
            "big-shop",
            "5.00 off from 50.00",
            Threshold(5000, minor=500),
            Goods(without_categories=frozenset({"beer and wine"})),
        ),
        Promotion(
            "welcome",
            "Welcome: 10 % off from 10.00",
            Threshold(1000, share=Decimal("0.1")),
            Goods(without_categories=frozenset({"beer and wine"})),
            coupon="WELCOME10",
            limits=Limits(customer=1),
        ),
    )


def example_taxes() -> Taxes:
    """The value-added tax of Germany."""
    return packaged_taxes("DE")
