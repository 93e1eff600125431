"""The result of pricing: lines, savings, deposits, tax and the total, all stored so that nothing is ever recomputed.

Invariants, checked by property tests: every line's `paid_minor` is its `regular_minor` less its savings and never
negative; `total_minor` is the sum of what the lines and deposits cost, plus tax where prices do not hold it, less
manufacturer coupons; the taxes are those of the lines and deposits. A priced basket is journalled as it is.
"""

from __future__ import annotations

import msgspec


class Saving(msgspec.Struct, frozen=True):
    """A reduction of one line: which promotion, under which name, by how much (> 0, minor units).

    `kind`: "line" for a promotion on goods, "order" for a share of an order-level one, "member" for a member price,
    "later" for a price that fell between taking and leaving (both without a promotion), "manufacturer" for a maker's
    coupon.
    """

    promotion_id: str
    name: str
    kind: str
    minor: int


class PricedLine(msgspec.Struct, frozen=True):
    """One line as it stands on the receipt.

    `unit_minor` is the shelf price per unit (per kilogram for weighed goods) when the goods were taken; `regular_minor`
    the line at that price; `paid_minor` what is due for it after `savings`. `tax_minor` is the tax in it (included) or
    on it, summed over the authorities. `deposit_minor` is the deposit of all units, which no saving touches, and
    `deposit_tax_minor` the tax in or on that. `tenders` are manufacturer coupons that pay part of the line like a means
    of payment (kind "manufacturer"): they lower neither `paid_minor` nor the tax, and add up to the basket's tender.
    """

    line_id: str
    gtin: str
    name: str
    quantity: int
    unit_minor: int
    regular_minor: int
    paid_minor: int
    savings: tuple[Saving, ...] = ()
    tax_category: str = ""
    tax_minor: int = 0
    deposit_minor: int = 0
    deposit_tax_minor: int = 0
    weight_g: int | None = None
    tenders: tuple[Saving, ...] = ()


class TaxLine(msgspec.Struct, frozen=True):
    """The tax of one rate: `share` as decimal text, the taxed amount without tax, and the tax."""

    category: str
    authority: str
    share: str
    net_minor: int
    tax_minor: int


class Hint(msgspec.Struct, frozen=True):
    """What would save money: take `more` units of one of `gtins` and `saves_minor` come off (`free`: they cost
    nothing)."""

    promotion_id: str
    name: str
    more: int
    gtins: tuple[str, ...]
    saves_minor: int
    free: bool = False
    spend_minor: int = 0  # a threshold: so much more to spend


class PricedBasket(msgspec.Struct, frozen=True):
    """A basket's price.

    `total_minor` is what the customer pays; `saved_minor` all savings and tenders together; `tax_minor` all tax,
    included or on top. `uses` says how often each promotion was applied (for limits). `optimal` is False when the
    search for the best combination ran out of its allowance; then up to `gap_minor` more might have been saved.
    """

    currency: str
    lines: tuple[PricedLine, ...]
    total_minor: int
    saved_minor: int
    tax_minor: int
    tax_included: bool
    taxes: tuple[TaxLine, ...] = ()
    deposits_minor: int = 0
    tender_minor: int = 0  # manufacturer coupons that count like a means of payment
    uses: dict[str, int] = {}
    hints: tuple[Hint, ...] = ()
    optimal: bool = True
    gap_minor: int = 0
