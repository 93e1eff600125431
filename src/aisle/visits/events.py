"""The journal's entries: everything that can happen to a visit, in the words of the shop.

Entries are only ever appended. Whatever else is known of a visit follows from them. `at_ns` is the Unix time in
nanoseconds of the desk's clock or of the device that saw it happen. Entries that answer a call to the payment provider
carry the `key` of that call, so that the same answer is never counted twice.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from aisle.commerce.payments.port import Card
from aisle.commerce.pricing.priced import PricedBasket

Way = Literal["code", "card", "guest", "staff", "manual"]
How = Literal["gate", "guest", "tailgate", "reentry"]
Outcome = Literal["granted", "denied", "review"]
POLICY = "policy"  # who decided, when it was no person
StepKind = Literal["authorise", "increment", "capture", "cancel"]


def _tag(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


class Entry(msgspec.Struct, frozen=True, tag_field="kind", tag=_tag, omit_defaults=True):
    """What all entries share: when it happened."""

    at_ns: int


class BasketLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line as the core believes it.

    `probability` is how sure the line is; `proven_quantity` says that it is at least so many with the wanted certainty
    (None: all of it). `weight_g` is net, for goods sold by weight; `label_minor` a price read off the goods.
    """

    line_id: str
    gtin: str
    quantity: int
    probability: float
    taken_at_ns: int
    weight_g: int | None = None
    label_minor: int | None = None
    proven_quantity: int | None = None

    @property
    def proven(self) -> int:
        """How many are proven, at most the quantity."""
        return self.quantity if self.proven_quantity is None else max(0, min(self.quantity, self.proven_quantity))


class Entered(Entry, frozen=True):
    """Somebody is at the gate. `hold_minor` is to be held before it opens (0: it opens at once).

    `card` is the card on file, or `token` the one-time token of a card just presented. `host` is the visit whose party
    a guest with a receipt of their own belongs to. `apart`: this was shopped elsewhere, and nobody comes back into it.
    """

    visit_id: str
    way: Way
    gate_id: str
    currency: str
    customer_id: str | None = None
    host: str | None = None
    card: Card | None = None
    token: str = ""
    hold_minor: int = 0
    apart: bool = False


class Refused(Entry, frozen=True):
    """The gate stays shut. With `other` the person went on in that visit instead (re-entry, party)."""

    reason: str
    message: str
    other: str | None = None


class Held(Entry, frozen=True):
    """An amount is reserved, or a reservation was raised to `minor` in all. `card`: as the provider knows it now."""

    hold_id: str
    minor: int
    expires_at_ns: int | None = None
    card: Card | None = None
    key: str = ""


class HoldStale(Entry, frozen=True):
    """A hold lapses soon; another one is asked for before it does."""

    hold_id: str


class HoldLapsed(Entry, frozen=True):
    """The provider says that a hold is gone."""

    hold_id: str


class Released(Entry, frozen=True):
    """A hold that is not needed was cancelled."""

    hold_id: str
    key: str


class Joined(Entry, frozen=True):
    """One more person of the party came in; the host pays, there is one receipt."""

    gate_id: str


class TrackLinked(Entry, frozen=True):
    """A track on the floor belongs to this visit; `tailgate`: somebody slipped in behind, not yet a party."""

    track: str
    how: How


class TailgateResolved(Entry, frozen=True):
    """A person said whether somebody who slipped in belongs to the party."""

    track: str
    belongs: bool
    by: str


class BecameStaff(Entry, frozen=True):
    """The visitor turned out to work here: nothing is charged."""

    by: str


class BasketRevised(Entry, frozen=True):
    """What the core believes now, whole. `risk_minor` is the expected money at risk; `complete`: no more is coming."""

    source_revision: int
    lines: tuple[BasketLine, ...]
    probability: float
    risk_minor: int
    complete: bool


class CouponPresented(Entry, frozen=True):
    """A coupon's code; `promotions` are those it unlocks, each reserved once."""

    code: str
    promotions: tuple[str, ...] = ()


class Left(Entry, frozen=True):
    """One person of the visit is outside; None: nobody saw where, the policy's patience ended."""

    gate_id: str | None = None
    everybody: bool = False


class Returned(Entry, frozen=True):
    """Back in before the visit was priced: it goes on."""

    gate_id: str


class ReviewOpened(Entry, frozen=True):
    """A person is asked about these lines; without an answer by `due_at_ns` only what is proven is charged."""

    reason: str
    lines: tuple[str, ...]
    due_at_ns: int


class Answered(Entry, frozen=True):
    """What a person saw: these lines replace those of the same id (quantity 0: it was not taken)."""

    lines: tuple[BasketLine, ...]
    by: str
    note: str = ""


class Priced(Entry, frozen=True):
    """What is charged, fixed from here on and never computed again."""

    priced: PricedBasket


class Paid(Entry, frozen=True):
    """One hold was captured."""

    hold_id: str
    minor: int
    brand: str
    last4: str
    key: str = ""


class PaymentFailed(Entry, frozen=True):
    """The provider refused a step. `hold_id` is the hold meant, or the payment the customer may confirm."""

    code: str
    message: str
    decline_code: str = ""
    step: StepKind = "capture"
    hold_id: str = ""
    key: str = ""


class Owed(Entry, frozen=True):
    """The card did not pay: a debt, payable with `pay_token`; the next entry is refused until then."""

    minor: int
    pay_token: str


class PaymentTried(Entry, frozen=True):
    """The customer pays a debt with a card: one on file, or a one-time token."""

    card: Card | None = None
    token: str = ""


class DebtPaid(Entry, frozen=True):
    """The debt is gone."""

    minor: int
    hold_id: str


class Settled(Entry, frozen=True):
    """All is paid. Comes exactly once in a visit that ends well."""


class ReceiptSent(Entry, frozen=True):
    """A receipt was handed to the mail server."""

    version: int
    to: str


class RefundPart(msgspec.Struct, frozen=True):
    """What goes back to one captured hold."""

    hold_id: str
    minor: int


class Disputed(Entry, frozen=True):
    """Units of a line are asked back; `minor` is their share of the stored price."""

    dispute_id: str
    line_id: str
    quantity: int
    minor: int
    reason: str
    by: str


class DisputeDecided(Entry, frozen=True):
    """What was decided. With "granted", `refunds` says which captured hold gives how much."""

    dispute_id: str
    outcome: Outcome
    by: str
    why: str = ""
    refunds: tuple[RefundPart, ...] = ()


class Refunded(Entry, frozen=True):
    """Money went back; `parts` are (line, units, amount)."""

    dispute_id: str
    refund_id: str
    hold_id: str
    minor: int
    parts: tuple[tuple[str, int, int], ...]
    key: str = ""


class DisputeFound(Entry, frozen=True):
    """The truth came out later: was the customer right?"""

    dispute_id: str
    right: bool
    by: str


class Abandoned(Entry, frozen=True):
    """Nobody left and nothing is proven: the visit is closed without a charge."""

    reason: str


Event = (
    Entered
    | Refused
    | Held
    | HoldStale
    | HoldLapsed
    | Released
    | Joined
    | TrackLinked
    | TailgateResolved
    | BecameStaff
    | BasketRevised
    | CouponPresented
    | Left
    | Returned
    | ReviewOpened
    | Answered
    | Priced
    | Paid
    | PaymentFailed
    | Owed
    | PaymentTried
    | DebtPaid
    | Settled
    | ReceiptSent
    | Disputed
    | DisputeDecided
    | Refunded
    | DisputeFound
    | Abandoned
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def kind_of(event: Event) -> str:
    """The entry's name in the journal: "basket_revised"."""
    return _tag(type(event).__name__)


def encoded(event: Event) -> str:
    """The entry as JSON text."""
    return _encoder.encode(event).decode()


def decoded(text: str) -> Event:
    """The entry back from JSON text; msgspec.ValidationError when it is none."""
    return _decoder.decode(text)
