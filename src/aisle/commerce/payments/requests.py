"""What two providers share of a request: its digest, and the checks an amount must pass before anything is done."""

from __future__ import annotations

import hashlib

from aisle.commerce.money import Money
from aisle.commerce.payments.port import AmountError, WrongCurrencyError


def digest(*request: str) -> str:
    """The digest of a request, by which another request under the same key is recognised."""
    return hashlib.sha256("\x1f".join(request).encode()).hexdigest()


def check_positive(amount: Money) -> None:
    """Raises AmountError unless there is something to move."""
    if amount.minor <= 0:
        raise AmountError(f"found an amount of {amount.minor} minor units; expected one above zero")


def check_amount(amount: Money, currency: str, hold_id: str) -> None:
    """Raises WrongCurrencyError or AmountError unless `amount` is one for a hold in `currency`."""
    if amount.currency != currency:
        raise WrongCurrencyError(f"found an amount in {amount.currency}; expected {currency}, as hold {hold_id}")
    check_positive(amount)
