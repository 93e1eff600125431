"""A payment provider without a bank behind it: embedded, strict, and as awkward as a real one.

It keeps its own books (see `sandbox_book`), like the separate company a provider is; remembers each idempotency key
with its request and first answer, decline or not; refuses to capture more than is held and to refund more than was
captured; lets holds lapse; raises holds only where the card allows it; declines by test card (see `sandbox_cards`); and
sends signed webhooks that may come late, twice and out of order (see `sandbox_faults`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from aisle.commerce.money import Money
from aisle.commerce.payments.card_numbers import refuse_card_numbers
from aisle.commerce.payments.port import (
    AmountError,
    AuthenticationRequiredError,
    Card,
    CardDeclinedError,
    Hold,
    HoldCapturedError,
    HoldExpiredError,
    IncrementUnsupportedError,
    KeyReusedError,
    PaymentError,
    ProviderUnavailableError,
    Refund,
    UnknownPaymentError,
)
from aisle.commerce.payments.requests import check_amount, check_positive, digest
from aisle.commerce.payments.sandbox_answers import decode, encode
from aisle.commerce.payments.sandbox_book import Book, HoldRow
from aisle.commerce.payments.sandbox_cards import BankCard, card_behind
from aisle.commerce.payments.sandbox_faults import NO_FAULTS, Faults
from aisle.commerce.payments.webhooks import sign

_S = 1_000_000_000
_DAY_S = 86_400
_MOST_INCREMENTS = 10
_MOST_TRIES = 20  # of a webhook: waits doubled from a minute to at most 6 hours, three days in all
_LONGEST_KEY = 255

_Outcome = TypeVar("_Outcome", Card, Hold, Refund)

Clock = Callable[[], int]  # now, in Unix nanoseconds
Ids = Callable[[], str]  # a text never given before


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook on its way: the bytes that were signed, and the header that signs them."""

    event_id: str
    body: bytes
    signature: str


Sink = Callable[[Delivery], bool]  # takes a webhook; False: not taken, send it again later


@dataclass(frozen=True, slots=True)
class Terms:
    """How long holds last (seconds): per brand, and for all others.

    The defaults are those of payments the customer does not start: 4 days 18 hours for Visa, else 7 days.
    """

    hold_s: int = 7 * _DAY_S
    by_brand: Mapping[str, int] = field(default_factory=lambda: {"visa": 4 * _DAY_S + 18 * 3_600})


class Sandbox:
    """The embedded provider. `path` None keeps its books in memory; with a file several processes may share them.

    `clock` says now in Unix nanoseconds and `ids` makes texts never made before. With `webhooks` every change is
    announced there, signed with `secret`, whenever `deliver` is called. Thread-safe; each call is one transaction.
    """

    name = "sandbox"

    def __init__(
        self,
        path: Path | None,
        clock: Clock,
        ids: Ids,
        *,
        webhooks: Sink | None = None,
        secret: str = "whsec_sandbox",
        faults: Faults = NO_FAULTS,
        terms: Terms | None = None,
    ) -> None:
        self._book = Book(path)
        self._clock = clock
        self._ids = ids
        self._webhooks = webhooks
        self._secret = secret
        self._faults = faults
        self._terms = terms or Terms()
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the books; nothing else may be called afterwards."""
        with self._lock:
            self._book.close()

    # The port

    def register(self, reference: str, token: str, *, key: str) -> Card:
        """Keep the card behind a test token. Raises CardNumberError, UnknownPaymentError, CardDeclinedError."""
        refuse_card_numbers(token)
        return self._once(key, Card, ("register", reference, token), lambda: self._register(reference, token))

    def authorise(self, card: Card, amount: Money, *, reference: str, key: str) -> Hold:
        """Hold an amount. Raises CardDeclinedError, AuthenticationRequiredError, AmountError, UnknownPaymentError."""
        refuse_card_numbers(card.customer, card.token)
        request = ("authorise", card.customer, card.token, *_text(amount), reference)
        return self._once(key, Hold, request, lambda: self._authorise(card, amount, reference))

    def increment(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Raise a hold to `amount` in all. Raises IncrementUnsupportedError, CardDeclinedError, AmountError, …"""
        return self._once(key, Hold, ("increment", hold_id, *_text(amount)), lambda: self._increment(hold_id, amount))

    def capture(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Take `amount` and release the rest. Raises HoldExpiredError, HoldCapturedError, AmountError, …"""
        return self._once(key, Hold, ("capture", hold_id, *_text(amount)), lambda: self._capture(hold_id, amount))

    def cancel(self, hold_id: str, *, key: str) -> Hold:
        """Release a hold; one that lapsed stays so. Raises HoldCapturedError, UnknownPaymentError."""
        return self._once(key, Hold, ("cancel", hold_id), lambda: self._cancel(hold_id))

    def refund(self, hold_id: str, amount: Money, *, key: str) -> Refund:
        """Give back `amount`. Raises AmountError when refunds would exceed what was captured."""
        return self._once(key, Refund, ("refund", hold_id, *_text(amount)), lambda: self._refund(hold_id, amount))

    def hold(self, hold_id: str) -> Hold:
        """The hold as it is now. Raises UnknownPaymentError."""
        with self._lock, self._book.transaction():
            self._lapse()
            return _hold(self._row(hold_id))

    def holds(self, since_ns: int) -> tuple[Hold, ...]:
        """All holds made since a moment, oldest first."""
        with self._lock, self._book.transaction():
            self._lapse()
            return tuple(_hold(row) for row in self._book.holds(since_ns))

    # What only a sandbox has

    def confirm(self, hold_id: str) -> Hold:
        """What the customer does on the bank's page: let a hold that needs action stand. Idempotent."""
        with self._lock, self._book.transaction():
            row = self._row(hold_id)
            if row.status == "needs_action":
                row.status = "held"
                row.expires_at_ns = self._clock() + self._lasts_s(_known(row.kind)) * _S
                self._book.change_hold(row)
                self._announce("hold.held", row)
            return _hold(row)

    def deliver(self) -> int:
        """Send the webhooks that are due; how many were taken. What is not taken is tried again, ever later.

        The sink is called outside of any transaction, so that it may ask this provider back.
        """
        if self._webhooks is None:
            return 0
        with self._lock, self._book.transaction():
            self._lapse()
            due = self._book.post_due(self._clock())
        return sum(self._send(self._webhooks, *post) for post in due)

    def next_delivery_ns(self) -> int | None:
        """When the next webhook is due (Unix nanoseconds), None when none is waiting."""
        with self._lock:
            return self._book.next_post_ns()

    # Each operation, once per key

    def _once(self, key: str, kind: type[_Outcome], request: tuple[str, ...], work: Callable[[], _Outcome]) -> _Outcome:
        """Do the work for a key that is new, and answer as the first time for one that is not."""
        if not 0 < len(key) <= _LONGEST_KEY:
            raise ValueError(f"found an idempotency key of {len(key)} characters; expected 1 to {_LONGEST_KEY}")
        with self._lock:
            attempt = self._attempt(key)
            if self._faults.loses_request(key, attempt):
                raise ProviderUnavailableError("the request was lost on its way to the provider")
            with self._book.transaction():
                outcome = self._first_answer(key, digest(*request), work)
            if self._faults.loses_answer(key, attempt):
                raise ProviderUnavailableError("the provider's answer was lost on its way back")
        if isinstance(outcome, PaymentError):
            raise outcome
        if not isinstance(outcome, kind):
            raise TypeError(f"found a {type(outcome).__name__} as answer; expected a {kind.__name__}")
        return outcome

    def _first_answer(
        self, key: str, request: str, work: Callable[[], Card | Hold | Refund]
    ) -> Card | Hold | Refund | PaymentError:
        kept = self._book.answer(key)
        if kept is not None and kept[0] != request:
            return KeyReusedError(f"idempotency key {key!r} came before with another request")
        if kept is not None:
            return decode(kept[1])
        outcome: Card | Hold | Refund | PaymentError
        try:
            outcome = work()
        except PaymentError as error:
            outcome = error
        self._book.keep_answer(key, request, encode(outcome))
        return outcome

    def _attempt(self, key: str) -> int:
        """How many calls with a key there were before; only counted where a fault plan asks for it."""
        if not (self._faults.lost_requests or self._faults.lost_answers):
            return 0
        with self._book.transaction():
            return self._book.count_call(key)

    def _register(self, reference: str, token: str) -> Card:
        bank = card_behind(token)
        if bank is None:
            raise UnknownPaymentError(f"found no test card for token {token!r}; expected one such as 'tok_visa'")
        if bank.register_decline:
            raise _declined(bank.register_decline)
        customer = self._book.customer(reference, f"cus_{self._ids()}")
        kept = self._book.keep_card(f"pm_{self._ids()}", customer, token)
        return Card(customer, kept, bank.brand, bank.last4, f"fp_{digest(token)[:16]}")

    def _authorise(self, card: Card, amount: Money, reference: str) -> Hold:
        kind = self._book.card_kind(card.token, card.customer)
        if kind is None:
            raise UnknownPaymentError("found no such card of this customer; expected one that was registered")
        check_positive(amount)
        bank = _known(kind)
        self._check_funds(bank, kind, amount.minor)
        now = self._clock()
        row = HoldRow(
            f"hold_{self._ids()}",
            card.token,
            kind,
            reference,
            amount.currency,
            "held",
            amount.minor,
            0,
            0,
            0,
            now,
            None,
        )
        if bank.authenticate:
            row.status = "needs_action"
        else:
            row.expires_at_ns = now + self._lasts_s(bank) * _S
        self._book.add_hold(row)
        self._announce(f"hold.{row.status}", row)
        if bank.authenticate:
            raise AuthenticationRequiredError("the bank wants the customer to confirm", hold_id=row.hold_id)
        return _hold(row)

    def _check_funds(self, bank: BankCard, kind: str, minor: int) -> None:
        if bank.decline:
            raise _declined(bank.decline)
        if bank.limit_minor is not None and self._book.bound(kind) + minor > bank.limit_minor:
            raise _declined("insufficient_funds")

    def _increment(self, hold_id: str, amount: Money) -> Hold:
        row = self._standing(hold_id, amount)
        if row.status == "captured":
            raise HoldCapturedError(f"hold {hold_id} was captured already; it cannot be raised any more")
        if amount.minor == row.held:
            return _hold(row)
        if amount.minor < row.held:
            raise AmountError(f"found {amount} for hold {hold_id}; expected more than the {row.held} held")
        bank = _known(row.kind)
        if not bank.increments or row.increments >= _MOST_INCREMENTS:
            raise IncrementUnsupportedError(
                f"hold {hold_id} cannot be raised: the card or the number of times forbids it"
            )
        row.increments += 1
        self._book.change_hold(row)
        if bank.increment_decline:
            raise _declined(bank.increment_decline)
        self._check_funds(bank, row.kind, amount.minor - row.held)
        row.held = amount.minor
        self._book.change_hold(row)
        self._announce("hold.raised", row)
        return _hold(row)

    def _capture(self, hold_id: str, amount: Money) -> Hold:
        row = self._standing(hold_id, amount)
        if row.status == "captured" and row.captured == amount.minor:
            return _hold(row)
        if row.status == "captured":
            raise HoldCapturedError(f"hold {hold_id} was captured already, by {row.captured} and not {amount.minor}")
        if amount.minor > row.held:
            raise AmountError(f"found {amount} to capture of hold {hold_id}; expected at most the {row.held} held")
        decline = _known(row.kind).capture_decline
        if decline:
            raise _declined(decline)
        row.status, row.captured = "captured", amount.minor
        self._book.change_hold(row)
        self._announce("hold.captured", row)
        return _hold(row)

    def _cancel(self, hold_id: str) -> Hold:
        self._lapse()
        row = self._row(hold_id)
        if row.status == "captured":
            raise HoldCapturedError(f"hold {hold_id} was captured already; give the money back by a refund")
        if row.status in ("held", "needs_action"):
            row.status = "cancelled"
            self._book.change_hold(row)
            self._announce("hold.cancelled", row)
        return _hold(row)

    def _refund(self, hold_id: str, amount: Money) -> Refund:
        self._lapse()
        row = self._row(hold_id)
        check_amount(amount, row.currency, row.hold_id)
        left = row.captured - row.refunded
        if amount.minor > left:
            raise AmountError(f"found {amount} to give back of hold {hold_id}; expected at most the {left} left of it")
        row.refunded += amount.minor
        refund = Refund(f"refund_{self._ids()}", hold_id, amount)
        self._book.change_hold(row)
        self._book.add_refund(refund.refund_id, hold_id, amount.minor, self._clock())
        self._announce("hold.refunded", row)
        return refund

    # Rows

    def _row(self, hold_id: str) -> HoldRow:
        row = self._book.hold(hold_id)
        if row is None:
            raise UnknownPaymentError(f"the sandbox knows no hold {hold_id!r}")
        return row

    def _standing(self, hold_id: str, amount: Money) -> HoldRow:
        """The hold, if money may still be taken from it or was taken already."""
        self._lapse()
        row = self._row(hold_id)
        check_amount(amount, row.currency, row.hold_id)
        if row.status in ("cancelled", "expired"):
            raise HoldExpiredError(f"hold {hold_id} is {row.status}; nothing is held any more")
        if row.status == "needs_action":
            raise AuthenticationRequiredError("the customer has not confirmed this hold yet", hold_id=hold_id)
        return row

    def _lapse(self) -> None:
        """Let every hold lapse whose time is over."""
        for row in self._book.lapsed(self._clock()):
            row.status = "expired"
            self._book.change_hold(row)
            self._announce("hold.expired", row)

    def _lasts_s(self, bank: BankCard) -> int:
        if bank.lapses_after_s is not None:
            return bank.lapses_after_s
        return self._terms.by_brand.get(bank.brand, self._terms.hold_s)

    # Webhooks

    def _announce(self, kind: str, row: HoldRow) -> None:
        if self._webhooks is None:
            return
        now = self._clock()
        event_id = f"evt_{self._ids()}"
        about = {"object": "hold", "id": row.hold_id, "metadata": {"aisle_reference": row.reference}}
        body = msgspec.json.encode({"id": event_id, "type": kind, "created": now // _S, "data": {"object": about}})
        for delay_ns in self._faults.delays_ns(event_id):
            self._book.add_post(event_id, body, now + delay_ns)

    def _send(self, sink: Sink, n: int, event_id: str, body: bytes, tries: int) -> bool:
        now = self._clock()
        taken = sink(Delivery(event_id, body, sign(body, self._secret, now // _S)))
        with self._lock, self._book.transaction():
            if taken or tries + 1 >= _MOST_TRIES:
                self._book.drop_post(n)
            else:
                self._book.put_off_post(n, now + min(60 * 2**tries, 6 * 3_600) * _S)
        return taken


def _hold(row: HoldRow) -> Hold:
    held = 0 if row.status == "needs_action" else row.held
    return Hold(
        row.hold_id,
        row.status,
        Money(held, row.currency),
        Money(row.captured, row.currency),
        Money(row.refunded, row.currency),
        row.expires_at_ns,
        row.reference,
    )


def _known(kind: str) -> BankCard:
    bank = card_behind(kind)
    if bank is None:
        raise UnknownPaymentError(f"the sandbox no longer has the test card {kind!r}")
    return bank


def _declined(decline_code: str) -> CardDeclinedError:
    return CardDeclinedError("the bank declined the card", decline_code=decline_code)


def _text(amount: Money) -> tuple[str, str]:
    return str(amount.minor), amount.currency
