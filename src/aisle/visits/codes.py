"""Entry codes: what a customer's phone shows at the gate as a QR code, good for seconds and for one entry.

A code is text: a version, the customer, when it was made, a number used once, and a signature over all of it
(HMAC-SHA256, its first 16 bytes; RFC 2104 allows the truncation). The gate needs no look-up to refuse a forged one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aisle.visits.errors import CodeExpiredError, CodeForgedError
from aisle.visits.policy import SECOND_NS

_VERSION = "A1"
_PART = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAC_BYTES = 16
_AHEAD_S = 5.0  # a phone's code may come from a clock a little ahead of the gate's


@dataclass(frozen=True, slots=True)
class EntryCode:
    """An opened code: who, when it was made (Unix s), and its number used once."""

    customer_id: str
    issued_s: int
    nonce: str


class Codes:
    """Makes and opens entry codes. The first key signs, all keys open, so that a key can be replaced in use."""

    def __init__(self, keys: Sequence[bytes], valid_s: float = 30.0) -> None:
        if not keys or min(map(len, keys)) < 16:
            raise ValueError(
                f"found keys of {[len(key) for key in keys]} bytes; expected at least one, each of 16 or more"
            )
        self._keys = tuple(keys)
        self._valid_s = valid_s

    def issue(self, customer_id: str, now_ns: int, nonce: str) -> str:
        """A fresh code. `nonce` must never have been given before. Raises ValueError for ids a code cannot carry."""
        for part in (customer_id, nonce):
            if not _PART.fullmatch(part):
                raise ValueError(f"found {part!r}; expected 1 to 64 letters, digits, '-' or '_'")
        text = f"{_VERSION}.{customer_id}.{now_ns // SECOND_NS:x}.{nonce}"
        return f"{text}.{_signature(self._keys[0], text).decode()}"

    def open(self, text: str, now_ns: int) -> EntryCode:
        """What a code says. Raises CodeForgedError when it is not ours, CodeExpiredError when its time is over."""
        said, _, signature = text.rpartition(".")
        parts = said.split(".")
        signed = signature.encode("utf-8", "replace")
        if len(parts) != 4 or not any(hmac.compare_digest(_signature(key, said), signed) for key in self._keys):
            raise CodeForgedError("this is no entry code of this shop", found="a wrong signature", expected="ours")
        code = EntryCode(parts[1], int(parts[2], 16), parts[3])
        age_s = now_ns / SECOND_NS - code.issued_s
        if not -_AHEAD_S <= age_s <= self._valid_s:
            raise CodeExpiredError(
                "this entry code is too old: show the one on the phone now",
                found=f"a code made {age_s:.0f} s ago",
                expected=f"at most {self._valid_s:.0f} s",
            )
        return code


def _signature(key: bytes, text: str) -> bytes:
    digest = hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_MAC_BYTES]).rstrip(b"=")
