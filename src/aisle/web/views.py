"""What outsiders see of a visit and the things around it: everything that matters, and no token of a card."""

from __future__ import annotations

from typing import Any

import msgspec

from aisle.visits.customers import Customer, Debt
from aisle.visits.model import Review, State, Visit, VisitDispute
from aisle.visits.outbox import OutboxRow


class VisitView(msgspec.Struct, frozen=True):
    """A visit. Amounts are minor units of `currency`, times Unix nanoseconds."""

    visit_id: str
    state: State
    revision: int
    way: str
    gate_id: str
    currency: str
    customer_id: str | None
    staff: bool
    members: int
    tracks: tuple[str, ...]
    tailgates: tuple[str, ...]
    entered_at_ns: int
    left_at_ns: int | None
    settled_at_ns: int | None
    probability: float
    risk_minor: int
    total_minor: int
    paid_minor: int
    refunded_minor: int
    owed_minor: int
    review: Review | None
    disputes: tuple[VisitDispute, ...]
    refusal: str


def visit_view(visit: Visit) -> VisitView:
    """A visit for outsiders."""
    return VisitView(**{name: getattr(visit, name) for name in VisitView.__struct_fields__})


class CustomerView(msgspec.Struct, frozen=True):
    """A customer: how to reach them, what may be shown of the card, and what they owe."""

    customer_id: str
    name: str
    email: str
    locale: str
    member: bool
    card_brand: str
    card_last4: str
    owed_minor: int


def customer_view(customer: Customer, debts: tuple[Debt, ...]) -> CustomerView:
    """A customer for outsiders."""
    card = customer.card
    return CustomerView(
        customer.customer_id,
        customer.name,
        customer.email,
        customer.locale,
        customer.member,
        card.brand if card else "",
        card.last4 if card else "",
        sum(debt.minor for debt in debts),
    )


class Registered(msgspec.Struct, frozen=True):
    """A new customer, and the token with which their phone asks from now on."""

    customer: CustomerView
    token: str


class EntryCodeView(msgspec.Struct, frozen=True):
    """An entry code for the phone's screen: the text, the same as a QR picture (SVG), and when it lapses."""

    code: str
    svg: str
    expires_at_ns: int


class Revised(msgspec.Struct, frozen=True):
    """The visit's revision after a basket was taken."""

    revision: int


class ProductView(msgspec.Struct, frozen=True):
    """A product of the catalogue with its price now (None: not for sale)."""

    gtin: str
    name: str
    brand: str
    category: str
    price_minor: int | None
    member_minor: int | None
    currency: str
    deposit_minor: int
    sold_by_weight: bool
    minimum_age: int
    promotions: tuple[str, ...]


class PriceView(msgspec.Struct, frozen=True):
    """A dated price; times are ISO 8601 in the shop's time zone, None is open."""

    gtin: str
    price_minor: int
    member_minor: int | None
    starts: str | None
    ends: str | None


class PromotionView(msgspec.Struct, frozen=True):
    """An offer as announced; `benefit` in the words of promotions.toml, `gtins` the products it is for."""

    promotion_id: str
    name: str
    kind: str
    benefit: dict[str, Any]
    gtins: tuple[str, ...]
    starts: str | None
    ends: str | None
    members: bool
    coupon: bool
    running: bool


class GateView(msgspec.Struct, frozen=True):
    """A gate and the segment of the floor it is on (metres)."""

    gate_id: str
    kind: str
    a_m: tuple[float, float]
    b_m: tuple[float, float]


class DisputeView(msgspec.Struct, frozen=True):
    """A dispute with the visit it is about."""

    visit_id: str
    dispute: VisitDispute


class Taken(msgspec.Struct, frozen=True):
    """Whether something that came was news."""

    news: bool


class Health(msgspec.Struct, frozen=True):
    """Whether the shop works: "ok", or "attention" when effects wait for a person."""

    status: str
    store: str
    parked: int


class PurchaseCreated(msgspec.Struct, frozen=True, rename="camel"):
    """The ordering connector's answer."""

    purchase_id: str


class VisitPage(msgspec.Struct, frozen=True):
    """A page of visits; `next` is the cursor of the following one, None on the last."""

    items: tuple[VisitView, ...]
    next: str | None


class CustomerPage(msgspec.Struct, frozen=True):
    """A page of customers."""

    items: tuple[CustomerView, ...]
    next: str | None


class ProductPage(msgspec.Struct, frozen=True):
    """A page of the catalogue."""

    items: tuple[ProductView, ...]
    next: str | None


class PriceList(msgspec.Struct, frozen=True):
    """All dated prices."""

    items: tuple[PriceView, ...]


class PromotionList(msgspec.Struct, frozen=True):
    """All promotions."""

    items: tuple[PromotionView, ...]


class GateList(msgspec.Struct, frozen=True):
    """All gates."""

    items: tuple[GateView, ...]


class DisputeList(msgspec.Struct, frozen=True):
    """Disputes that wait for a person."""

    items: tuple[DisputeView, ...]


class OutboxList(msgspec.Struct, frozen=True):
    """Effects that wait for a person."""

    items: tuple[OutboxRow, ...]
