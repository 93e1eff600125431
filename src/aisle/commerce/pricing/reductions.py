"""What one promotion takes off one unit, and in which order promotions on the same unit come.

The order is: price of the multi-buy, fixed price, amount off, buy-get, percent, then shop coupons, then manufacturers'
coupons, and by id within each. Every reduction is reckoned on what the earlier ones left and rounded once.
"""

from __future__ import annotations

from fractions import Fraction

from aisle.commerce.money import rounded
from aisle.store.offers import AmountOff, Bundle, CountForPrice, FixedPrice, Percent, Promotion

BUY_GET_RANK = 2
_RANKS = {"FixedPrice": 0, "AmountOff": 1, "Percent": 3}
_COUPON_RANK, _MAKER_RANK = 4, 5


def order(promotion: Promotion) -> tuple[int, int, str]:
    """Sort key of a promotion on single units: its turn on a unit it shares with others."""
    kind = _RANKS[type(promotion.benefit).__name__]
    if promotion.issuer == "manufacturer":
        return (_MAKER_RANK, kind, promotion.promotion_id)
    if promotion.coupon is not None:
        return (_COUPON_RANK, kind, promotion.promotion_id)
    return (kind, 0, promotion.promotion_id)


def weighed(minor_per_kg: int, grams: int) -> int:
    """The price of a net weight at a price per kilogram, rounded once."""
    return rounded(Fraction(minor_per_kg * grams, 1000))


def reduction(benefit: Percent | AmountOff | FixedPrice, left_minor: int, grams: int | None) -> int:
    """What comes off a unit that still costs `left_minor`; `grams` is the net weight of a weighed line."""
    match benefit:
        case Percent(share=share):
            return rounded(left_minor * Fraction(share))
        case AmountOff(minor=minor):
            return min(left_minor, minor if grams is None else weighed(minor, grams))
        case FixedPrice(minor=minor):
            return max(0, left_minor - (minor if grams is None else weighed(minor, grams)))


def group_terms(benefit: CountForPrice | Bundle) -> tuple[int, int]:
    """How many units a group at one price has, and what they cost together."""
    if isinstance(benefit, CountForPrice):
        return benefit.count, benefit.minor
    return sum(part.count for part in benefit.parts), benefit.minor


def even_share(price_minor: int, benefit: CountForPrice | Bundle) -> int:
    """What a unit in a group at one price counts for later reductions: its even share, at most its own price.

    The even shares of all units of a group never add up to more than the group's price, so each unit can be charged at
    least its own and no reduction ever takes more than the unit costs.
    """
    size, minor = group_terms(benefit)
    return min(price_minor, minor // size)
