"""What can be asked of the desk: visits, live baskets, receipts, journals; nothing here changes anything."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Executable, Row, select, tuple_

from aisle.commerce.pricing.errors import PricingError
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.receipts.receipt import Payment, Receipt, Refunded
from aisle.visits import events as ev
from aisle.visits.bounds import is_id
from aisle.visits.closing import Shop, basket_of
from aisle.visits.database import Database
from aisle.visits.errors import TransitionError, UnknownVisitError
from aisle.visits.model import State, Visit
from aisle.visits.policy import SECOND_NS
from aisle.visits.projections import visit_from
from aisle.visits.tables import debts, disputes, journal, visits

_KEPT = 4096  # priced baskets remembered
_FRESH_NS = 30 * SECOND_NS  # a live price is computed anew after so long: prices change by the clock too


class LiveBasket(msgspec.Struct, frozen=True):
    """A visit's basket at a revision: its price (None with a `problem` when it has none) and how sure each line is."""

    visit_id: str
    revision: int
    state: State
    priced: PricedBasket | None
    probabilities: dict[str, float]
    probability: float
    complete: bool
    problem: str = ""


class JournalEntry(msgspec.Struct, frozen=True):
    """One entry with its place in the visit's journal."""

    revision: int
    event: ev.Event


def _nowhere(_of: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Links:
    """Where receipts point: the addresses of a visit's own receipt and of paying by a token; "": no link."""

    dispute: Callable[[str], str] = _nowhere
    pay: Callable[[str], str] = _nowhere


class Reader:
    """Answers questions about visits from the database."""

    def __init__(self, database: Database, shop: Shop, links: Links) -> None:
        self._database = database
        self._shop = shop
        self._links = links
        self._baskets: OrderedDict[str, tuple[int, LiveBasket]] = OrderedDict()
        self._lock = threading.Lock()

    def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        """The rows of a query, outside of any command."""
        with self._database.read() as connection:
            return connection.execute(statement).fetchall()

    def visit(self, visit_id: str) -> Visit:
        """The visit as it is now. Raises UnknownVisitError."""
        rows = self.fetch(select(visits.c.body).where(visits.c.visit_id == visit_id)) if is_id(visit_id) else ()
        if not rows:
            raise UnknownVisitError(f"there is no visit {visit_id!r}", found=visit_id, expected="a visit's id")
        return visit_from(rows[0].body)

    def page(
        self, *, before: tuple[int, str] | None, limit: int, state: State | None, customer_id: str | None = None
    ) -> tuple[Visit, ...]:
        """Visits, the latest first, from behind `before` (entered_at_ns, visit_id)."""
        statement = select(visits.c.body).order_by(visits.c.entered_at_ns.desc(), visits.c.visit_id.desc())
        if before is not None:
            statement = statement.where(tuple_(visits.c.entered_at_ns, visits.c.visit_id) < tuple_(*before))
        if state is not None:
            statement = statement.where(visits.c.state == state)
        if customer_id is not None:
            statement = statement.where(visits.c.customer_id == customer_id)
        return tuple(visit_from(row.body) for row in self.fetch(statement.limit(limit)))

    def journal(self, visit_id: str) -> tuple[JournalEntry, ...]:
        """All entries of a visit in their order. Raises UnknownVisitError."""
        statement = select(journal.c.revision, journal.c.body).where(journal.c.visit_id == visit_id)
        rows = self.fetch(statement.order_by(journal.c.revision)) if is_id(visit_id) else ()
        if not rows:
            raise UnknownVisitError(f"there is no visit {visit_id!r}", found=visit_id, expected="a visit's id")
        return tuple(JournalEntry(row.revision, ev.decoded(row.body)) for row in rows)

    def basket(self, visit_id: str) -> LiveBasket:
        """The live basket, priced; remembered for as long as the visit stays at its revision."""
        now_ns = self._shop.clock()
        rows = self.fetch(select(visits.c.revision).where(visits.c.visit_id == visit_id)) if is_id(visit_id) else ()
        known = self._baskets.get(visit_id)
        fresh = known is not None and now_ns < known[0] + _FRESH_NS
        if rows and known is not None and fresh and known[1].revision == rows[0].revision:
            return known[1]
        basket = self._live(self.visit(visit_id), now_ns)
        with self._lock:
            self._baskets[visit_id] = (now_ns, basket)
            self._baskets.move_to_end(visit_id)
            while len(self._baskets) > _KEPT:
                self._baskets.popitem(last=False)
        return basket

    def receipt(self, visit_id: str) -> Receipt:
        """The receipt as it stands. Raises TransitionError where there is none, or none yet."""
        visit = self.visit(visit_id)
        if visit.staff or visit.state in ("entered", "refused", "abandoned"):
            found = "staff" if visit.staff else visit.state
            raise TransitionError(f"visit {visit_id} has no receipt", found=found, expected="a shopper's visit")
        if visit.state == "shopping":
            raise TransitionError(
                f"visit {visit_id} goes on: its live basket shows what it comes to",
                found="shopping",
                expected="a visit that was left",
            )
        priced = visit.priced or self.basket(visit_id).priced
        if priced is None:
            priced = PricedBasket(visit.currency, (), 0, 0, 0, self._shop.store.taxes.included)
        return Receipt(
            visit_id=visit_id,
            number=visit_id,
            store=self._shop.store.name,
            time_zone=self._shop.store.time_zone,
            status=_status(visit),
            entered_at_ns=visit.entered_at_ns,
            left_at_ns=visit.left_at_ns if visit.left_at_ns is not None else visit.changed_at_ns,
            priced=priced,
            probabilities=_probabilities(visit),
            waiting=visit.review.lines if visit.review is not None and visit.state == "in_review" else (),
            waiting_names=self._waiting_names(visit),
            checked=tuple(line.line_id for line in visit.answers if line.quantity > 0),
            dropped=self._dropped(visit),
            payments=_payments(visit),
            refunds=tuple(
                Refunded(dispute.line_id, dispute.quantity, dispute.minor, dispute.refunds[0].at_ns)
                for dispute in visit.disputes
                if dispute.refunds and not dispute.open
            ),
            dispute_url=self._links.dispute(visit_id),
            pay_url=self._links.pay(visit.pay_token) if visit.state == "owing" else "",
            version=visit.receipt_version,
        )

    def _waiting_names(self, visit: Visit) -> dict[str, str]:
        waiting = visit.review.lines if visit.review is not None and visit.state == "in_review" else ()
        products = self._shop.store.products
        return {
            line.line_id: products[line.gtin].name
            for line in visit.basket
            if line.line_id in waiting and line.gtin in products
        }

    def _dropped(self, visit: Visit) -> tuple[str, ...]:
        """The names of goods the core believed in that a person, or the lack of proof, took off the receipt."""
        if visit.priced is None:
            return ()
        charged = {line.line_id for line in visit.priced.lines}
        gone = [line.gtin for line in visit.lines if line.line_id not in charged]
        return tuple(self._shop.store.products[gtin].name for gtin in gone if gtin in self._shop.store.products)

    def by_pay_token(self, pay_token: str) -> Visit:
        """The visit whose debt is paid by this link. Raises UnknownVisitError."""
        rows = self.fetch(select(debts.c.visit_id).where(debts.c.pay_token == pay_token)) if is_id(pay_token) else ()
        if not rows:
            raise UnknownVisitError("this link pays for no visit", found="an unknown link", expected="the one we sent")
        return self.visit(rows[0].visit_id)

    def by_dispute(self, dispute_id: str) -> Visit | None:
        """The visit a dispute is about, None when there is no such dispute."""
        known = is_id(dispute_id)
        rows = self.fetch(select(disputes.c.visit_id).where(disputes.c.dispute_id == dispute_id)) if known else ()
        return self.visit(rows[0].visit_id) if rows else None

    def _live(self, visit: Visit, now_ns: int) -> LiveBasket:
        priced, problem = visit.priced, ""
        if priced is None:
            try:
                priced = self._shop.price(basket_of(self._shop, self.fetch, visit, visit.basket, now_ns))
            except PricingError as error:
                problem = str(error)
        return LiveBasket(
            visit_id=visit.visit_id,
            revision=visit.revision,
            state=visit.state,
            priced=priced,
            probabilities=_probabilities(visit),
            probability=visit.probability,
            complete=visit.complete,
            problem=problem,
        )


def _status(visit: Visit) -> str:
    if visit.state == "owing":
        return "owed"
    if visit.refunded_minor > 0:
        return "corrected"
    return "final" if visit.state in ("settled", "disputed", "refunded") else "pending"


def _probabilities(visit: Visit) -> dict[str, float]:
    """How sure each line is; what a person saw is sure."""
    answered = {line.line_id for line in visit.answers}
    return {line.line_id: 1.0 if line.line_id in answered else line.probability for line in visit.basket}


def _payments(visit: Visit) -> tuple[Payment, ...]:
    cards = {payment.hold_id: payment for payment in visit.payments}
    paid = [Payment(payment.brand, payment.last4, payment.minor, payment.at_ns) for payment in visit.payments]
    back = [
        Payment(cards[refund.hold_id].brand, cards[refund.hold_id].last4, -refund.minor, refund.at_ns)
        for dispute in visit.disputes
        for refund in dispute.refunds
        if refund.refund_id
    ]
    return (*paid, *back)
