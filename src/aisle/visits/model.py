"""A visit as it stands after some journal entries: plain frozen data, small enough to keep beside the journal."""

from __future__ import annotations

from typing import Literal

import msgspec

from aisle.commerce.payments.port import Card
from aisle.commerce.pricing.priced import PricedBasket
from aisle.visits.events import BasketLine, Outcome, StepKind, Way

State = Literal[
    "new",
    "entered",
    "shopping",
    "left",
    "in_review",
    "settling",
    "owing",
    "settled",
    "disputed",
    "refunded",
    "abandoned",
    "refused",
]
OPEN: frozenset[State] = frozenset({"entered", "shopping", "left", "in_review"})
ENDED: frozenset[State] = frozenset({"settled", "disputed", "refunded", "abandoned", "refused"})
HoldState = Literal["held", "captured", "released", "lapsed", "refused"]


class VisitHold(msgspec.Struct, frozen=True):
    """A hold on a card as the journal knows it.

    `raisable` turns False once the provider refused to raise it, `stale` True when another hold is to take its place.
    A "refused" hold still binds the customer's money but cannot be captured: it has to be released.
    """

    hold_id: str
    minor: int
    status: HoldState = "held"
    captured_minor: int = 0
    made_at_ns: int = 0
    expires_at_ns: int | None = None
    raisable: bool = True
    stale: bool = False
    brand: str = ""
    last4: str = ""


class Step(msgspec.Struct, frozen=True):
    """What the payment provider was asked and has not yet answered; `key` is its idempotency key."""

    kind: StepKind
    key: str
    minor: int = 0
    hold_id: str = ""
    card: Card | None = None
    token: str = ""


class Review(msgspec.Struct, frozen=True):
    """A question to a person: why, about which lines, and until when."""

    reason: str
    lines: tuple[str, ...]
    due_at_ns: int


class Payment(msgspec.Struct, frozen=True):
    """A captured hold."""

    hold_id: str
    minor: int
    brand: str
    last4: str
    at_ns: int


class RefundDue(msgspec.Struct, frozen=True):
    """One refund that was decided: `key` towards the provider; `refund_id` is empty until it was made."""

    key: str
    hold_id: str
    minor: int
    refund_id: str = ""
    at_ns: int = 0


class VisitDispute(msgspec.Struct, frozen=True):
    """Units of a line asked back. `outcome` is empty until decided; `right` is the truth, once a person found it.

    `instant`: no person decided.
    """

    dispute_id: str
    line_id: str
    quantity: int
    minor: int
    reason: str
    by: str
    at_ns: int
    outcome: Outcome | Literal[""] = ""
    why: str = ""
    refunds: tuple[RefundDue, ...] = ()
    instant: bool = False
    right: bool | None = None

    @property
    def open(self) -> bool:
        """Whether a decision or a refund is still to come."""
        return self.outcome in ("", "review") or any(not refund.refund_id for refund in self.refunds)


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the journal says about one visit, folded.

    `revision` counts its journal entries, `source_revision` is the core's number of the basket. `members` of a party
    came in and `gone` of them are outside. `apart`: shopped elsewhere, nobody joins it or comes back into it. `step` is
    the call to the payment provider that is under way.
    """

    visit_id: str
    state: State = "new"
    revision: int = 0
    way: Way = "manual"
    gate_id: str = ""
    currency: str = ""
    customer_id: str | None = None
    host: str | None = None
    card: Card | None = None
    token: str = ""
    hold_minor: int = 0
    staff: bool = False
    apart: bool = False
    entered_at_ns: int = 0
    left_at_ns: int | None = None
    changed_at_ns: int = 0
    settled_at_ns: int | None = None
    refusal: str = ""
    refusal_message: str = ""
    other: str | None = None
    members: int = 1
    gone: int = 0
    tracks: tuple[str, ...] = ()
    tailgates: tuple[str, ...] = ()
    source_revision: int = -1
    lines: tuple[BasketLine, ...] = ()
    probability: float = 1.0
    risk_minor: int = 0
    complete: bool = False
    answers: tuple[BasketLine, ...] = ()
    coupons: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    review: Review | None = None
    priced: PricedBasket | None = None
    holds: tuple[VisitHold, ...] = ()
    step: Step | None = None
    declined: bool = False
    confirmable: str = ""
    failure: str = ""
    failure_message: str = ""
    payments: tuple[Payment, ...] = ()
    attempt: PaymentAttempt | None = None
    owed_minor: int = 0
    pay_token: str = ""
    disputes: tuple[VisitDispute, ...] = ()
    receipt_version: int = 0
    receipts_sent: tuple[int, ...] = ()

    @property
    def payer(self) -> str:
        """Who answers for the money: "customer:ID", else "card:FINGERPRINT", else nobody known ("")."""
        if self.customer_id is not None:
            return f"customer:{self.customer_id}"
        return f"card:{self.card.fingerprint}" if self.card is not None and self.card.fingerprint else ""

    @property
    def paid_minor(self) -> int:
        """What was captured in all."""
        return sum(payment.minor for payment in self.payments)

    @property
    def total_minor(self) -> int:
        """What is charged; 0 before it is priced."""
        return self.priced.total_minor if self.priced is not None else 0

    @property
    def due_minor(self) -> int:
        """What is priced and not yet paid."""
        return self.total_minor - self.paid_minor

    @property
    def refunded_minor(self) -> int:
        """What was given back in all."""
        return sum(refund.minor for dispute in self.disputes for refund in dispute.refunds if refund.refund_id)

    @property
    def basket(self) -> tuple[BasketLine, ...]:
        """The lines as believed, people's answers in place of the core's; lines answered away are gone."""
        answered = {line.line_id: line for line in self.answers}
        known = {line.line_id for line in self.lines}
        lines = [answered.get(line.line_id, line) for line in self.lines]
        lines += [line for line in self.answers if line.line_id not in known]
        return tuple(line for line in lines if line.quantity > 0)

    def hold(self, hold_id: str) -> VisitHold | None:
        """The hold of that id, None when this visit has none such."""
        return next((hold for hold in self.holds if hold.hold_id == hold_id), None)

    def dispute(self, dispute_id: str) -> VisitDispute | None:
        """The dispute of that id, None when this visit has none such."""
        return next((dispute for dispute in self.disputes if dispute.dispute_id == dispute_id), None)


class PaymentAttempt(msgspec.Struct, frozen=True):
    """With what a debt is being paid just now: a card on file or a one-time token."""

    card: Card | None = None
    token: str = ""
