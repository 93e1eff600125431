"""What each line costs before any promotion: the checks of a basket, the price when taken, later and for members."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.errors import (
    DuplicateLineError,
    PriceMissingError,
    QuantityError,
    TimeZoneMissingError,
    UnknownProductError,
    WeightError,
)
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.reductions import weighed
from aisle.store.model import Product

MOST_UNITS = 999
MOST_GRAMS = 100_000
MOST_MINOR = 100_000_000


@dataclass(frozen=True, slots=True)
class Tagged:
    """A line and its prices in minor units.

    `unit_minor` is the shelf price when taken, per unit or per kilogram. The others are for one unit, or for the whole
    of a weighed line: `regular_minor` at that price, `later_minor` at the shelf price of the end where that is lower,
    `price_minor` what the customer pays before promotions.
    """

    item: Item
    product: Product
    unit_minor: int
    regular_minor: int
    later_minor: int
    price_minor: int

    @property
    def count(self) -> int:
        """Units that promotions see; a weighed line is one."""
        return self.item.quantity

    @property
    def grams(self) -> int:
        """The net weight of a weighed line, -1 for goods that are counted."""
        return (self.item.weight_g or 0) if self.product.sold_by_weight else -1


def tag(basket: Basket, products: Mapping[str, Product], book: PriceBook) -> list[Tagged]:
    """All lines with their prices. Raises a PricingError for the first thing that is not right."""
    _zoned("the basket's time", basket.at)
    seen: set[str] = set()
    out = []
    for item in basket.items:
        where = f"line {item.line_id}"
        if item.line_id in seen:
            raise DuplicateLineError(where, "a second line of that name", "every line to have a name of its own")
        seen.add(item.line_id)
        product = products.get(item.gtin)
        if product is None:
            raise UnknownProductError(where, f"the product code {item.gtin!r}", "a product of this shop")
        _zoned(where, item.taken_at)
        _check_amount(where, item, product)
        out.append(_tagged(where, item, product, basket, book))
    return out


def _tagged(where: str, item: Item, product: Product, basket: Basket, book: PriceBook) -> Tagged:
    if item.label_minor is not None:
        if not 0 <= item.label_minor <= MOST_MINOR:
            raise PriceMissingError(where, f"a price label of {item.label_minor}", f"0 to {MOST_MINOR} minor units")
        return Tagged(item, product, *([item.label_minor] * 4))
    taken = book.shelf(item.gtin, item.taken_at)
    if taken is None:
        raise PriceMissingError(where, f"no price of {item.gtin} at {item.taken_at.isoformat()}", "a price in force")
    now = book.shelf(item.gtin, basket.at)
    later = taken if now is None else min(taken, now)
    member = (book.member(item.gtin, item.taken_at), book.member(item.gtin, basket.at)) if basket.member else ()
    price = min((later, *(minor for minor in member if minor is not None)))
    if not product.sold_by_weight:
        return Tagged(item, product, taken, taken, later, price)
    grams = item.weight_g or 0
    return Tagged(item, product, taken, weighed(taken, grams), weighed(later, grams), weighed(price, grams))


def _zoned(where: str, moment: dt.datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise TimeZoneMissingError(where, f"the time {moment.isoformat()} without a zone", "a time with its zone")


def _check_amount(where: str, item: Item, product: Product) -> None:
    if not 1 <= item.quantity <= MOST_UNITS:
        raise QuantityError(where, f"a quantity of {item.quantity}", f"1 to {MOST_UNITS}")
    if not product.sold_by_weight:
        return
    if item.quantity != 1:
        raise QuantityError(where, f"a quantity of {item.quantity} of goods sold by weight", "1 for each weighing")
    if item.weight_g is None and item.label_minor is None:
        raise WeightError(where, f"no weight of {item.gtin}, which is sold by weight", "its net weight in grams")
    if item.weight_g is not None and not 1 <= item.weight_g <= MOST_GRAMS:
        raise WeightError(where, f"a weight of {item.weight_g} g", f"1 to {MOST_GRAMS} g")
