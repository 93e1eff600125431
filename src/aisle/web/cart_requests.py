"""What smart carts ask of the API: bodies checked field by field, in the shapes of `cart.trip` and `cart.purchase`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec
from fastapi import Path
from pydantic import Field, StringConstraints

from aisle.cart.audit import CheckKind
from aisle.cart.audit_book import CheckResult
from aisle.cart.lane import LaneRequest
from aisle.cart.purchase import CartPurchase
from aisle.cart.trip import Phase, PromptKind
from aisle.web.requests import Body, Gtin, Line, Minor, Moment, Name, Share, Text

T = TypeVar("T")
_CLEAN = r"^[^\x00-\x1f\x7f]*$"
Grams = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Short = Annotated[str, StringConstraints(max_length=64, pattern=_CLEAN)]
Code = Annotated[str, StringConstraints(max_length=500, pattern=_CLEAN)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f/]*$")]
CartId = Annotated[str, Path(min_length=1, max_length=64, pattern=_CLEAN)]
Pieces = Annotated[int, Field(ge=0, le=999)]
Prices = Annotated[dict[Name, Minor], Field(max_length=500)]
Coupons = Annotated[tuple[Short, ...], Field(max_length=99)]


class _Told(Body):
    """A body that says the same as one of the cart's own messages."""

    def _as(self, kind: type[T]) -> T:
        return msgspec.convert(self.model_dump(mode="json"), kind, strict=False)


class SigningIn(Body):
    """A phone's entry code, shown to a cart at a moment (now, without one)."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_CLEAN)]
    shown_ns: Moment | None = None


class Sighted(Body):
    """The lane a reader sees a cart at; empty: it has left."""

    lane_id: Short


class PayerBody(Body):
    """Who pays: a customer signed in, or a card's one-time token; or a code that the shop was not yet asked about."""

    customer_id: Short = ""
    card_token: Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)] = ""
    code: Code = ""
    shown_ns: Moment = 0


class ChoiceBody(Body):
    """One answer to a prompt."""

    code: Short
    quantity: Pieces = 1
    probability: Share = 0.0


class PromptBody(Body):
    """A prompt of a trip."""

    prompt_id: Name
    kind: PromptKind
    t_ns: Moment
    gtin: Gtin | None = None
    options: Annotated[tuple[ChoiceBody, ...], Field(max_length=50)] = ()
    grams: Grams | None = None
    cleared_ns: Moment | None = None
    answer: Code | None = None
    detail: Text = ""
    about_ns: Moment = 0


class TripLineBody(Body):
    """One product in a cart's basket."""

    line_id: Name
    gtin: Gtin
    quantity: Pieces
    probability: Share
    taken_at_ns: Moment
    grams: Annotated[int, Field(ge=0, le=10**6)] | None = None
    label_minor: Minor | None = None
    off_percent: Annotated[Decimal, Field(ge=0, le=100, max_digits=7)] | None = None
    proven_quantity: Pieces | None = None
    by_sight: bool = False


class TripBody(Body):
    """A trip as it stands."""

    trip_id: Id
    cart_id: Id
    phase: Phase
    started_ns: Moment
    t_ns: Moment
    lines: Annotated[tuple[TripLineBody, ...], Field(max_length=500)] = ()
    prompts: Annotated[tuple[PromptBody, ...], Field(max_length=2_000)] = ()
    probability: Share = 1.0
    unexplained_g: Grams = 0.0
    weight_g: Grams = 0.0
    coupons: Coupons = ()
    faults: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    flags: Annotated[tuple[Short, ...], Field(max_length=20)] = ()


class LaneAsking(_Told):
    """A cart at a lane; `scanned_minor` is what each line's product cost when it was taken, by the cart's catalogue."""

    lane_id: Name
    trip: TripBody
    payer: PayerBody = PayerBody()
    scanned_minor: Prices = Field(default_factory=dict)

    def told(self) -> LaneRequest:
        """The same for the lane."""
        return self._as(LaneRequest)


class PromptLeftBody(Body):
    """A prompt nobody has cleared."""

    prompt_id: Name
    kind: PromptKind
    t_ns: Moment
    gtin: Gtin | None = None


class Purchasing(_Told):
    """One trip, whole; idempotent on `trip_id`. `attempt` counts the cards tried; `trusted`: the goods are outside."""

    trip_id: Id
    cart_id: Id
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    started_ns: Moment
    ended_ns: Moment
    payer: PayerBody
    lines: Annotated[tuple[Line, ...], Field(max_length=500)]
    attempt: Annotated[int, Field(ge=0, le=9_999)] = 0
    scanned_minor: Prices = Field(default_factory=dict)
    coupons: Coupons = ()
    probability: Share = 1.0
    risk_minor: Minor = 0
    prompts: Annotated[tuple[PromptLeftBody, ...], Field(max_length=2_000)] = ()
    sealed: Short = "green"
    reasons: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    trusted: bool = False
    catalogue: Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9a-f]*$")] = ""
    journal_records: Annotated[int, Field(ge=0, le=2**31)] = 0
    journal_sha256: Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9a-f]*$")] = ""

    def told(self) -> CartPurchase:
        """The same for the merge."""
        return self._as(CartPurchase)


class DifferenceBody(Body):
    """A product of which another number was in the basket than on the receipt."""

    gtin: Gtin
    booked: Pieces
    found: Pieces


class Checking(_Told):
    """What a person found at a check; `basket` is what is in the cart now, as corrected (GTIN -> pieces)."""

    check_id: Id
    trip_id: Id
    by: Name
    kind: CheckKind
    began_ns: Moment
    ended_ns: Moment
    basket: Annotated[dict[Gtin, Pieces], Field(max_length=500)]
    differences: Annotated[tuple[DifferenceBody, ...], Field(max_length=500)] = ()
    minor: Annotated[int, Field(ge=-(10**12), le=10**12)] = 0
    note: Text = ""

    def told(self) -> CheckResult:
        """The same for the audit's book."""
        return self._as(CheckResult)
