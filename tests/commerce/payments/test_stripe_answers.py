"""Stripe's objects and errors, as its API reference shows them, in the port's words."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from aisle.commerce.money import Money
from aisle.commerce.payments import stripe_answers as answers
from aisle.commerce.payments.port import (
    AmountError,
    AuthenticationRequiredError,
    CardDeclinedError,
    Hold,
    HoldExpiredError,
    KeyReusedError,
    PaymentError,
    ProviderUnavailableError,
    UnknownPaymentError,
)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def intent(
    status: str, received: int = 0, refunded: int = 0, reason: str | None = None, **more: Any
) -> stripe.PaymentIntent:
    charge = {
        "object": "charge", "id": "ch_1", "amount": 500, "amount_refunded": refunded,
        "payment_method_details": {"type": "card", "card": {"capture_before": 1_800_000_000}},
    }  # fmt: skip
    return stripe.PaymentIntent.construct_from(
        {
            "object": "payment_intent", "id": "pi_1", "amount": 500, "currency": "usd", "status": status,
            "amount_received": received, "cancellation_reason": reason, "latest_charge": charge,
            "last_payment_error": None, "metadata": {"aisle_reference": "v1"}, **more,
        },
        "sk",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "status", "held", "captured", "refunded"),
    [
        pytest.param(intent("requires_capture"), "held", 500, 0, 0, id="held"),
        pytest.param(intent("succeeded", 500), "captured", 500, 500, 0, id="captured whole"),
        pytest.param(intent("succeeded", 420, 80), "captured", 500, 420, 0, id="what was not captured is no refund"),
        pytest.param(intent("succeeded", 420, 100), "captured", 500, 420, 20, id="a refund after a partial capture"),
        pytest.param(intent("succeeded", 420, 500), "captured", 500, 420, 420, id="all given back"),
        pytest.param(intent("canceled", 0, 500, "requested_by_customer"), "cancelled", 500, 0, 0, id="cancelled"),
        pytest.param(intent("canceled", 0, 500, None), "cancelled", 500, 0, 0, id="cancelled without a word"),
        pytest.param(intent("canceled", 0, 500, "automatic"), "expired", 500, 0, 0, id="lapsed"),
        pytest.param(intent("canceled", 0, 500, "expired"), "expired", 500, 0, 0, id="lapsed, the newer word"),
        pytest.param(intent("requires_action"), "needs_action", 0, 0, 0, id="wants the customer"),
        pytest.param(intent("requires_payment_method"), "needs_action", 0, 0, 0, id="declined"),
    ],
)
def test_an_intent_is_a_hold(found: stripe.PaymentIntent, status: str, held: int, captured: int, refunded: int) -> None:
    amounts = (usd(minor) for minor in (held, captured, refunded))
    assert answers.hold_of(found) == Hold("pi_1", status, *amounts, 1_800_000_000 * 10**9, "v1")  # type: ignore[arg-type]


def test_an_intent_without_charge_is_a_hold_without_end() -> None:
    found = intent("requires_payment_method", latest_charge=None, metadata=None)
    assert (answers.hold_of(found).expires_at_ns, answers.hold_of(found).reference) == (None, "")


@pytest.mark.parametrize(
    ("found", "error"),
    [
        pytest.param(intent("processing"), ProviderUnavailableError, id="the bank has not answered"),
        pytest.param(intent("requires_action"), AuthenticationRequiredError, id="wants the customer"),
        pytest.param(
            intent(
                "requires_payment_method", last_payment_error={"code": "card_declined", "decline_code": "lost_card"}
            ),
            CardDeclinedError,
            id="declined",
        ),
        pytest.param(
            intent("requires_payment_method", last_payment_error={"code": "authentication_required"}),
            AuthenticationRequiredError,
            id="wants the customer, off-session",
        ),
        pytest.param(intent("requires_payment_method"), CardDeclinedError, id="declined without a word"),
        pytest.param(intent("requires_capture"), type(None), id="held"),
    ],
)
def test_an_intent_that_holds_nothing_says_why(found: stripe.PaymentIntent, error: type[object]) -> None:
    assert type(answers.failure_of(found)) is error


def body(**about: Any) -> dict[str, Any]:
    return {"error": {"message": "No.", **about}}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(
            stripe.CardError("No.", None, "card_declined", json_body=body()), CardDeclinedError, id="declined"
        ),
        pytest.param(
            stripe.CardError("No.", None, "authentication_required", json_body=body(payment_intent={"id": "pi_1"})),
            AuthenticationRequiredError,
            id="wants the customer",
        ),
        pytest.param(stripe.IdempotencyError("No."), KeyReusedError, id="key"),
        pytest.param(stripe.InvalidRequestError("No.", None, "resource_missing"), UnknownPaymentError, id="missing"),
        pytest.param(stripe.InvalidRequestError("No.", None, http_status=404), UnknownPaymentError, id="404"),
        pytest.param(stripe.InvalidRequestError("No.", None, "amount_too_large"), AmountError, id="amount"),
        pytest.param(
            stripe.InvalidRequestError("No.", None, "charge_expired_for_capture"), HoldExpiredError, id="lapsed"
        ),
        pytest.param(stripe.InvalidRequestError("No.", None, "parameter_unknown"), PaymentError, id="another refusal"),
        pytest.param(stripe.APIConnectionError("No."), ProviderUnavailableError, id="network"),
        pytest.param(stripe.APIError("No.", http_status=500), ProviderUnavailableError, id="its own fault"),
        pytest.param(stripe.RateLimitError("No.", http_status=429), ProviderUnavailableError, id="too many"),
        pytest.param(stripe.AuthenticationError("No."), ProviderUnavailableError, id="API key"),
        pytest.param(stripe.PermissionError("No."), ProviderUnavailableError, id="API key with too few rights"),
    ],
)
def test_errors_are_those_of_the_port(error: stripe.StripeError, kind: type[PaymentError]) -> None:
    assert type(answers.error_of(error, "sk_secret")) is kind


def test_the_intent_to_confirm_is_named() -> None:
    error = stripe.CardError("No.", None, "authentication_required", json_body=body(payment_intent={"id": "pi_1"}))
    found = answers.error_of(error, "sk_secret")
    assert isinstance(found, AuthenticationRequiredError)
    assert found.hold_id == "pi_1"


def test_the_banks_own_reason_counts() -> None:
    error = stripe.CardError("No.", None, "card_declined", json_body=body(decline_code="insufficient_funds"))
    assert answers.error_of(error, "sk_secret").decline_code == "insufficient_funds"


def test_the_api_key_is_taken_out_of_every_message() -> None:
    found = answers.error_of(stripe.APIConnectionError("no way to https://sk_secret@host"), "sk_secret")
    assert "sk_secret" not in str(found)
