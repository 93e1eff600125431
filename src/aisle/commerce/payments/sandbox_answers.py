"""First answers, kept as bytes: what the sandbox said to a key, said again whenever the key comes back."""

from __future__ import annotations

from typing import NoReturn

import msgspec

from aisle.commerce.payments.port import (
    AmountError,
    AuthenticationRequiredError,
    Card,
    CardDeclinedError,
    Hold,
    HoldCapturedError,
    HoldExpiredError,
    IncrementUnsupportedError,
    PaymentError,
    Refund,
    UnknownPaymentError,
    WrongCurrencyError,
)

_KINDS: tuple[type[PaymentError], ...] = (
    AmountError,
    CardDeclinedError,
    HoldCapturedError,
    HoldExpiredError,
    IncrementUnsupportedError,
    UnknownPaymentError,
    WrongCurrencyError,
)
_BY_CODE = {kind.code: kind for kind in _KINDS}


class _Failure(msgspec.Struct):
    code: str
    message: str
    decline_code: str = ""
    hold_id: str = ""


class _Answer(msgspec.Struct, omit_defaults=True):
    card: Card | None = None
    hold: Hold | None = None
    refund: Refund | None = None
    failure: _Failure | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Answer)


def encode(outcome: Card | Hold | Refund | PaymentError) -> bytes:
    """An outcome as bytes."""
    match outcome:
        case Card():
            answer = _Answer(card=outcome)
        case Hold():
            answer = _Answer(hold=outcome)
        case Refund():
            answer = _Answer(refund=outcome)
        case AuthenticationRequiredError():
            answer = _Answer(failure=_Failure(outcome.code, str(outcome), hold_id=outcome.hold_id))
        case _:
            answer = _Answer(failure=_Failure(outcome.code, str(outcome), outcome.decline_code))
    return _ENCODER.encode(answer)


def decode(answer: bytes) -> Card | Hold | Refund | PaymentError:
    """The outcome in bytes made by `encode`; errors come back as values."""
    kept = _DECODER.decode(answer)
    if kept.failure is not None:
        return _error(kept.failure)
    for found in (kept.card, kept.hold, kept.refund):
        if found is not None:
            return found
    return _unreadable(answer)


def _error(failure: _Failure) -> PaymentError:
    if failure.code == AuthenticationRequiredError.code:
        return AuthenticationRequiredError(failure.message, hold_id=failure.hold_id)
    return _BY_CODE[failure.code](failure.message, decline_code=failure.decline_code)


def _unreadable(answer: bytes) -> NoReturn:
    raise ValueError(f"found a kept answer of {len(answer)} bytes without outcome; expected a card, hold or refund")
