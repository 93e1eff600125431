"""Payments by Stripe: cards on file, holds, increments, captures and refunds behind the port.

A hold is a PaymentIntent with manual capture, made off-session on a card that a SetupIntent put on file. Every call
that changes something carries the caller's key as `Idempotency-Key`. Stripe forgets keys after a day, so repeats are
found in another way as well: an intent and a refund carry their key in their metadata, and a capture or cancel that is
refused because it was done already is answered as if it were the first. Needs the extra `aisle[stripe]`.

Source: Stripe's API reference and its pages on holds, off-session payments, idempotent requests and webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

try:
    import stripe
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "payments by Stripe need the package 'stripe', which was not found; expected: pip install 'aisle[stripe]'",
        name="stripe",
    ) from error

from aisle.commerce.money import Money
from aisle.commerce.payments import stripe_answers as answers
from aisle.commerce.payments.card_numbers import refuse_card_numbers
from aisle.commerce.payments.port import (
    AmountError,
    AuthenticationRequiredError,
    Card,
    Hold,
    HoldCapturedError,
    HoldExpiredError,
    IncrementUnsupportedError,
    KeyReusedError,
    PaymentError,
    Refund,
    UnknownPaymentError,
)
from aisle.commerce.payments.requests import check_amount, check_positive, digest

_S = 1_000_000_000
_LOOK_BACK_S = 35 * 86_400  # longer than any hold lasts, extended ones included
_CHARGE = ["latest_charge"]
_API_VERSION = "2026-10-28.endive"  # what the requests here are written for, whichever package sends them
# After these the hold itself says what is so: it may have been captured or cancelled before. Stripe also keeps a fault
# of its own (5xx) under a key and answers every repeat of that day with it, although the work may have been done.
_REFUSALS = (stripe.InvalidRequestError, stripe.APIError)

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParamsPaymentMethodOptions


class StripeProvider:
    """The provider behind an API key of Stripe's.

    `clock` says now in Unix nanoseconds. `base_address` points at another server that speaks Stripe's API.
    `increments` asks for holds that may be raised, which Stripe allows on some plans only; without it the difference
    needs a hold of its own. `retries` are those of Stripe's package after failures of the network, with the same key.
    """

    name = "stripe"

    def __init__(
        self,
        api_key: str,
        clock: Callable[[], int],
        *,
        base_address: str | None = None,
        increments: bool = False,
        timeout_s: float = 20.0,
        retries: int = 1,
        http_client: stripe.HTTPClient | None = None,
    ) -> None:
        self._secret = api_key
        self._clock = clock
        self._increments = increments
        self._http = http_client or stripe.RequestsClient(timeout=timeout_s)
        self._stripe = stripe.StripeClient(
            api_key,
            stripe_version=_API_VERSION,
            base_addresses={"api": base_address} if base_address else {},
            max_network_retries=retries,
            http_client=self._http,
        ).v1

    def close(self) -> None:
        """Close the connections of this thread."""
        self._http.close()  # type: ignore[no-untyped-call]

    def register(self, reference: str, token: str, *, key: str) -> Card:
        """Put the payment method `token` on file for off-session payments of customer `reference`.

        Raises CardNumberError, CardDeclinedError, AuthenticationRequiredError (`hold_id` is the SetupIntent to be
        confirmed), UnknownPaymentError (no such payment method, or it belongs to somebody else).
        """
        refuse_card_numbers(token)
        with self._translated():
            method = self._stripe.payment_methods.retrieve(token)
            if method.customer is not None:
                return self._registered(method, reference)
            customer = self._stripe.customers.create(
                {"metadata": {answers.REFERENCE: reference}}, _once(f"customer:{reference}")
            )
            setup = self._stripe.setup_intents.create(
                {
                    "customer": customer.id,
                    "usage": "off_session",
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                },
                _once(f"{key}:setup"),
            )
            setup = self._stripe.setup_intents.confirm(setup.id, {"payment_method": token}, _once(f"{key}:confirm"))
            if setup.status != "succeeded":
                raise AuthenticationRequiredError("the bank wants the customer to confirm", hold_id=setup.id)
            kept = self._stripe.payment_methods.retrieve(_id(setup.payment_method) or token)
        return _card(customer.id, kept)

    def authorise(self, card: Card, amount: Money, *, reference: str, key: str) -> Hold:
        """Hold `amount` on a card on file. Raises CardDeclinedError, AuthenticationRequiredError, AmountError, …"""
        refuse_card_numbers(card.customer, card.token)
        check_positive(amount)
        request = digest("authorise", card.customer, card.token, str(amount.minor), amount.currency, reference)
        with self._translated():
            intent = self._intent_made_with(card.customer, key) or self._stripe.payment_intents.create(
                {
                    "amount": answers.to_stripe(amount),
                    "currency": amount.currency.lower(),
                    "customer": card.customer,
                    "payment_method": card.token,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "payment_method_options": self._card_options(),
                    "capture_method": "manual",
                    "confirm": True,
                    "off_session": True,
                    "metadata": {answers.REFERENCE: reference, answers.KEY: key, answers.REQUEST: request},
                    "expand": _CHARGE,
                },
                _once(key),
            )
        if answers.noted(intent.metadata, answers.REQUEST) != request:
            raise KeyReusedError(f"idempotency key {key!r} came before with another request")
        failure = answers.failure_of(intent)
        if failure is not None:
            raise failure
        return answers.hold_of(intent)

    def increment(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Raise a hold to `amount` in all. Raises IncrementUnsupportedError, CardDeclinedError, AmountError, …"""
        if not self._increments:
            raise IncrementUnsupportedError(f"hold {hold_id} cannot be raised: increments are not switched on")
        with self._translated():
            intent = self._intent(hold_id)
            held = self._takeable(intent, amount)
            if held.status == "captured":
                raise HoldCapturedError(f"hold {hold_id} was captured already; it cannot be raised any more")
            if amount == held.held:
                return held
            if amount.minor < held.held.minor:
                raise AmountError(f"found {amount} for hold {hold_id}; expected more than the {held.held} held")
            try:
                raised = self._stripe.payment_intents.increment_authorization(
                    hold_id, {"amount": answers.to_stripe(amount), "expand": _CHARGE}, _once(key)
                )
            except stripe.InvalidRequestError as error:
                reason = answers.error_of(error, self._secret)
                raise IncrementUnsupportedError(f"hold {hold_id} cannot be raised: {reason}") from None
        return answers.hold_of(raised)

    def capture(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Take `amount` and release the rest. Raises HoldExpiredError, HoldCapturedError, AmountError, …"""
        with self._translated():
            before = answers.hold_of(self._intent(hold_id))
            check_amount(amount, before.held.currency, before.hold_id)
            if before.status == "held" and amount.minor > before.held.minor:
                raise AmountError(f"found {amount} to capture of hold {hold_id}; expected at most {before.held}")
            try:
                intent = self._stripe.payment_intents.capture(
                    hold_id, {"amount_to_capture": answers.to_stripe(amount), "expand": _CHARGE}, _once(key)
                )
            except _REFUSALS as error:
                return self._captured_before(hold_id, amount, error)
        return answers.hold_of(intent)

    def cancel(self, hold_id: str, *, key: str) -> Hold:
        """Release a hold; one that lapsed stays so. Raises HoldCapturedError, UnknownPaymentError."""
        with self._translated():
            try:
                intent = self._stripe.payment_intents.cancel(hold_id, {"expand": _CHARGE}, _once(key))
            except _REFUSALS as error:
                intent = self._intent(hold_id)
                if intent.status == "succeeded":
                    raise HoldCapturedError(f"hold {hold_id} was captured already; give it back by a refund") from None
                if intent.status != "canceled":
                    raise answers.error_of(error, self._secret) from None
        return answers.hold_of(intent)

    def refund(self, hold_id: str, amount: Money, *, key: str) -> Refund:
        """Give back `amount`. Raises AmountError when refunds would exceed what was captured."""
        with self._translated():
            hold = answers.hold_of(self._intent(hold_id))
            check_amount(amount, hold.held.currency, hold.hold_id)
            made = self._refund_made_with(hold_id, key)
            if made is not None and made.amount != answers.to_stripe(amount):
                raise KeyReusedError(f"idempotency key {key!r} came before with another amount")
            left = hold.captured - hold.refunded
            if made is None and amount.minor > left.minor:
                raise AmountError(f"found {amount} to give back of hold {hold_id}; expected at most the {left} left")
            refund = made or self._stripe.refunds.create(
                {
                    "payment_intent": hold_id,
                    "amount": answers.to_stripe(amount),
                    "metadata": {answers.KEY: key, answers.REFERENCE: hold.reference},
                },
                _once(key),
            )
        if refund.status in ("failed", "canceled"):
            raise PaymentError(f"the bank did not take the refund {refund.id} of {amount} back: it {refund.status}")
        return Refund(refund.id, hold_id, amount)

    def hold(self, hold_id: str) -> Hold:
        """The hold as it is now. Raises UnknownPaymentError."""
        with self._translated():
            return answers.hold_of(self._intent(hold_id))

    def holds(self, since_ns: int) -> tuple[Hold, ...]:
        """All holds Aisle made since a moment (a second early at most), oldest first; not what was declined."""
        with self._translated():
            listed = self._stripe.payment_intents.list(
                {"created": {"gte": since_ns // _S}, "limit": 100, "expand": ["data.latest_charge"]}
            )
            made = [intent for intent in listed.auto_paging_iter() if answers.noted(intent.metadata, answers.KEY)]
        return tuple(answers.hold_of(intent) for intent in reversed(made) if not answers.is_declined(intent))

    # Asking Stripe

    def _intent(self, hold_id: str) -> stripe.PaymentIntent:
        return self._stripe.payment_intents.retrieve(hold_id, {"expand": _CHARGE})

    def _intent_made_with(self, customer: str, key: str) -> stripe.PaymentIntent | None:
        """The intent a key made earlier, also when Stripe has forgotten the key."""
        since = self._clock() // _S - _LOOK_BACK_S
        listed = self._stripe.payment_intents.list(
            {"customer": customer, "created": {"gte": since}, "limit": 100, "expand": ["data.latest_charge"]}
        )
        found = (one for one in listed.auto_paging_iter() if answers.noted(one.metadata, answers.KEY) == key)
        return next(found, None)

    def _refund_made_with(self, hold_id: str, key: str) -> stripe.Refund | None:
        listed = self._stripe.refunds.list({"payment_intent": hold_id, "limit": 100})
        return next((one for one in listed.auto_paging_iter() if answers.noted(one.metadata, answers.KEY) == key), None)

    def _registered(self, method: stripe.PaymentMethod, reference: str) -> Card:
        """The card of a payment method that is on file already, if it is this customer's."""
        customer = self._stripe.customers.retrieve(_id(method.customer))
        if answers.noted(customer.metadata, answers.REFERENCE) != reference:
            raise UnknownPaymentError("the payment method belongs to somebody else; expected one of this customer")
        return _card(customer.id, method)

    def _captured_before(self, hold_id: str, amount: Money, error: stripe.StripeError) -> Hold:
        """The answer to a capture that Stripe refused or failed at: what was wanted may be so already."""
        hold = self._takeable(self._intent(hold_id), amount)
        if hold.status == "captured" and hold.captured == amount:
            return hold
        if hold.status == "captured":
            raise HoldCapturedError(f"hold {hold_id} was captured already, by {hold.captured} and not {amount}")
        raise answers.error_of(error, self._secret) from None

    def _takeable(self, intent: stripe.PaymentIntent, amount: Money) -> Hold:
        """The hold, if money may still be taken from it or was taken already."""
        hold = answers.hold_of(intent)
        check_amount(amount, hold.held.currency, hold.hold_id)
        if hold.status in ("cancelled", "expired"):
            raise HoldExpiredError(f"hold {hold.hold_id} is {hold.status}; nothing is held any more")
        if hold.status == "needs_action":
            raise AuthenticationRequiredError("the customer has not confirmed this hold yet", hold_id=hold.hold_id)
        return hold

    def _card_options(self) -> PaymentIntentCreateParamsPaymentMethodOptions:
        return {"card": {"request_incremental_authorization": "if_available"}} if self._increments else {}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Stripe's errors become the port's; neither the API key nor Stripe's own trace goes with them."""
        try:
            yield
        except stripe.StripeError as error:
            raise answers.error_of(error, self._secret) from None


def _once(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _id(found: str | stripe.StripeObject | None) -> str:
    """The id of something that Stripe names or expands."""
    if found is None or isinstance(found, str):
        return found or ""
    return str(found["id"])


def _card(customer: str, method: stripe.PaymentMethod) -> Card:
    if method.card is None:
        raise UnknownPaymentError(f"found a payment method of type {method.type!r}; expected a card")
    return Card(customer, method.id, method.card.brand, method.card.last4 or "", method.card.fingerprint or "")
