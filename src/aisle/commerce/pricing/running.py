"""Which promotions touch which product, and which of them run: an index, so that those that do not match cost nothing.

A product's *roles* are the pairs (promotion, place) it can fill: place 0 of most promotions, the part of a bundle, and
for a buy-get with other goods to get, 0 for bought and 1 for reduced. Promotions are named by their rank in the order
of ids, which is also the order in which everything about them is decided, so that the same basket has the same price.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from aisle.store.model import Product, Store
from aisle.store.offers import (
    AmountOff,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Percent,
    Promotion,
    Threshold,
)

Role = tuple[int, int]  # promotion, place
_COUNTED = (CountForPrice, BuyGet, Bundle)
_BY_UNIT = (Percent, AmountOff, FixedPrice)


class Running:
    """The promotions of a store, by product and by time."""

    def __init__(self, store: Store) -> None:
        self.promotions = tuple(sorted(store.promotions, key=lambda promotion: promotion.promotion_id))
        self.zone = ZoneInfo(store.time_zone)
        self.by_unit = tuple(isinstance(p.benefit, _BY_UNIT) for p in self.promotions)
        self.multi = tuple(isinstance(p.benefit, _COUNTED) for p in self.promotions)
        self.at_one_price = tuple(isinstance(p.benefit, CountForPrice | Bundle) for p in self.promotions)
        self.threshold = tuple(isinstance(p.benefit, Threshold) for p in self.promotions)
        self.makers = tuple(p.issuer == "manufacturer" for p in self.promotions)
        self.coupons: dict[str, tuple[int, ...]] = {}
        self.treatments: dict[Any, Any] = {}  # what `treatments` remembers of kinds
        self._by_key: dict[tuple[str, str], list[Role]] = {}
        self._everywhere: list[Role] = []
        self._goods: dict[Role, Goods] = {}
        self._roles: dict[str, tuple[Role, ...]] = {}
        self._combining: dict[tuple[int, int], bool] = {}
        for rank, promotion in enumerate(self.promotions):
            if promotion.coupon is not None:
                self.coupons[promotion.coupon] = (*self.coupons.get(promotion.coupon, ()), rank)
            for place, goods in enumerate(_places(promotion)):
                self._index((rank, place), goods)

    def roles(self, product: Product) -> tuple[Role, ...]:
        """The places the product can fill in promotions, whether they run or not, in order."""
        found = self._roles.get(product.gtin)
        if found is None:
            found = self._roles[product.gtin] = self._matching(product)
        return found

    def goods(self, rank: int, place: int) -> Goods:
        """What may fill a place of a promotion."""
        return self._goods[rank, place]

    def runs(self, rank: int, local: dt.datetime) -> bool:
        """Whether a promotion runs at a moment given in the shop's own time."""
        promotion = self.promotions[rank]
        day = local.date()
        if (promotion.starts is not None and day < promotion.starts) or (
            promotion.ends is not None and day > promotion.ends
        ):
            return False
        clock = local.time().replace(tzinfo=None)
        return not promotion.windows or any(
            (not window.days or day.weekday() in window.days)
            and (window.opens is None or window.opens <= clock)
            and (window.closes is None or clock < window.closes)
            for window in promotion.windows
        )

    def combine(self, one: int, other: int) -> bool:
        """Whether two promotions may reduce the same unit (or two thresholds the same order)."""
        pair = (one, other)
        found = self._combining.get(pair)
        if found is None:
            a, b = self.promotions[one], self.promotions[other]
            found = bool(a.group and b.group and a.group in b.combines and b.group in a.combines)
            self._combining[pair] = self._combining[other, one] = found
        return found

    def limit(self, rank: int, remaining: dict[str, int]) -> int | None:
        """How often a promotion may be applied in this basket; None for any number of times."""
        promotion = self.promotions[rank]
        limits = promotion.limits
        known = remaining.get(promotion.promotion_id)
        bounds = (limits.visit, known) if known is not None else (limits.visit, limits.customer, limits.campaign)
        return min((max(0, bound) for bound in bounds if bound is not None), default=None)

    def open_to(self, rank: int, *, member: bool, coupons: Iterable[str]) -> bool:
        """Whether this customer may have the promotion: membership and coupon."""
        promotion = self.promotions[rank]
        return (member or not promotion.members) and (promotion.coupon is None or promotion.coupon in coupons)

    def _index(self, role: Role, goods: Goods) -> None:
        self._goods[role] = goods
        named = [("gtin", g) for g in goods.gtins]
        named += [("category", c) for c in goods.categories] + [("brand", b) for b in goods.brands]
        for key in named:
            self._by_key.setdefault(key, []).append(role)
        if not named:
            self._everywhere.append(role)

    def _matching(self, product: Product) -> tuple[Role, ...]:
        found = set(self._everywhere)
        for key in (("gtin", product.gtin), ("category", product.category), ("brand", product.brand)):
            found.update(self._by_key.get(key, ()))
        return tuple(sorted(role for role in found if self._fits(role, product)))

    def _fits(self, role: Role, product: Product) -> bool:
        goods = self._goods[role]
        if product.gtin in goods.without or product.category in goods.without_categories:
            return False
        return not (product.sold_by_weight and self.multi[role[0]])


def _places(promotion: Promotion) -> tuple[Goods, ...]:
    match promotion.benefit:
        case Bundle(parts=parts):
            return tuple(part.goods for part in parts)
        case BuyGet(get_goods=Goods() as get_goods):
            return (promotion.goods, get_goods)
        case _:
            return (promotion.goods,)
