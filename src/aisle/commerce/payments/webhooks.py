"""What providers send on their own: signatures checked, then turned into notices.

The scheme is Stripe's, and the sandbox signs in the same way: the header `t=<Unix seconds>,v1=<hex>` holds the
HMAC-SHA256 of `<t>.<body>` under the endpoint's secret, and an old timestamp is refused so that a message cannot be
played back later. A notice never says what a payment is now, only that it is worth asking: messages come late, twice
and out of order.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from aisle.commerce.payments.port import Notice, SignatureError

HEADER = "Stripe-Signature"
TOLERANCE_S = 300
LOOK_AGAIN = "look_again"

# What the providers' events are called here. Whatever is not listed says no more than "look again".
KINDS = {
    "payment_intent.amount_capturable_updated": "held",
    "payment_intent.requires_action": "needs_action",
    "payment_intent.payment_failed": "declined",
    "payment_intent.succeeded": "captured",
    "payment_intent.canceled": "cancelled",
    "charge.captured": "captured",
    "charge.expired": "expired",
    "charge.refunded": "refunded",
    "refund.created": "refunded",
    "refund.failed": "refund_failed",
    "charge.dispute.created": "charged_back",
    "hold.held": "held",
    "hold.raised": "held",
    "hold.needs_action": "needs_action",
    "hold.captured": "captured",
    "hold.cancelled": "cancelled",
    "hold.expired": "expired",
    "hold.refunded": "refunded",
}


class WebhookBodyError(Exception):
    """A webhook that is rightly signed but holds no event: a fault at the provider, or the wrong endpoint."""


class _Object(msgspec.Struct):
    object: str = ""
    id: str = ""
    payment_intent: str | None = None
    metadata: dict[str, str | None] | None = None


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: str
    type: str
    created: int
    data: _Data


_EVENT = msgspec.json.Decoder(_Event)


def sign(body: bytes, secret: str, at_s: int) -> str:
    """The signature header for a body sent at a moment (Unix seconds)."""
    return f"t={at_s},v1={_mac(body, secret, at_s)}"


def verify(body: bytes, header: str, secrets: Sequence[str], now_ns: int, tolerance_s: int = TOLERANCE_S) -> None:
    """Raises SignatureError unless `header` signs `body` under one of `secrets` (two while a secret is changed).

    The moment in the header must lie within `tolerance_s` of `now_ns`, before or after. Comparison takes the same time
    whatever is found. Source: the Stripe-Signature scheme, version 1.
    """
    if not any(secret.strip() for secret in secrets):
        raise SignatureError("found no webhook secret; expected the one the provider shows for this endpoint")
    at_s, found = _parts(header)
    expected = [_mac(body, secret, at_s) for secret in secrets if secret.strip()]
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in found for other in expected]
    if not any(fits):
        raise SignatureError("the webhook's signature does not fit its body; expected one made with the shared secret")
    if abs(now_ns // 1_000_000_000 - at_s) > tolerance_s:
        raise SignatureError(f"the webhook was signed at {at_s} (Unix seconds); expected within {tolerance_s} s of now")


def read_notice(
    body: bytes, header: str, secrets: Sequence[str], now_ns: int, tolerance_s: int = TOLERANCE_S
) -> Notice:
    """The notice in a webhook, after its signature was verified. Raises SignatureError, WebhookBodyError."""
    verify(body, header, secrets, now_ns, tolerance_s)
    try:
        event = _EVENT.decode(body)
    except msgspec.MsgspecError as error:
        raise WebhookBodyError(f"a signed webhook is no event: {error}") from None
    about = event.data.object
    is_payment = about.object in ("payment_intent", "hold")
    return Notice(
        event_id=event.id,
        kind=KINDS.get(event.type, LOOK_AGAIN),
        hold_id=about.id if is_payment else about.payment_intent or "",
        reference=(about.metadata or {}).get("aisle_reference") or "",
        at_ns=event.created * 1_000_000_000,
    )


def _parts(header: str) -> tuple[int, list[str]]:
    """The moment and the version 1 signatures of a header."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in pairs if name == "t" and value.isascii() and value.isdigit()]
    found = [value for name, _, value in pairs if name == "v1"]
    if len(moments) != 1 or len(moments[0]) > 12 or not found:
        raise SignatureError(f"found no usable {HEADER} header; expected 't=<Unix seconds>,v1=<hexadecimal>'")
    return int(moments[0]), found


def _mac(body: bytes, secret: str, at_s: int) -> str:
    return hmac.new(secret.encode(), str(at_s).encode() + b"." + body, hashlib.sha256).hexdigest()
