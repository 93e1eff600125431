"""Which of the shop's offers the screen shows beside a basket: those that run, of goods like those in it, close by.

An offer is shown with one of its products: one that is not in the basket yet, of a category the basket holds, near the
shelf of the last item where the store knows its floor. The price shown is what the till would take.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import dataclass

from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.reductions import reduction
from aisle.commerce.pricing.running import Running
from aisle.store.model import Product, Store
from aisle.store.offers import AmountOff, Bundle, FixedPrice, Percent, Promotion, Threshold

MOST_OF_ONE = 400  # products of one promotion that are looked at
NEAR_M = 6.0
_KIN, _NEAR = 2.0, 1.0  # what sharing a category and standing near is worth, beside the share saved


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer with the product shown for it.

    `price_minor` and `before_minor` are per piece or kilogram; None where the offer is not about single pieces.
    """

    promotion: Promotion
    product: Product
    price_minor: int | None
    before_minor: int | None
    distance_m: float | None


class Deals:
    """The offers of a store, ranked for a basket."""

    def __init__(self, store: Store, book: PriceBook) -> None:
        self._running = Running(store)
        self._book = book
        self._places = _places(store)
        self._goods: list[list[Product]] = [[] for _ in self._running.promotions]
        for product in store.products.values():
            for rank in {rank for rank, _ in self._running.roles(product)}:
                if len(self._goods[rank]) < MOST_OF_ONE:
                    self._goods[rank].append(product)

    def ranked(
        self, basket: Collection[Product], at: dt.datetime, *, member: bool, last: str = "", most: int = 3
    ) -> tuple[Offer, ...]:
        """The offers worth showing, the best first; the same basket and moment give the same ones.

        `last` is the GTIN of what was taken last: where it stands is where the cart is.
        """
        local = at.astimezone(self._running.zone)
        held = {product.gtin for product in basket}
        categories = {product.category for product in basket if product.category}
        here = self._places.get(last)
        found: list[tuple[float, str, Offer]] = []
        for rank, promotion in enumerate(self._running.promotions):
            shown = promotion.coupon is None and self._running.open_to(rank, member=member, coupons=())
            if not shown or isinstance(promotion.benefit, Threshold) or not self._running.runs(rank, local):
                continue
            best = max(
                (self._scored(promotion, product, at, categories, here, member) for product in self._goods[rank]
                 if product.gtin not in held),
                key=lambda scored: (scored[0], scored[1].product.gtin),
                default=None,
            )  # fmt: skip
            if best is not None and best[0] > 0:
                found.append((-best[0], promotion.promotion_id, best[1]))
        found.sort(key=lambda entry: entry[:2])
        chosen: dict[str, Offer] = {}
        for _, _, offer in found:
            chosen.setdefault(offer.product.gtin, offer)
        return tuple(chosen.values())[:most]

    def _scored(
        self,
        promotion: Promotion,
        product: Product,
        at: dt.datetime,
        categories: Collection[str],
        here: tuple[float, float] | None,
        member: bool,
    ) -> tuple[float, Offer]:
        """How much an offer is worth showing with this product; 0 or less for not at all."""
        shelf = self._book.member(product.gtin, at) if member else None
        before = self._book.shelf(product.gtin, at) if shelf is None else shelf
        away_m = _distance_m(here, self._places.get(product.gtin))
        if before is None or before <= 0:
            return -1.0, Offer(promotion, product, None, None, away_m)
        now: int | None = None
        share = 0.2  # what a multi-buy saves depends on the basket
        weighed_more = isinstance(promotion.benefit, FixedPrice) and promotion.benefit.from_g > 0
        if isinstance(promotion.benefit, Percent | AmountOff | FixedPrice) and not weighed_more:
            off = reduction(promotion.benefit, before, None)
            now, share = before - off, off / before
            if off <= 0:
                return -1.0, Offer(promotion, product, None, None, away_m)
        kin = _KIN if product.category in categories else 0.0
        near = _NEAR if away_m is not None and away_m <= NEAR_M else 0.0
        if isinstance(promotion.benefit, Bundle):
            kin *= 0.5
        return share + kin + near, Offer(promotion, product, now, before if now is not None else None, away_m)


def _places(store: Store) -> dict[str, tuple[float, float]]:
    """Where on the floor each product stands: the front middle of its first facing, metres."""
    places: dict[str, tuple[float, float]] = {}
    for facing in store.facings:
        shelf = store.shelf_at.get((facing.gondola, facing.shelf))
        if shelf is not None:
            x_m, y_m, _ = shelf.world((facing.x0_m + facing.x1_m) / 2)
            places.setdefault(facing.gtin, (x_m, y_m))
    return places


def _distance_m(a: tuple[float, float] | None, b: tuple[float, float] | None) -> float | None:
    return None if a is None or b is None else math.dist(a, b)
