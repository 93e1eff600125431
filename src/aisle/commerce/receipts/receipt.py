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
    `probabilities` says how sure each line was (line id -> 0..1), `checked` which lines a person has looked at.
    `waiting_names` gives the names of waiting lines that the price does not hold, `dropped` those of goods that were
    left out after looking again. `imprint` is the shop's address and tax number, printed at the foot.
    Times are Unix nanoseconds.
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
    checked: tuple[str, ...] = ()
    waiting_names: dict[str, str] = {}
    dropped: tuple[str, ...] = ()
    imprint: str = ""

    @property
    def came_back_minor(self) -> int:
        """What was given back so far: the negative payments, or the refunded lines where no payment says so yet."""
        moved = -sum(payment.minor for payment in self.payments if payment.minor < 0)
        return moved or sum(refund.minor for refund in self.refunds)

    @property
    def taken_minor(self) -> int:
        """What was captured from cards, refunds not subtracted."""
        return sum(payment.minor for payment in self.payments if payment.minor > 0)

    @property
    def due_minor(self) -> int:
        """What the visit costs in the end; while it is owed, what is still to be paid."""
        if self.status == "owed":
            return self.priced.total_minor - self.taken_minor
        return self.priced.total_minor - self.came_back_minor
