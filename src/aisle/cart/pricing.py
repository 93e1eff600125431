"""What a trip costs: its lines as the till takes them, with clearance stickers, printed prices and what is proven.

The screen and the lane price by this one mapping, so that what is shown is what is charged. In doubt no more than the
proven pieces are charged, as the store's policy says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from aisle.cart.trip import Trip, TripLine
from aisle.commerce.money import rounded
from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.errors import CouponExpiredError, CouponUnknownError, PricingError
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.reductions import weighed
from aisle.commerce.pricing.till import Till
from aisle.store.model import Product, Store

_SECOND_NS = 10**9
_NO_SHARE = Decimal(0)


@dataclass(frozen=True, slots=True)
class TripPrice:
    """A trip priced as far as it can be.

    `unpriced` says of each line (by its id) that is not in `basket` why not; `refused` the same of coupons (by code).
    """

    basket: PricedBasket
    unpriced: Mapping[str, PricingError]
    refused: Mapping[str, PricingError]


def moment(t_ns: int) -> dt.datetime:
    """Unix nanoseconds as a time in UTC, to the microsecond."""
    seconds, rest_ns = divmod(t_ns, _SECOND_NS)
    return dt.datetime.fromtimestamp(seconds, dt.UTC) + dt.timedelta(microseconds=rest_ns // 1000)


def product_of(store: Store, code: str) -> Product | None:
    """The product a trip's line names: by its GTIN as the store's files write it, or by its look-up code (PLU)."""
    found = store.products.get(code)
    if found is None and code:
        found = next((product for product in store.products.values() if product.plu == code), None)
    return found


def charged_quantity(line: TripLine, store: Store) -> int:
    """How many pieces of a line are charged: those proven, where the store's policy says so and somebody counted."""
    if line.proven_quantity is None or not store.policies.charge_only_proven:
        return line.quantity
    return min(line.quantity, line.proven_quantity)


def basket_items(trip: Trip, store: Store, book: PriceBook, at: dt.datetime, *, member: bool = False) -> list[Item]:
    """The trip's lines as the till takes them, in their order; lines with no piece to charge are left out.

    A printed price is the shelf price of the piece. A clearance sticker takes its share off the price the shopper would
    pay otherwise: the lower of then (`taken_at_ns`) and now (`at`), for `member`s theirs.
    """
    items = []
    for line in trip.lines:
        quantity = charged_quantity(line, store)
        if quantity < 1:
            continue
        product = product_of(store, line.gtin)
        taken = moment(line.taken_at_ns)
        gtin = product.gtin if product is not None else line.gtin
        label = line.label_minor
        if label is None and line.off_percent and product is not None:
            label = _with_sticker(line, product, book, taken, at, member)
        elif label is not None and line.off_percent:
            label = _reduced(label, line.off_percent)
        sold_by_weight = product is not None and product.sold_by_weight
        items.append(
            Item(
                line.line_id,
                gtin,
                1 if sold_by_weight else quantity,
                taken,
                weight_g=line.grams if sold_by_weight else None,
                label_minor=label,
            )
        )
    return items


def priced(
    trip: Trip,
    till: Till,
    store: Store,
    at: dt.datetime,
    *,
    member: bool = False,
    remaining: Mapping[str, int] | None = None,
    hints: bool = False,
) -> PricedBasket:
    """The trip's price; every line and coupon must be right. Raises PricingError for the first that is not.

    `at` (with a time zone) is the end of the trip, or now. `remaining` is how often promotions with limits may still be
    applied (see `commerce.pricing.basket.Basket`).
    """
    items = basket_items(trip, store, till.book, at, member=member)
    basket = Basket(tuple(items), at, member, frozenset(trip.coupons), dict(remaining or {}))
    return till.price(basket, hints=hints)


def trip_price(
    trip: Trip,
    till: Till,
    store: Store,
    at: dt.datetime,
    *,
    member: bool = False,
    remaining: Mapping[str, int] | None = None,
    hints: bool = True,
) -> TripPrice:
    """The trip's price as far as it can be had: a line without a price or weight and a coupon of no use are told.

    For the screen, which never stays empty because of one line.
    """
    items = basket_items(trip, store, till.book, at, member=member)
    coupons = set(trip.coupons)
    unpriced: dict[str, PricingError] = {}
    refused: dict[str, PricingError] = {}
    while True:
        basket = Basket(tuple(items), at, member, frozenset(coupons), dict(remaining or {}))
        try:
            return TripPrice(till.price(basket, hints=hints), unpriced, refused)
        except (CouponUnknownError, CouponExpiredError) as error:
            code = error.where.removeprefix("coupon ")
            refused[code] = error
            coupons.discard(code)
        except PricingError as error:
            line_id = error.where.removeprefix("line ")
            kept = [item for item in items if item.line_id != line_id]
            if len(kept) == len(items):
                raise  # it is about no line: nothing that leaving one out would mend
            unpriced[line_id] = error
            items = kept


def _with_sticker(
    line: TripLine, product: Product, book: PriceBook, taken: dt.datetime, at: dt.datetime, member: bool
) -> int | None:
    """What the sticker leaves of the price: of one piece, or of the whole of a weighed line. None without a price."""
    ask = (book.shelf, book.member) if member else (book.shelf,)
    prices = [price for asked in ask for when in (taken, at) if (price := asked(product.gtin, when)) is not None]
    if not prices or (product.sold_by_weight and line.grams is None):
        return None
    best = weighed(min(prices), line.grams or 0) if product.sold_by_weight else min(prices)
    return _reduced(best, line.off_percent or _NO_SHARE)


def _reduced(minor: int, percent: Decimal) -> int:
    """An amount less a sticker's per cent, rounded once; a sticker never raises a price nor makes it negative."""
    left = 1 - min(max(Fraction(percent) / 100, Fraction(0)), Fraction(1))
    return rounded(minor * left)
