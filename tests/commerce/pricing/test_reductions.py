"""What comes off one unit, and in which order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisle.commerce.pricing.reductions import even_share, order, reduction
from aisle.store.offers import AmountOff, Bundle, CountForPrice, FixedPrice, Goods, Part, Percent, Promotion

REDUCTIONS = [
    ("percent, half up", Percent(Decimal("0.5")), 99, None, 50),
    ("all of it", Percent(Decimal(1)), 99, None, 99),
    ("amount", AmountOff(30), 99, None, 30),
    ("amount above the price", AmountOff(130), 99, None, 99),
    ("amount per kilogram", AmountOff(100), 500, 255, 26),
    ("fixed price", FixedPrice(80), 99, None, 19),
    ("fixed price above", FixedPrice(120), 99, None, 0),
    ("fixed price per kilogram", FixedPrice(1000), 500, 255, 245),
]


@pytest.mark.parametrize(
    ("benefit", "left", "grams", "minor"), [row[1:] for row in REDUCTIONS], ids=[row[0] for row in REDUCTIONS]
)
def test_reduction(benefit: Percent | AmountOff | FixedPrice, left: int, grams: int | None, minor: int) -> None:
    assert reduction(benefit, left, grams) == minor


def test_the_order_on_a_unit() -> None:
    promotions = [
        Promotion("a", "", Percent(Decimal("0.1")), issuer="manufacturer", coupon="M"),
        Promotion("b", "", AmountOff(5), coupon="K"),
        Promotion("c", "", Percent(Decimal("0.1"))),
        Promotion("d", "", AmountOff(5)),
        Promotion("e", "", FixedPrice(5)),
    ]
    assert [p.promotion_id for p in sorted(promotions, key=order)] == ["e", "d", "c", "b", "a"]


SHARES = [
    ("a third, whole units", CountForPrice(3, 500), 300, 166),
    ("a cheap unit counts with its price", CountForPrice(3, 500), 99, 99),
    ("a bundle's size is all its parts", Bundle((Part(1, Goods()), Part(3, Goods())), 400), 300, 100),
]


@pytest.mark.parametrize(("benefit", "price", "share"), [row[1:] for row in SHARES], ids=[row[0] for row in SHARES])
def test_even_share(benefit: CountForPrice | Bundle, price: int, share: int) -> None:
    assert even_share(price, benefit) == share
