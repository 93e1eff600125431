"""The port every payment provider stands behind.

The words are those of card payments: a *hold* (authorisation) reserves an amount on a card and ends by a *capture* of
all or part of it, by a *cancel*, or by its expiry; a *refund* gives captured money back. Each call that moves money
takes a `key`: the same key with the same request does nothing more and answers as the first time; the same key with
another request is an error. A call may be repeated after a crash for as long as Aisle lives: adapters look first
whether the hold already is what the call would make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from aisle.commerce.money import Money


@dataclass(frozen=True, slots=True)
class Card:
    """A card on file: the provider's tokens, and what may be shown of it."""

    customer: str  # the provider's customer
    token: str  # the provider's payment method
    brand: str
    last4: str
    fingerprint: str = ""  # the same for the same card, whoever presents it


HoldStatus = Literal["held", "captured", "cancelled", "expired", "needs_action"]


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as the provider sees it now. `expires_at_ns` is when it lapses (Unix time), None when unknown."""

    hold_id: str
    status: HoldStatus
    held: Money
    captured: Money
    refunded: Money
    expires_at_ns: int | None = None
    reference: str = ""  # Aisle's name for what is paid: the visit


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back."""

    refund_id: str
    hold_id: str
    amount: Money


class PaymentError(Exception):
    """A provider did not do what was asked. `code` is stable, `message` is for people at the shop."""

    code = "payment_failed"

    def __init__(self, message: str, *, decline_code: str = "") -> None:
        super().__init__(message)
        self.decline_code = decline_code


class CardDeclinedError(PaymentError):
    """The bank said no; another card or another day may help."""

    code = "card_declined"


class AuthenticationRequiredError(PaymentError):
    """The bank wants the customer to confirm; `hold_id` is the payment to confirm."""

    code = "authentication_required"

    def __init__(self, message: str, *, hold_id: str = "") -> None:
        super().__init__(message)
        self.hold_id = hold_id


class HoldExpiredError(PaymentError):
    """The hold has lapsed or was cancelled; nothing can be captured from it."""

    code = "hold_expired"


class HoldCapturedError(PaymentError):
    """The hold was captured already, by another amount than asked for now, or cannot be released any more."""

    code = "hold_captured"


class CardNumberError(PaymentError):
    """Something that looks like a card number came where a provider's token belongs. The text is kept nowhere."""

    code = "card_number_refused"


class AmountError(PaymentError):
    """More than is held or captured was asked for, or an amount that is not positive."""

    code = "amount_invalid"


class WrongCurrencyError(PaymentError):
    """An amount in another currency than the hold's."""

    code = "currency_mismatch"


class KeyReusedError(PaymentError):
    """The same idempotency key came with another request: a fault in the caller."""

    code = "idempotency_key_reused"


class IncrementUnsupportedError(PaymentError):
    """This hold cannot be raised; the difference needs a hold of its own."""

    code = "increment_unsupported"


class UnknownPaymentError(PaymentError):
    """The provider knows no such hold, customer or card."""

    code = "unknown_payment"


class ProviderUnavailableError(PaymentError):
    """The provider did not answer; whether the request was carried out is not known. Repeat with the same key."""

    code = "provider_unavailable"


class PaymentProvider(Protocol):
    """What Aisle needs of a payment provider."""

    name: str

    def register(self, reference: str, token: str, *, key: str) -> Card:
        """Keep the card behind a one-time `token` (from the provider's own form or terminal) for later payments."""

    def authorise(self, card: Card, amount: Money, *, reference: str, key: str) -> Hold:
        """Hold `amount` on the card, the customer not being asked. Raises CardDeclined, AuthenticationRequired, …"""

    def increment(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Raise a hold to `amount` in all. Raises IncrementUnsupported where card or plan do not allow it."""

    def capture(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        """Take `amount`, at most what is held; the rest is released."""

    def cancel(self, hold_id: str, *, key: str) -> Hold:
        """Release a hold. A hold that has lapsed counts as released."""

    def refund(self, hold_id: str, amount: Money, *, key: str) -> Refund:
        """Give back `amount` of what was captured; several refunds never exceed it."""

    def hold(self, hold_id: str) -> Hold:
        """The hold as it is now."""

    def holds(self, since_ns: int) -> tuple[Hold, ...]:
        """All holds made since a moment, oldest first: what reconciliation holds the ledger against."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified message from a provider's webhook: something about `hold_id` changed; ask the provider what it is now.

    `event_id` is the provider's, the same when the message is delivered again.
    """

    event_id: str
    kind: str
    hold_id: str
    reference: str
    at_ns: int


class SignatureError(Exception):
    """A webhook whose signature does not fit its body, or is too old."""
