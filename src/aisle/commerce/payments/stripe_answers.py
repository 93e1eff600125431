"""What Stripe answers, in the words of the port: intents as holds, its errors as Aisle's.

Two things are easily read wrongly. A partial capture gives the rest back through a refund of Stripe's own, which its
`amount_refunded` counts although nobody paid that money: it is taken off again here. And an intent whose hold lapsed is
`canceled` like one that was cancelled; only its reason tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe

from aisle.commerce.money import Money
from aisle.commerce.payments.port import (
    AmountError,
    AuthenticationRequiredError,
    CardDeclinedError,
    Hold,
    HoldExpiredError,
    HoldStatus,
    KeyReusedError,
    PaymentError,
    ProviderUnavailableError,
    UnknownPaymentError,
)

KEY = "aisle_key"
REFERENCE = "aisle_reference"
REQUEST = "aisle_request"

_S = 1_000_000_000
_LAPSED = ("automatic", "expired")
_STATUS: Mapping[str, HoldStatus] = {"requires_capture": "held", "succeeded": "captured"}
_AMOUNT_CODES = ("amount_too_large", "amount_too_small", "charge_already_refunded", "invalid_charge_amount")
# Stripe counts these in hundredths, although the currencies no longer have any (docs: "Special cases").
_HUNDREDTHS = frozenset({"ISK", "UGX"})


def to_stripe(amount: Money) -> int:
    """The number that Stripe wants for an amount."""
    return amount.minor * (100 if amount.currency in _HUNDREDTHS else 1)


def from_stripe(number: int, currency: str) -> Money:
    """The amount behind one of Stripe's numbers."""
    code = currency.upper()
    return Money(number // (100 if code in _HUNDREDTHS else 1), code)


def hold_of(intent: stripe.PaymentIntent) -> Hold:
    """An intent, with its latest charge expanded, as a hold. Nothing is held while the customer must confirm."""
    status = status_of(intent)
    charge = intent.latest_charge if isinstance(intent.latest_charge, stripe.Charge) else None
    received = intent.amount_received
    refunded = 0
    if charge is not None and status == "captured":
        released = intent.amount - received
        refunded = charge.amount_refunded - (released if charge.amount_refunded >= released else 0)
    return Hold(
        hold_id=intent.id,
        status=status,
        held=from_stripe(0 if status == "needs_action" else intent.amount, intent.currency),
        captured=from_stripe(received, intent.currency),
        refunded=from_stripe(refunded, intent.currency),
        expires_at_ns=_expires_at_ns(charge),
        reference=noted(intent.metadata, REFERENCE),
    )


def noted(metadata: stripe.StripeObject | None, name: str) -> str:
    """What Aisle noted in an object's metadata under a name, "" when nothing."""
    return "" if metadata is None or name not in metadata else str(metadata[name])


def status_of(intent: stripe.PaymentIntent) -> HoldStatus:
    """The state of an intent in the port's words."""
    if intent.status == "canceled":
        return "expired" if intent.cancellation_reason in _LAPSED else "cancelled"
    return _STATUS.get(intent.status, "needs_action")


def failure_of(intent: stripe.PaymentIntent) -> PaymentError | None:
    """Why an intent does not hold money, None when it does or did."""
    if intent.status in ("requires_capture", "succeeded", "canceled"):
        return None
    if intent.status == "processing":
        return ProviderUnavailableError("the bank has not answered yet; ask again")
    if intent.status == "requires_action":
        return AuthenticationRequiredError("the bank wants the customer to confirm", hold_id=intent.id)
    last = intent.last_payment_error
    codes = tuple(str(getattr(last, name, None) or "") for name in ("code", "decline_code"))
    return _declined(codes, str(getattr(last, "message", None) or ""), intent.id)


def is_declined(intent: stripe.PaymentIntent) -> bool:
    """Whether the bank said no, so that nothing is held and nothing is left to do."""
    return isinstance(failure_of(intent), CardDeclinedError)


def error_of(error: stripe.StripeError, secret: str) -> PaymentError:
    """One of Stripe's errors in the port's words. `secret` (the API key) is taken out wherever it would show."""
    about = _about(error)
    message = _message(error, secret)
    match error:
        case stripe.CardError():
            codes = (error.code or "", str(about.get("decline_code") or ""))
            return _declined(codes, message, _intent_id(about))
        case stripe.IdempotencyError():
            return KeyReusedError(message)
        case stripe.AuthenticationError() | stripe.PermissionError():
            return ProviderUnavailableError("Stripe refused the API key; expected a secret key with access to payments")
        case stripe.InvalidRequestError() if error.http_status == 404 or error.code == "resource_missing":
            return UnknownPaymentError(message)
        case stripe.InvalidRequestError() if error.code == "charge_expired_for_capture":
            return HoldExpiredError(message)
        case stripe.InvalidRequestError() if error.code in _AMOUNT_CODES:
            return AmountError(message)
        case stripe.InvalidRequestError():
            return PaymentError(f"Stripe did not accept the request: {message}")
    return ProviderUnavailableError(f"Stripe did not answer: {message}")


def _declined(codes: tuple[str, ...], message: str, intent_id: str) -> PaymentError:
    if "authentication_required" in codes:
        return AuthenticationRequiredError(message or "the bank wants the customer to confirm", hold_id=intent_id)
    return CardDeclinedError(message or "the bank declined the card", decline_code=next(filter(None, codes[::-1]), ""))


def _about(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    about = body.get("error") if isinstance(body, dict) else None
    return about if isinstance(about, dict) else {}


def _intent_id(about: Mapping[str, Any]) -> str:
    for kind in ("payment_intent", "setup_intent"):
        intent = about.get(kind)
        if isinstance(intent, dict):
            return str(intent.get("id", ""))
    return ""


def _message(error: stripe.StripeError, secret: str) -> str:
    text = str(error)
    return text.replace(secret, "(API key)") if secret else text


def _expires_at_ns(charge: stripe.Charge | None) -> int | None:
    if charge is None or charge.payment_method_details is None or charge.payment_method_details.card is None:
        return None
    before = getattr(charge.payment_method_details.card, "capture_before", None)
    return None if before is None else int(before) * _S
