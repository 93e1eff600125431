"""Signed webhooks: what happened in the shop, told to the retailer's own systems.

The signature is that of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body, so the receiver
can tell that the message is Aisle's, whole and fresh, with any of the libraries there are for it.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aisle.commerce.connector.post import Answer, HttpTransport, Transport, TryLater, checked_url, classify, send

SECRET_PREFIX = "whsec_"
TOLERANCE_S = 300
_ID = re.compile(r"[A-Za-z0-9_:-]{1,200}")


class SecretError(ValueError):
    """A signing secret that is none; the message never holds it."""


class WebhookError(ValueError):
    """A webhook whose headers, time or signature are not right. `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def signing_key(secret: str) -> bytes:
    """The key behind a secret as it is handed out: `whsec_` and base64 of 24 to 64 bytes. Raises SecretError."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretError(f"found a signing secret that is no base64; expected {SECRET_PREFIX} and base64") from error
    if not secret.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise SecretError(
            f"found a signing secret of {len(key)} bytes; expected {SECRET_PREFIX} and base64 of 24 to 64 bytes"
        )
    return key


def new_secret(random: Callable[[int], bytes]) -> str:
    """A fresh secret out of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(random(32)).decode("ascii")


def signature(key: bytes, message_id: str, at_s: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.time.body`."""
    digest = hmac.new(key, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def signed_headers(keys: Sequence[bytes], message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers of a signed webhook. Several keys give several signatures, so that a secret can be exchanged.

    Raises ValueError for an id that could be taken for something else in what is signed.
    """
    if not _ID.fullmatch(message_id):
        raise ValueError(f"found the message id {message_id[:40]!r}; expected letters, digits, _, : and - only")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(signature(key, message_id, at_s, body) for key in keys),
    }


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now_s: int) -> str:
    """The id of a webhook that is ours, whole and at most five minutes off. Raises WebhookError.

    `headers` have names in lower case. This is the receiver's side, for peers written in Python and for tests.
    """
    message_id, at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not _ID.fullmatch(message_id) or not re.fullmatch(r"[0-9]{1,12}", at):
        raise WebhookError("headers", "found no whole webhook-id and webhook-timestamp")
    if abs(int(at) - now_s) > TOLERANCE_S:
        raise WebhookError("time", f"found a webhook {abs(int(at) - now_s)} s off; expected at most {TOLERANCE_S} s")
    wanted = [signature(key, message_id, int(at), body).encode() for key in keys]
    given = [part.encode("utf-8", "replace") for part in signatures.split(" ")[:20]]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
        raise WebhookError("signature", "found no signature that fits id, time and body")
    return message_id


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """A retailer's address for webhooks, with the secrets that sign for it (the newest first), the way and the clock.

    Raises SecretError and ValueError when made with secrets or an address that will not do.
    """

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    transport: Transport = field(default_factory=HttpTransport)
    clock: Callable[[], dt.datetime] = _now
    plain_http: bool = False

    def __post_init__(self) -> None:
        checked_url(self.url, plain_http=self.plain_http)
        if not self.secrets:
            raise SecretError("found no signing secret; expected at least one")
        for secret in self.secrets:
            signing_key(secret)

    def post(self, message_id: str, body: bytes) -> Answer:
        """Send one webhook; a repeat carries the same `message_id`, a fresh time and a fresh signature.

        410 Gone is permanent like other refusals: the retailer wants no more of these.
        """
        now = self.clock()
        keys = [signing_key(secret) for secret in self.secrets]
        headers = signed_headers(keys, message_id, int(now.timestamp()), body)
        reply = send(self.transport, self.url, {"Content-Type": "application/json", **headers}, body)
        return reply if isinstance(reply, TryLater) else classify(reply, now)
