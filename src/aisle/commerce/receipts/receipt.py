"""What a receipt says, before anybody lays it out."""

from __future__ import annotations

import msgspec

from aisle.commerce.pricing.priced import PricedBasket


class Payment(msgspec.Struct, frozen=True):
    """One payment or refund: card brand and last four digits, the amount (minor units; refunds negative), Unix ns."""

    brand: str
    last4: str
    minor: int
    at_ns: int


class Refunded(msgspec.Struct, frozen=True):
    """Units of a line given back: how many, how much (minor units, tax and deposit included), when (Unix ns)."""

    line_id: str
    quantity: int
    minor: int
    at_ns: int


class Receipt(msgspec.Struct, frozen=True):
    """A visit's receipt.

    `status`: "final" when settled; "pending" while a line waits for a person, then `waiting` names those lines and
    nothing was charged yet; "corrected" after refunds; "owed" when the card did not pay.
    `probabilities` says how sure each line was (line id -> 0..1). Times are Unix nanoseconds.
    """

    visit_id: str
    number: str
    store: str
    time_zone: str
    status: str
    entered_at_ns: int
    left_at_ns: int
    priced: PricedBasket
    probabilities: dict[str, float] = {}
    waiting: tuple[str, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refunded, ...] = ()
    dispute_url: str = ""
    pay_url: str = ""
    version: int = 1
