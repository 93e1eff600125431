"""The lane: a cart is recognised, and within moments it may go, is asked one question, or a person comes.

`decide` is pure: the trip, its price, the payer's history. `Lane` is the shop's side of it: it prices with the shop's
own till, knows the history, keeps every decision, and merges the purchase. Goods only a person may let go (age,
security tags, what the shop wants looked at) are named, so that staff know what to look for before they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from aisle.cart.audit import Audit, AuditPolicy, Case, Outcome, Piece, audit
from aisle.cart.audit_book import AuditBook, AuditReport, CheckResult, LaneRecord
from aisle.cart.book import PurchaseBook
from aisle.cart.doubts import Worth
from aisle.cart.lane_reader import LaneReaders
from aisle.cart.merge import Merged, Merger
from aisle.cart.purchase import CartPurchase, Payer, basket_of, honoured, priced_as_far, purchase_of
from aisle.cart.trip import Trip
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.till import Till
from aisle.store.model import Product
from aisle.visits import bounds
from aisle.visits.closing import remaining
from aisle.visits.customers import Customer, debts_of
from aisle.visits.desk import Desk
from aisle.visits.errors import BasketInvalidError, UnknownCustomerError
from aisle.visits.journal import MessageId
from aisle.visits.model import Visit
from aisle.visits.outbox import Outbox

Decided = Literal["green", "question", "check", "person"]
Duty = Literal["age", "tag", "verify", "help", "counter"]
_MOST_LINES, _MOST_PIECES, _MOST_PROMPTS = 500, 5_000, 2_000


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """What the shop has decided about its lanes.

    `offline`: while the shop cannot be reached a cart is trusted up to `offline_limit_minor` ("trust"), or waits.
    """

    audit: AuditPolicy = field(default_factory=AuditPolicy)
    offline: Literal["trust", "wait"] = "trust"
    offline_limit_minor: int = 5_000


class Named(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something only a person may let go, by name: `duty` is what the person does."""

    duty: Duty
    gtin: str = ""
    name: str = ""
    line_id: str = ""
    minimum_age: int = 0


class LaneDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happens with a trip at the lane.

    "green": pay and go. "question": put the prompt `prompt_id`, and ask again. "check": a person looks, at `pieces`.
    "person": a person confirms what `persons` names; these may stand beside a question or check too. `total_minor` is
    what will be charged, `unpriced` lines that have no price and what is wrong with them, `reasons` are for staff.
    """

    trip_id: str
    decided: Decided
    total_minor: int
    currency: str
    decided_ns: int
    persons: tuple[Named, ...] = ()
    prompt_id: str | None = None
    check: str | None = None
    pieces: tuple[Piece, ...] = ()
    reasons: tuple[str, ...] = ()
    risk_minor: int = 0
    unpriced: dict[str, str] = {}
    owes: bool = False


class LaneRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cart at a lane: its trip as it stands, who pays, and what its lines cost when they were taken."""

    lane_id: str
    trip: Trip
    payer: Payer = Payer()
    scanned_minor: dict[str, int] = {}


class Shopper(msgspec.Struct, frozen=True):
    """Who signed in on a cart, as far as the cart needs to know."""

    customer_id: str
    name: str
    member: bool
    locale: str
    card: bool
    owes: bool


def decide(case: Case, policy: AuditPolicy, secret: bytes) -> tuple[Audit, Decided, tuple[Named, ...]]:
    """What happens with a trip: the audit's word, what a person must confirm, and both together. Pure."""
    said, persons = audit(case, policy, secret), persons_for(case.trip, case.worth)
    outcomes: dict[Outcome, Decided] = {"question": "question", "check": "check"}
    return said, outcomes.get(said.outcome, "person" if persons else "green"), persons


def persons_for(trip: Trip, worth: Worth) -> tuple[Named, ...]:
    """What only a person may let go, by name, as far as no person has yet: the trip's flags say which."""
    found = [Named("help")] if "help" in trip.flags else []
    for line in trip.lines:
        product = worth.product(line.gtin)
        for duty in _duties(product) if product is not None else ():
            flag = "verify" if duty == "counter" else duty
            if product is not None and flag in trip.flags:
                found.append(Named(duty, product.gtin, product.name, line.line_id, product.minimum_age))
    named = {"verify" if one.duty == "counter" else one.duty for one in found}
    found += [Named(duty) for duty in _UNNAMED if duty in trip.flags - named]
    return tuple(found)


_UNNAMED: tuple[Duty, ...] = ("age", "tag", "verify")


def _duties(product: Product) -> tuple[Duty, ...]:
    attributes = product.cart
    wanted: dict[Duty, bool] = {
        "age": product.minimum_age > 0,
        "tag": attributes.security_tag,
        "verify": attributes.forced_verification,
        "counter": not attributes.available,
    }
    return tuple(duty for duty, holds in wanted.items() if holds)


class Lane:
    """The shop's side of all its lanes. Thread-safe."""

    def __init__(self, desk: Desk, outbox: Outbox, till: Till, policy: LanePolicy, secret: bytes) -> None:
        self.policy = policy
        self.book = PurchaseBook(desk.database)
        self.audits = AuditBook(desk.database, policy.audit)
        self.readers = LaneReaders(desk.clock)
        self.merger = Merger(desk, outbox, till, self.book)
        self._desk, self._till, self._secret = desk, till, secret
        self._worth = Worth(till.store, till.book)

    def sign_in(self, code: str, shown_ns: int, *, message: MessageId | None = None) -> Shopper:
        """Who shows this code to a cart. Raises CodeForged, CodeExpired, CodeReplayed, UnknownCustomer errors."""
        return self._shopper(self._desk.redeem_code(code, shown_ns, message=message))

    def decide(self, asked: LaneRequest) -> LaneDecision:
        """What happens with a trip now; kept with its reasons. Raises what a trip that cannot be is refused with."""
        trip, now_ns = asked.trip, self._desk.clock()
        _check_trip(trip)
        customer = self._customer(asked.payer)
        priced, unpriced = self._priced(asked, customer)
        payer = customer.payer if customer is not None else ""
        questions, checked = self.audits.of_trip(trip.trip_id)
        case = Case(trip, priced, self.audits.history(payer, trip.trip_id), self._worth, questions, checked)
        said, decided, persons = decide(case, self.policy.audit, self._secret)
        if unpriced and decided in ("green", "question"):
            decided = "check"
        duties = tuple(f"{named.duty} {named.name}".strip() for named in persons)
        pieces = sum(line.quantity for line in trip.lines)
        self.audits.decided(
            LaneRecord(trip.trip_id, trip.cart_id, payer, now_ns, said, priced.total_minor, pieces, duties)
        )
        return LaneDecision(
            trip_id=trip.trip_id,
            decided=decided,
            total_minor=priced.total_minor,
            currency=priced.currency,
            decided_ns=now_ns,
            persons=persons,
            prompt_id=said.prompt_id if decided == "question" else None,
            check=(said.check or "sight") if decided == "check" else None,
            pieces=said.pieces,
            reasons=tuple(f"{reason.rule}: {reason.why}" for reason in said.reasons),
            risk_minor=said.stake_minor,
            unpriced=dict(unpriced),
            owes=bool(payer) and bool(debts_of(self._desk.read, payer)),
        )

    def checked(self, result: CheckResult) -> bool:
        """What a person found; the cart then asks again. False when it was told before."""
        for what, name in (("check", result.check_id), ("trip", result.trip_id)):
            bounds.check_id(what, name)
        return self.audits.found(result)

    def merge(self, purchase: CartPurchase) -> Merged:
        """The purchase becomes a paid visit, once. See `cart.merge`."""
        return self.merger.merge(purchase)

    def report(self, since_ns: int, until_ns: int) -> AuditReport:
        """What the lanes did between two moments."""
        return self.audits.report(since_ns, until_ns)

    def _customer(self, payer: Payer) -> Customer | None:
        if not payer.customer_id:
            return None
        with suppress(UnknownCustomerError):
            return self._desk.customer(payer.customer_id)
        return None

    def _shopper(self, customer: Customer) -> Shopper:
        owes = bool(debts_of(self._desk.read, customer.payer))
        return Shopper(
            customer.customer_id, customer.name, customer.member, customer.locale, customer.card is not None, owes
        )

    def _priced(self, asked: LaneRequest, customer: Customer | None) -> tuple[PricedBasket, Mapping[str, str]]:
        """What will be charged, as the merge will: by the shop's prices, or those at the scan where they are lower."""
        store, book, now_ns = self._till.store, self._till.book, self._desk.clock()
        member = customer is not None and customer.member
        left = remaining(store, self._desk.read, Visit("", customer_id=customer.customer_id if customer else None))
        sold = purchase_of(asked.trip, store, book, asked.payer, now_ns, member=member)
        lines = honoured(sold.lines, asked.scanned_minor, store, book, now_ns, member=member)
        coupons = frozenset(asked.trip.coupons)
        basket = basket_of(lines, store, now_ns, member=member, coupons=coupons, remaining=left)
        return priced_as_far(self._till, basket)


def _check_trip(trip: Trip) -> None:
    bounds.check_id("trip", trip.trip_id)
    bounds.check_id("cart", trip.cart_id)
    pieces = sum(max(0, line.quantity) for line in trip.lines)
    bad = any(line.quantity < 0 or not 0.0 <= line.probability <= 1.0 for line in trip.lines)
    large = len(trip.lines) > _MOST_LINES or pieces > _MOST_PIECES or len(trip.prompts) > _MOST_PROMPTS
    if bad or large:
        raise BasketInvalidError(
            f"trip {trip.trip_id}: no cart holds that", found=f"{len(trip.lines)} lines, {pieces} pieces",
            expected=f"at most {_MOST_LINES} lines, {_MOST_PIECES} pieces, odds from 0 to 1",
        )  # fmt: skip
