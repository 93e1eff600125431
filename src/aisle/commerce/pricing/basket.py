"""What is to be priced: goods with the moment they were taken, for whom, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a basket.

    `line_id` is the caller's name for the line and comes back in the priced basket. `quantity` counts units; goods sold
    by weight have quantity 1 and `weight_g`, the net weight after tare. `taken_at` (with a time zone) is when the goods
    were taken: the price of that moment counts, or the one at the end of the visit where that is lower.
    `label_minor` is a price read off the goods themselves (price-embedded codes), which then is the shelf price.
    """

    line_id: str
    gtin: str
    quantity: int
    taken_at: dt.datetime
    weight_g: int | None = None
    label_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """The goods, and everything else a price depends on.

    `at` (with a time zone) is the end of the visit, or now for a live basket. `member`: a known customer. `coupons` are
    the codes presented. `remaining` holds, for promotions with customer or campaign limits, how often each may still be
    applied (promotion id -> count), as the visit's records say; promotions not named there are limited by `Limits`
    alone.
    """

    items: tuple[Item, ...]
    at: dt.datetime
    member: bool = False
    coupons: frozenset[str] = frozenset()
    remaining: dict[str, int] = field(default_factory=dict)
