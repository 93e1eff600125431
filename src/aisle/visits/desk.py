"""The desk: everything that can be done with a visit, each as one transaction.

A command loads the visit, decides (pure functions), and hands journal entries, projections and effects over to the
journal; nothing calls outside in between. Every command takes the device's number of the message: a repeat gets the
first answer and changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Executable, Row, select
from sqlalchemy.exc import DBAPIError

from aisle.commerce.payments.ledger import Posting
from aisle.commerce.payments.port import Card, Notice
from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.refunds import RefundPolicy, Standing
from aisle.store.model import Store
from aisle.visits import bounds, complaints, customers, entrance, ledger
from aisle.visits import events as ev
from aisle.visits.closing import Price, Shop, proceed, remaining
from aisle.visits.codes import Codes
from aisle.visits.customers import Customer, Debt
from aisle.visits.database import Database
from aisle.visits.effects import Effect, EffectBody
from aisle.visits.entrance import Entry
from aisle.visits.errors import (
    BasketInvalidError,
    CouponError,
    NoCardError,
    PaymentUnderWayError,
    StaleRevisionError,
)
from aisle.visits.hub import Hub, Subscription
from aisle.visits.journal import Journal, MessageId, Work
from aisle.visits.model import State, Visit, VisitDispute
from aisle.visits.outcomes import Outcome, entries_for
from aisle.visits.policy import VisitPolicy
from aisle.visits.reading import JournalEntry, Links, LiveBasket, Reader
from aisle.visits.rebuild import rebuild
from aisle.visits.tables import notices, visits
from aisle.visits.timing import on_time

_log = logging.getLogger(__name__)
T = TypeVar("T")


class BasketUpdate(msgspec.Struct, frozen=True):
    """What the core believes now, whole. `source_revision` counts up; an older one than the last is refused."""

    source_revision: int
    lines: tuple[ev.BasketLine, ...]
    probability: float = 1.0
    risk_minor: int = 0
    complete: bool = False


class Desk:
    """The visits of one store.

    `price` prices baskets (`Till(store).price`), `clock` says now in Unix ns, `ids` makes texts nobody can guess,
    `code_keys` sign entry codes (the first) and open them (all), `refunds` says which claims are granted at once,
    `links` is where receipts point. Thread-safe.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        price: Price,
        clock: Callable[[], int],
        ids: Callable[[], str],
        code_keys: Sequence[bytes],
        policy: VisitPolicy | None = None,
        refunds: RefundPolicy | None = None,
        links: Links | None = None,
    ) -> None:
        self.database = database
        self.store = store
        self.policy = policy or VisitPolicy()
        self.clock = clock
        self.ids = ids
        self.writer = Journal(database, self.policy, ids)
        self.hub = Hub()
        self.writer.listeners.append(self.hub.committed)
        self._codes = Codes(code_keys, self.policy.code_valid_s)
        self._shop = Shop(store, price, self.policy, clock, ids)
        self._refunds = refunds or RefundPolicy()
        self._reader = Reader(database, self._shop, links or Links())

    # At the gate

    def issue_code(self, customer_id: str) -> str:
        """A fresh entry code for a customer's phone. Raises UnknownCustomerError."""
        self.customer(customer_id)
        return self._codes.issue(customer_id, self.clock(), self.ids())

    def enter_by_code(self, code: str, gate_id: str, *, message: MessageId | None = None) -> Entry:
        """A phone's code at the gate. Raises CodeForged/Expired/Replayed, InDebt, NoCard errors."""

        def enter(work: Work) -> Entry:
            return entrance.by_code(self._shop, self._codes, work, code, gate_id)

        whose = ".".join(code.split(".")[:2])  # a phone shows another code each time
        return self._run("enter_by_code", enter, message, Entry, whose)

    def enter_apart(
        self, customer_id: str, gate_id: str, *, hold_minor: int | None = None, trusted: bool = False,
        message: MessageId | None = None,
    ) -> Entry:  # fmt: skip
        """A customer who shopped elsewhere, in a visit of its own. Raises UnknownCustomer, InDebt, NoCard errors.

        `hold_minor`: what is held instead of the policy's amount. `trusted`: the goods are outside already; nobody is
        turned away for a debt or for want of a card, and what no card pays is owed.
        """

        def enter(work: Work) -> Entry:
            return entrance.apart(self._shop, work, customer_id, gate_id, hold_minor=hold_minor, trusted=trusted)

        return self._run("enter_apart", enter, message, Entry, customer_id)

    def enter_by_card(
        self, token: str, gate_id: str, *, apart: bool = False, hold_minor: int | None = None,
        message: MessageId | None = None,
    ) -> Entry:  # fmt: skip
        """A card at the gate, as the one-time token of the terminal; `apart`: of somebody who shopped elsewhere.

        `hold_minor`: what is held instead of the policy's amount; 0: nothing, until the visit is priced.
        """
        bounds.check_token(token)

        def enter(work: Work) -> Entry:
            return entrance.by_card(self._shop, work, token, gate_id, apart=apart, hold_minor=hold_minor)

        return self._run("enter_by_card", enter, message, Entry, token)

    def redeem_code(self, code: str, shown_ns: int, *, message: MessageId | None = None) -> Customer:
        """Whose phone was shown to a cart at that moment; the code is used up. Raises CodeForged/Expired/Replayed."""
        bounds.check_moment("the code", shown_ns, self.clock())

        def redeem(work: Work) -> Customer:
            return entrance.redeem(self._codes, work, code, shown_ns)

        return self._run("redeem_code", redeem, message, Customer, code)

    def enter_guest(self, host_visit_id: str, gate_id: str, *, message: MessageId | None = None) -> Entry:
        """One more person the host pays for."""

        def enter(work: Work) -> Entry:
            return entrance.guest(self._shop, work, host_visit_id, gate_id)

        return self._run("enter_guest", enter, message, Entry, host_visit_id)

    def enter_staff(self, staff_id: str, gate_id: str, *, message: MessageId | None = None) -> Entry:
        """Somebody who works here."""
        return self._run(
            "enter_staff", lambda w: entrance.staff(self._shop, w, staff_id, gate_id), message, Entry, staff_id
        )

    def enter_manual(self, by: str, gate_id: str, *, message: MessageId | None = None) -> Entry:
        """Somebody let in by a person of the shop, without a card."""
        return self._run("enter_manual", lambda w: entrance.manual(self._shop, w, by, gate_id), message, Entry)

    def entry(self, visit_id: str) -> Entry:
        """What the gate is to do about a visit now."""
        visit = self.visit(visit_id)
        return self.entry(visit.other) if visit.other else entrance.entry_of(visit)

    # On the floor

    def link_track(self, visit_id: str, track: str, how: ev.How = "gate", *, message: MessageId | None = None) -> None:
        """A track on the floor belongs to the visit."""
        self._append(visit_id, "link_track", lambda _v, now: (ev.TrackLinked(now, track, how),), message)

    def tailgate(self, visit_id: str, track: str, *, message: MessageId | None = None) -> None:
        """Somebody slipped in behind this visit without paying in: a question for a person, not yet a guest."""
        self._append(visit_id, "tailgate", lambda _v, now: (ev.TrackLinked(now, track, "tailgate"),), message)

    def resolve_tailgate(
        self, visit_id: str, track: str, *, belongs: bool, by: str, message: MessageId | None = None
    ) -> None:
        """A person says whether who slipped in belongs to the visit."""
        self._append(
            visit_id, "resolve_tailgate", lambda _v, now: (ev.TailgateResolved(now, track, belongs, by),), message
        )

    def mark_staff(self, visit_id: str, by: str, *, message: MessageId | None = None) -> None:
        """The visitor works here: nothing is charged, the hold is released."""
        self._append(visit_id, "mark_staff", lambda _v, now: (ev.BecameStaff(now, by),), message)

    def revise(self, visit_id: str, update: BasketUpdate, *, message: MessageId | None = None) -> int:
        """The core's basket, whole; the visit's revision afterwards. Raises StaleRevision and line errors."""
        bounds.check_lines(update.lines, self.store.products, self.policy, self.clock())
        bounds.check_number("source_revision", update.source_revision)
        bounds.check_number("risk_minor", update.risk_minor)
        if not 0.0 <= update.probability <= 1.0:
            raise BasketInvalidError("odds are from 0 to 1", found=update.probability, expected="0 to 1")

        def revise(work: Work) -> int:
            visit = work.visit(visit_id)
            if update.source_revision <= visit.source_revision:
                raise StaleRevisionError(
                    f"visit {visit_id} has a newer basket already",
                    found=update.source_revision,
                    expected=f"more than {visit.source_revision}",
                )
            now_ns = self.clock()
            revised = ev.BasketRevised(
                now_ns, update.source_revision, update.lines, update.probability, update.risk_minor, update.complete
            )
            return proceed(self._shop, work, work.append(visit, revised), now_ns).revision

        return self._run("revise", revise, message, int, visit_id)

    def present_coupon(self, visit_id: str, code: str, *, message: MessageId | None = None) -> None:
        """A coupon for this visit; limited ones are reserved until it settles or ends. Raises CouponError."""

        def present(work: Work) -> None:
            visit = work.visit(visit_id)
            if code in visit.coupons:
                return
            unlocked = [p.promotion_id for p in self.store.promotions if p.coupon == code]
            if not unlocked:
                raise CouponError("this shop knows no such coupon", found=code, expected="a coupon of this shop")
            left = remaining(self.store, work.fetch, visit)
            if all(left.get(promotion_id, 1) == 0 for promotion_id in unlocked):
                raise CouponError("this coupon is used up", found=code, expected="one that may still be used")
            reserved = tuple(promotion_id for promotion_id in unlocked if left.get(promotion_id, 0) > 0)
            work.append(visit, ev.CouponPresented(self.clock(), code, reserved))

        self._run("present_coupon", present, message, None, visit_id, code)

    # On the way out

    def leave(
        self,
        visit_id: str,
        gate_id: str | None,
        at_ns: int | None = None,
        *,
        everybody: bool = False,
        message: MessageId | None = None,
    ) -> None:
        """One person (or everybody) of the visit is outside. The last one closes it: it is priced, or asked about.

        `at_ns` is when that was; a device's clock that is ahead says now.
        """
        if at_ns is not None:
            bounds.check_moment("leaving", at_ns, self.clock())

        def left(_visit: Visit, now_ns: int) -> tuple[ev.Event, ...]:
            return (ev.Left(now_ns if at_ns is None else min(at_ns, now_ns), gate_id, everybody),)

        self._append(visit_id, "leave", left, message)

    def reenter(self, visit_id: str, gate_id: str, *, message: MessageId | None = None) -> None:
        """Back into a visit that is not priced yet."""
        self._append(visit_id, "reenter", lambda _v, now: (ev.Returned(now, gate_id),), message)

    def answer(
        self,
        visit_id: str,
        lines: Sequence[ev.BasketLine],
        by: str,
        note: str = "",
        *,
        message: MessageId | None = None,
    ) -> None:
        """What a person saw on the clips: these lines replace the core's (quantity 0: not taken)."""
        bounds.check_lines(lines, self.store.products, self.policy, self.clock(), least=0)
        self._append(visit_id, "answer", lambda _v, now: (ev.Answered(now, tuple(lines), by, note),), message)

    def settle_due(self, now_ns: int | None = None, limit: int = 500) -> int:
        """Do what time alone makes due (see `timing`); how many visits it concerned. Call it every second or so."""
        now_ns = self.clock() if now_ns is None else now_ns
        due = select(visits.c.visit_id).where(visits.c.due_at_ns <= now_ns).order_by(visits.c.due_at_ns).limit(limit)
        found = [row.visit_id for row in self.read(due)]
        for visit_id in found:
            try:
                self._pass_time(visit_id, now_ns)
            except DBAPIError:
                raise
            except Exception:  # one visit that cannot go on must not hold up all others
                _log.exception("time could not pass for visit %s; it is tried again", visit_id)
        return len(found)

    def _pass_time(self, visit_id: str, now_ns: int) -> None:
        self.writer.run("on_time", lambda work: on_time(self._shop, work, work.visit(visit_id), now_ns))

    # Payments

    def record(self, work: Work, effect: Effect, outcome: Outcome) -> None:
        """Journal what came of an effect; for the outbox, in the transaction that marks the effect done."""
        visit = work.visit(effect.visit_id)
        entries = entries_for(visit, effect, outcome, self.clock())
        if entries:
            entrance.hold_answered(self._shop, work, visit, entries)

    def notice(self, told: Notice) -> bool:
        """A provider's webhook: look what the hold is now. False when it was told before or is about no visit."""

        def note(work: Work) -> bool:
            if work.fetch(select(notices.c.event_id).where(notices.c.event_id == told.event_id)):
                return False
            work.rows.insert(notices, {"event_id": told.event_id, "at_ns": told.at_ns})
            if not work.fetch(select(visits.c.visit_id).where(visits.c.visit_id == told.reference)):
                return False
            body = EffectBody(hold_id=told.hold_id)
            work.due(Effect("look", f"{told.reference}:look:{told.event_id}", told.reference, body), self.clock())
            return True

        return self.writer.run("notice", note)

    def pay_debt(
        self, visit_id: str, *, card: Card | None = None, token: str = "", message: MessageId | None = None
    ) -> None:
        """Pay what a visit owes, with a card on file or a one-time token. Raises PaymentUnderWay, Transition errors."""

        bounds.check_token(token)
        if card is None and not token:
            raise NoCardError("nothing to pay with", found="neither a card nor a token", expected="one of them")

        def pay(visit: Visit, now_ns: int) -> tuple[ev.Event, ...]:
            if visit.state == "owing" and (visit.step is not None or visit.attempt is not None):
                raise PaymentUnderWayError("this visit is being paid just now", found="a payment under way")
            return (ev.PaymentTried(now_ns, card, token),)

        self._append(visit_id, "pay_debt", pay, message)

    # Disputes

    def dispute(
        self, visit_id: str, line_id: str, quantity: int, reason: str, by: str, *, message: MessageId | None = None
    ) -> VisitDispute:
        """Ask units of a line back. Raises UnknownLine, OverRefund, Quantity, Transition errors."""

        def ask_back(work: Work) -> VisitDispute:
            visit = work.visit(visit_id)
            return complaints.dispute(self._shop, self._refunds, work, visit, line_id, quantity, reason, by)

        return self._run("dispute", ask_back, message, VisitDispute, visit_id, line_id, str(quantity))

    def decide(
        self, dispute_id: str, granted: bool, by: str, why: str, *, message: MessageId | None = None
    ) -> VisitDispute:
        """A person's decision on a dispute in review."""

        def decide(work: Work) -> VisitDispute:
            return complaints.decide(self._shop, work, dispute_id, granted=granted, by=by, why=why)

        return self._run("decide", decide, message, VisitDispute, dispute_id, str(granted))

    def found(self, dispute_id: str, right: bool, by: str, *, message: MessageId | None = None) -> VisitDispute:
        """The truth about a dispute came out later; it counts in the customer's standing."""

        def note(work: Work) -> VisitDispute:
            return complaints.found(self._shop, work, dispute_id, right=right, by=by)

        return self._run("found", note, message, VisitDispute, dispute_id, str(right))

    # Customers

    def save_customer(self, customer: Customer, *, message: MessageId | None = None) -> None:
        """A customer, new or changed. Raises IdInvalidError."""
        bounds.check_id("customer", customer.customer_id)
        self._run(
            "save_customer", lambda work: customers.save(work.rows, customer), message, None, customer.customer_id
        )

    def add_customer(self, customer: Customer, *, message: MessageId | None = None) -> Customer:
        """A new customer; a repeat of the message gives the one added first. Raises IdInvalidError."""
        bounds.check_id("customer", customer.customer_id)

        def add(work: Work) -> Customer:
            customers.save(work.rows, customer)
            return customer

        return self._run("add_customer", add, message, Customer, customer.email)

    def keep_card(self, customer_id: str, card: Card, *, message: MessageId | None = None) -> None:
        """The card on file of a customer, as the provider registered it. Raises UnknownCustomerError."""

        def keep(work: Work) -> None:
            known = customers.find(work.fetch, customer_id)
            customers.save(work.rows, msgspec.structs.replace(known, card=card))

        self._run("keep_card", keep, message, None, customer_id)

    # Reading

    def visit(self, visit_id: str) -> Visit:
        """The visit as it is now. Raises UnknownVisitError."""
        return self._reader.visit(visit_id)

    def basket(self, visit_id: str) -> LiveBasket:
        """The live basket, priced. Raises UnknownVisitError."""
        return self._reader.basket(visit_id)

    def receipt(self, visit_id: str) -> Receipt:
        """The receipt as it stands. Raises UnknownVisitError, TransitionError for visits that never get one."""
        return self._reader.receipt(visit_id)

    def visits(
        self,
        *,
        before: tuple[int, str] | None = None,
        limit: int = 50,
        state: State | None = None,
        customer_id: str | None = None,
    ) -> tuple[Visit, ...]:
        """Visits, the latest first; `before` is (entered_at_ns, visit_id) of the last one of the page before."""
        return self._reader.page(before=before, limit=limit, state=state, customer_id=customer_id)

    def journal(self, visit_id: str) -> tuple[JournalEntry, ...]:
        """A visit's journal. Raises UnknownVisitError."""
        return self._reader.journal(visit_id)

    def debtor(self, pay_token: str) -> Visit:
        """The visit whose debt a link pays. Raises UnknownVisitError."""
        return self._reader.by_pay_token(pay_token)

    def customer(self, customer_id: str) -> Customer:
        """A customer. Raises UnknownCustomerError."""
        return customers.find(self.read, customer_id)

    def customers(self, *, after: str = "", limit: int = 50) -> Sequence[Customer]:
        """Customers by id, from behind `after`."""
        return customers.page(self.read, after, limit)

    def debts(self, customer_id: str) -> tuple[Debt, ...]:
        """What a customer still owes."""
        return customers.debts_of(self.read, f"customer:{customer_id}")

    def standing(self, customer_id: str) -> Standing:
        """A customer's history as far as refunds go."""
        return complaints.standing_of(self.read, f"customer:{customer_id}", self.clock())

    def balances(self) -> dict[tuple[str, str], int]:
        """What stands on each (account, currency) of the ledger."""
        return ledger.balances(self.read)

    def postings(self, since_ns: int = 0) -> tuple[Posting, ...]:
        """The ledger's postings since a moment, for reconciliation."""
        return ledger.postings(self.read, since_ns)

    def rebuild(self) -> int:
        """Make all projections anew from the journal; how many visits there are. Nobody else may write meanwhile."""
        with self.database.write() as connection:
            count = rebuild(connection, self.policy)
        self.writer.forget()
        return count

    def read(self, statement: Executable) -> Sequence[Row[Any]]:
        """The rows of a query."""
        return self._reader.fetch(statement)

    def subscribe(self, visit_id: str, after_revision: int = -1) -> Subscription:
        """Watch a visit from behind a revision on; what is newer already is told at once."""
        subscription = self.hub.subscribe(visit_id, after_revision)
        try:
            subscription.tell(self.visit(visit_id).revision)
        except BaseException:
            subscription.close()
            raise
        return subscription

    # Within

    def _run(
        self, name: str, command: Callable[[Work], T], message: MessageId | None, answers: Any = None, *about: str
    ) -> T:
        """Carry out a command. A number that came before, but with another command or `about` else, is refused."""
        if message is not None:
            name = f"{name}:{hashlib.sha256(chr(0).join(about).encode('utf-8', 'replace')).hexdigest()[:12]}"
            bounds.check_id("device", message.device_id)
            bounds.check_id("start of the device", message.boot_id)
            bounds.check_number("number of the message", message.seq)
        return self.writer.run(name, command, message, answers)

    def _append(
        self,
        visit_id: str,
        name: str,
        decide: Callable[[Visit, int], tuple[ev.Event, ...]],
        message: MessageId | None,
    ) -> None:
        """Journal what `decide` says about a visit, and go on with closing it where that is due."""

        def append(work: Work) -> None:
            visit, now_ns = work.visit(visit_id), self.clock()
            proceed(self._shop, work, work.append(visit, *decide(visit, now_ns)), now_ns)

        self._run(name, append, message, None, visit_id)
