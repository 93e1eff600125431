"""A cart's purchase becomes one paid visit, however often it comes, in whatever order, wherever the program ended.

The steps are: keep it, let the payer in with the exact amount held, choose that visit to carry the lines, lines in,
leave, pay. Each is idempotent on the trip: every command to the desk carries a number made of the trip, and the choice
of the visit is made once in the purchase's own row. A card that is refused leaves nothing behind; the next one is
another attempt. What has left the shop on trust is never turned away: what no card pays is owed.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import replace

import msgspec

from aisle.cart.book import PurchaseBook
from aisle.cart.purchase import CartPurchase, basket_of, honoured, priced_as_far
from aisle.commerce.pricing.till import Till
from aisle.visits import bounds
from aisle.visits.closing import remaining
from aisle.visits.desk import BasketUpdate, Desk
from aisle.visits.entrance import Entry
from aisle.visits.errors import (
    CardNumberError,
    CodeExpiredError,
    CodeForgedError,
    CodeReplayedError,
    CouponError,
    CurrencyMismatchError,
    MomentInvalidError,
    TransitionError,
    UnknownCustomerError,
    VisitError,
)
from aisle.visits.events import BasketLine
from aisle.visits.journal import MessageId
from aisle.visits.model import State, Visit
from aisle.visits.outbox import Outbox
from aisle.visits.policy import SECOND_NS

_log = logging.getLogger(__name__)
GATE = "cart-lane"
_AHEAD_NS = 300 * SECOND_NS  # how far a cart's clock may be ahead
_REVISE, _LEAVE, _NOTHING, _GONE, _COUPON, _ENTER, _REDEEM, _BY_HAND = 0, 1, 2, 3, 100, 10_000, 20_000, 30_000
_MOST_ATTEMPTS, _MOST_COUPONS, _STEPS = 9_999, 99, 12
_NOBODY = (UnknownCustomerError, CodeForgedError, CodeExpiredError, CodeReplayedError, CardNumberError)


class PayerRefusedError(VisitError):
    """The bank or the shop does not let this payer pay; another card may."""

    code = "payer_refused"
    status = 402


class NotAnsweredError(VisitError):
    """The bank has not answered yet: send the same purchase again."""

    code = "authorising"
    status = 503


class Merged(msgspec.Struct, frozen=True):
    """What became of a trip: its visit, how that stands, and the money. `left_out` are lines nobody can charge."""

    trip_id: str
    visit_id: str
    state: State
    currency: str
    total_minor: int
    paid_minor: int
    receipt_version: int
    left_out: tuple[str, ...] = ()


class Merger:
    """Merges purchases into the desk of a shop. Thread-safe; the same purchase may come in two threads at once."""

    def __init__(self, desk: Desk, outbox: Outbox, till: Till, book: PurchaseBook) -> None:
        self._desk, self._outbox, self._till, self._book = desk, outbox, till, book

    def merge(self, purchase: CartPurchase) -> Merged:
        """Carry a purchase as far as it can go now. Raises PayerRefused, NotAnswered, PurchaseDiffers, line errors."""
        self._check(purchase)
        taken = self._book.take(purchase)
        while taken.visit_id is None:
            entry, winner = self._choose(taken.purchase)
            if winner != entry.visit_id:
                self._close_unused(entry.visit_id, taken.purchase)
            taken = self._book.take(taken.purchase) if winner is None else replace(taken, visit_id=winner)
        visit = self._carry(taken.purchase, taken.visit_id)
        if not taken.over:
            self._book.finish(taken.purchase.trip_id)
        _, left_out = self._sold(taken.purchase)
        return _merged(taken.purchase, self._pay(visit), left_out)

    def resume(self) -> int:
        """Carry through what a program that ended left half way; how many trips. For the start of the shop."""
        unfinished = self._book.unfinished()
        for purchase in unfinished:
            try:
                self.merge(purchase)
            except VisitError:  # one trip that cannot go on must not keep the shop from starting
                _log.exception("trip %s could not be carried through; its cart asks again", purchase.trip_id)
        return len(unfinished)

    def found(self, trip_id: str) -> Merged | None:
        """What became of a trip; None when nothing is charged for it so far."""
        taken = self._book.find(trip_id)
        if taken is None or taken.visit_id is None:
            return None
        _, left_out = self._sold(taken.purchase)
        return _merged(taken.purchase, self._desk.visit(taken.visit_id), left_out)

    def _check(self, purchase: CartPurchase) -> None:
        """Refuse what can never be charged, before it is kept. What left on trust is charged as far as it can be."""
        desk, now_ns = self._desk, self._desk.clock()
        bounds.check_id("trip", purchase.trip_id)
        bounds.check_number("risk_minor", purchase.risk_minor)
        if not 0 <= purchase.attempt <= _MOST_ATTEMPTS:
            raise TransitionError(
                f"trip {purchase.trip_id}: nobody tries so many cards", found=purchase.attempt,
                expected=f"0 to {_MOST_ATTEMPTS}",
            )  # fmt: skip
        if purchase.currency != desk.store.currency:
            raise CurrencyMismatchError(
                f"trip {purchase.trip_id}: this shop has another currency", found=purchase.currency,
                expected=desk.store.currency,
            )  # fmt: skip
        bounds.check_moment("the end of the trip", purchase.ended_ns, now_ns)
        if purchase.ended_ns > now_ns + _AHEAD_NS:
            raise MomentInvalidError("this trip ends in the future", found=purchase.ended_ns, expected=f"by {now_ns}")
        if not purchase.trusted:
            bounds.check_lines(purchase.lines, desk.store.products, desk.policy, now_ns)

    def _choose(self, purchase: CartPurchase) -> tuple[Entry, str | None]:
        """Let the payer in, and have that visit chosen to carry the lines; which visit is."""
        entry = self._outbox.admit(self._enter(purchase))
        if entry.reason == "authorising":
            raise NotAnsweredError("the card's bank has not answered yet", found="no answer", expected="ask again")
        if not entry.admitted:
            message = entry.message or "this card does not pay"
            raise PayerRefusedError(message, found=entry.reason, expected="another card")
        return entry, self._book.claim(purchase, entry.visit_id)

    def _enter(self, purchase: CartPurchase) -> Entry:
        number = _number(purchase, _ENTER + purchase.attempt)
        try:
            return self._enter_as(purchase, number)
        except _NOBODY:
            if not purchase.trusted:
                raise
            by_hand = _number(purchase, _BY_HAND + purchase.attempt)
            return self._desk.enter_manual(GATE, GATE, message=by_hand)

    def _enter_as(self, purchase: CartPurchase, number: MessageId) -> Entry:
        customer_id, trusted = self._customer_of(purchase), purchase.trusted
        hold_minor = 0 if trusted else self._total(purchase, customer_id)
        if customer_id:
            return self._desk.enter_apart(customer_id, GATE, hold_minor=hold_minor, trusted=trusted, message=number)
        if purchase.payer.card_token:
            token = purchase.payer.card_token
            return self._desk.enter_by_card(token, GATE, apart=True, hold_minor=hold_minor, message=number)
        if trusted:
            return self._desk.enter_manual(GATE, GATE, message=number)
        raise PayerRefusedError("nobody pays for this trip", found="no payer", expected="a customer or a card")

    def _customer_of(self, purchase: CartPurchase) -> str:
        payer = purchase.payer
        if payer.customer_id or not payer.code:
            return payer.customer_id
        number = MessageId("cart", _key(purchase.trip_id + "\n" + payer.code), _REDEEM)  # once, for all attempts
        return self._desk.redeem_code(payer.code, payer.shown_ns, message=number).customer_id

    def _total(self, purchase: CartPurchase, customer_id: str) -> int:
        """What will be charged, to be held on the card; what promotions' limits change of it is settled later."""
        lines, _ = self._sold(purchase)
        member = bool(customer_id) and self._desk.customer(customer_id).member
        lines = honoured(
            lines, purchase.scanned_minor, self._desk.store, self._till.book, purchase.ended_ns, member=member
        )
        left = remaining(self._desk.store, self._desk.read, Visit("", customer_id=customer_id or None))
        coupons = frozenset(purchase.coupons)
        basket = basket_of(lines, self._desk.store, purchase.ended_ns, member=member, coupons=coupons, remaining=left)
        priced, _ = priced_as_far(self._till, basket)
        return max(0, priced.total_minor)

    def _sold(self, purchase: CartPurchase) -> tuple[tuple[BasketLine, ...], tuple[str, ...]]:
        """The lines a desk takes, and the ids of those it cannot: none but of trips that left on trust."""
        desk, lines, left_out = self._desk, list[BasketLine](), list[str]()
        for line in purchase.lines:
            try:
                bounds.check_lines((*lines, line), desk.store.products, desk.policy, purchase.ended_ns)
            except VisitError:
                left_out.append(line.line_id)
            else:
                lines.append(line)
        return tuple(lines), tuple(left_out)

    def _carry(self, purchase: CartPurchase, visit_id: str) -> Visit:
        """Coupons and lines into the visit, and out with it. What is done already is not done again."""
        desk = self._desk
        visit = desk.visit(visit_id)
        if visit.state != "shopping":
            return visit
        for place, code in enumerate(purchase.coupons[:_MOST_COUPONS]):
            with suppress(CouponError, TransitionError):
                desk.present_coupon(visit_id, code, message=_number(purchase, _COUPON + place))
        lines, _ = self._sold(purchase)
        member = bool(visit.customer_id) and desk.customer(visit.customer_id or "").member
        lines = honoured(lines, purchase.scanned_minor, desk.store, self._till.book, purchase.ended_ns, member=member)
        risk_minor = purchase.risk_minor if purchase.sealed == "trusted" else 0  # else the lane has looked already
        basket = BasketUpdate(1, lines, purchase.probability, risk_minor, complete=True)
        desk.revise(visit_id, basket, message=_number(purchase, _REVISE))
        desk.leave(visit_id, GATE, purchase.ended_ns, everybody=True, message=_number(purchase, _LEAVE))
        return desk.visit(visit_id)

    def _close_unused(self, visit_id: str, purchase: CartPurchase) -> None:
        """A visit that another one was quicker than: it ends with nothing in it, and its hold is released."""
        named = purchase.trip_id + "\n" + visit_id
        nothing, gone = (MessageId("cart", _key(named), seq) for seq in (_NOTHING, _GONE))
        if self._desk.visit(visit_id).state == "shopping":
            self._desk.revise(visit_id, BasketUpdate(1, (), complete=True), message=nothing)
            self._desk.leave(visit_id, GATE, everybody=True, message=gone)

    def _pay(self, visit: Visit) -> Visit:
        """Ask the bank what the visit waits for, at once; whatever it puts off goes on by itself."""
        for _ in range(_STEPS):
            if visit.step is None or not self._outbox.run_now(visit.step.key):
                break
            visit = self._desk.visit(visit.visit_id)
        return self._desk.visit(visit.visit_id)


def _number(purchase: CartPurchase, seq: int) -> MessageId:
    return MessageId("cart", _key(purchase.trip_id), seq)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:48]


def _merged(purchase: CartPurchase, visit: Visit, left_out: tuple[str, ...]) -> Merged:
    return Merged(
        purchase.trip_id,
        visit.visit_id,
        visit.state,
        visit.currency,
        visit.total_minor,
        visit.paid_minor,
        visit.receipt_version,
        left_out,
    )
