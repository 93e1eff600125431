"""What the shop sells for how much and when: the price book, promotions and taxes as plain data.

What they do to a basket is the business of `commerce.pricing`. Shares are `Decimal` (0.25 is 25 %), amounts integer
minor units of the store's currency, days and times of day those of the shop's time zone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec


@dataclass(frozen=True, slots=True)
class Price:
    """A shelf price valid from `starts` until before `ends` (None: open), local times of the shop without a zone.

    The price per unit; for goods sold by weight the price per kilogram. `member_minor` is what known customers pay.
    Of several prices valid at a moment the one that starts last counts (of two with one start, the later in the list);
    `Product.price_minor` counts where none is, unless that is 0: then the product has no price.
    """

    gtin: str
    price_minor: int
    member_minor: int | None = None
    starts: dt.datetime | None = None
    ends: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """Which products a promotion is for: named, or of a category or brand; all of them when nothing is named.

    `without` takes products out again, `without_categories` whole categories.
    """

    gtins: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    without_categories: frozenset[str] = frozenset()

    def hold(self, gtin: str, category: str, brand: str) -> bool:
        """Whether a product is among the goods."""
        if gtin in self.without or category in self.without_categories:
            return False
        named = self.gtins or self.categories or self.brands
        return not named or gtin in self.gtins or category in self.categories or brand in self.brands


class Percent(msgspec.Struct, frozen=True, tag_field="kind", tag="percent"):
    """Each unit (or weighed line) is reduced by a share, rounded once per unit, at most to nothing."""

    share: Decimal


class AmountOff(msgspec.Struct, frozen=True, tag_field="kind", tag="amount"):
    """Each unit is reduced by an amount (weighed lines: per kilogram), at most to nothing."""

    minor: int


class FixedPrice(msgspec.Struct, frozen=True, tag_field="kind", tag="fixed_price"):
    """Each unit costs this (weighed lines: per kilogram) where that is less.

    `from_g` asks for at least that net weight on a weighed line ("from 3 kg").
    """

    minor: int
    from_g: int = 0


class CountForPrice(msgspec.Struct, frozen=True, tag_field="kind", tag="count_for_price"):
    """Any `count` units of the goods together cost `minor`: n for a price, mix and match. Never raises a price."""

    count: int
    minor: int


class BuyGet(msgspec.Struct, frozen=True, tag_field="kind", tag="buy_get"):
    """Who buys `buy` units of the goods gets `get` more at `share` off (1: free).

    `get_goods` None: they come out of the same goods, and no reduced unit may be dearer than a bought one of its group.
    With `get_goods` the reduced units come out of those, whatever they cost.
    """

    buy: int
    get: int
    share: Decimal = Decimal(1)
    get_goods: Goods | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bundle: so many units out of these goods."""

    count: int
    goods: Goods


class Bundle(msgspec.Struct, frozen=True, tag_field="kind", tag="bundle"):
    """All parts together cost `minor` ("sandwich and a drink for 4.00"). Never raises a price.

    The goods are those of the parts; the promotion's own `goods` name nothing.
    """

    parts: tuple[Part, ...]
    minor: int


class Threshold(msgspec.Struct, frozen=True, tag_field="kind", tag="threshold"):
    """Who spends at least `spend_minor` on the goods gets `minor` or a `share` (exactly one is set) off the order.

    The base is what the goods cost after all reductions of their lines and before manufacturer coupons; deposits and
    fees never count. The reduction is shared out over the goods of the base by largest remainder.
    """

    spend_minor: int
    minor: int | None = None
    share: Decimal | None = None


Benefit = Percent | AmountOff | FixedPrice | CountForPrice | BuyGet | Bundle | Threshold


@dataclass(frozen=True, slots=True)
class Window:
    """When in the week a promotion runs: `days` (Monday is 0; empty: all) from `opens` until before `closes`.

    Local times of the shop. Without `opens` from midnight, without `closes` until midnight.
    """

    days: frozenset[int] = frozenset()
    opens: dt.time | None = None
    closes: dt.time | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a promotion may be applied (a multi-buy: once per group; others: once per unit). None: no limit."""

    visit: int | None = None
    customer: int | None = None
    campaign: int | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """An offer.

    `starts`/`ends` are days, both included, None for open. `members`: only for known customers. `coupon`: the code that
    must be presented (None: everybody gets it); `issuer` "manufacturer" makes a coupon like a means of payment where
    tax law asks for the full price. `group`/`combines`: two promotions may reduce the same unit only if each names the
    group of the other; a promotion without group shares its units with nobody. Order-level reductions (`Threshold`)
    come on top of line-level ones, and two of them combine only by the same rule. `exclusive`: alone in its basket.
    """

    promotion_id: str
    name: str
    benefit: Benefit
    goods: Goods = Goods()
    starts: dt.date | None = None
    ends: dt.date | None = None
    windows: tuple[Window, ...] = ()
    members: bool = False
    coupon: str | None = None
    issuer: Literal["shop", "manufacturer"] = "shop"
    limits: Limits = Limits()
    group: str = ""
    combines: frozenset[str] = frozenset()
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One tax on one category of goods: `authority` levies `share` from `starts` through `ends`.

    Several authorities may tax one category (state, county, city); their shares add up and are shown apart. Of several
    rates of one authority on one category that are valid on a day the one that starts last counts. A share of 0 is a
    tax category too: goods that are exempt.
    """

    category: str
    share: Decimal
    authority: str = ""
    starts: dt.date | None = None
    ends: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Taxes:
    """How the shop is taxed.

    `included`: prices hold the tax (value-added tax) or it comes on top (US sales tax). `rounding`: where a tax amount
    is rounded. `deposit_category` is the tax category of deposits, "" when they are not taxed; "goods" taxes a deposit
    like the goods it is on. `manufacturer_coupons_reduce` says whether a manufacturer's coupon lowers the taxed amount
    (in most US states it does not).
    """

    included: bool = True
    rates: tuple[TaxRate, ...] = ()
    rounding: Literal["line", "rate", "receipt"] = "rate"
    deposit_category: str = "goods"
    manufacturer_coupons_reduce: bool = False
