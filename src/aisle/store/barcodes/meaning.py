"""The kinds of thing a code can say, as small frozen values: what a cart does next depends on nothing else.

`items` are the codes under which the shop's files may keep the product, the likeliest first.  Weights are exact
decimals of grams, money whole minor units of the shop's currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Details:
    """What a code says beside the product: batch, serial number, dates, and how many pieces are inside."""

    lot: str | None = None
    serial: str | None = None
    best_before: date | None = None
    use_by: date | None = None
    pieces: int | None = None


PLAIN = Details()


@dataclass(frozen=True, slots=True)
class ProductCode:
    """One piece of a product, or (`plu`) a kind of loose produce to be weighed or counted.

    `gtin` is the code as the shop's files write it where they know it (`known`), else in its usual length.
    """

    gtin: str
    known: bool
    plu: bool = False
    organic: bool = False
    details: Details = PLAIN


@dataclass(frozen=True, slots=True)
class MeasureCode:
    """A packed piece whose code says how much is inside: `grams` or `count`, and perhaps what it costs."""

    items: tuple[str, ...]
    grams: Decimal | None = None
    count: int | None = None
    price_minor: int | None = None
    known: str | None = None
    details: Details = PLAIN


@dataclass(frozen=True, slots=True)
class PriceCode:
    """A packed piece whose code says what it costs, not how heavy it is."""

    items: tuple[str, ...]
    price_minor: int
    known: str | None = None
    details: Details = PLAIN


class CouponKind(StrEnum):
    """Whose coupon it is, and so where its terms are found."""

    US_5 = "us-5"  # UPC-A of number system 5: company, family and value code; succeeded by 8110
    US_8110 = "us-8110"  # North American coupon with its terms inside
    US_8112 = "us-8112"  # paperless: the terms are in a positive-offer file
    EAN_99 = "ean-99"  # coupon of the country's own scheme
    CURRENCY = "currency"  # 981-984: coupon of a common currency area
    REFUND = "refund"  # 980: refund receipt, such as for returned bottles
    GCN = "gcn"  # global coupon number, AI 255


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must be bought: `amount` in the unit `unit` says, of the family of a company's products."""

    company: str
    family: str
    amount: int
    unit: str  # "pieces", "minor" (money of these items), "minor-total" (of everything), "lb/100", "g", "none"


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """The terms inside a North American coupon (AI 8110): `saves` of the unit `saves_unit` when `requires` is bought.

    `joined` says how the requirements belong together: "any", "all", "first-and-another" or "first".
    """

    company: str
    offer: str
    saves: int
    saves_unit: str  # "minor", "free-item-up-to-minor", "free-items", "percent", "minor-of-total"
    requires: tuple[Requirement, ...]
    joined: str = "first"
    starts: date | None = None
    expires: date | None = None
    serial: str | None = None
    retailer: str | None = None
    applies_to: int = 0  # which requirement's item the saving is on
    store_coupon: bool = False
    multiply: bool = True


@dataclass(frozen=True, slots=True)
class CouponCode:
    """A coupon: never a product, whatever its digits look like."""

    kind: CouponKind
    number: str
    value_code: str | None = None
    price_minor: int | None = None
    terms: CouponTerms | None = None


@dataclass(frozen=True, slots=True)
class StickerCode:
    """A clearance sticker: the price goes down by `percent`, or becomes `price_minor`.

    Without `items` it says nothing of the product and belongs to the piece scanned with it.
    """

    sticker: str
    items: tuple[str, ...] = ()
    percent: Decimal | None = None
    price_minor: int | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """Nothing this shop can use; `reason` says why in words for staff."""

    text: str
    reason: str = field(default="the code is not one this shop knows")


Meaning = ProductCode | MeasureCode | PriceCode | CouponCode | StickerCode | UnknownCode
