"""Addresses of a visit's pages, for mails: whoever was sent one may open it, and nobody can guess one.

A receipt's address holds the visit's id and a signature of it under the shop's secret, so nothing is stored for it and
a signature for one visit opens no other. A debt's address holds the secret the journal made for that debt.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

_PURPOSE = b"aisle receipt page\n"
_BYTES = 16


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes and opens addresses under `base` ("https://shop.example"); `secret` is the shop's."""

    base: str
    secret: bytes = field(repr=False)

    def receipt(self, visit_id: str) -> str:
        """Where the receipt of a visit is."""
        return f"{self.base.rstrip('/')}/receipts/{visit_id}.{self._signature(visit_id)}"

    def pay(self, pay_token: str) -> str:
        """Where a debt is paid."""
        return f"{self.base.rstrip('/')}/pay/{pay_token}"

    def visit_of(self, signed: str) -> str | None:
        """The visit that `visit_id.signature` opens; None when we never made it. Takes the same time for any."""
        visit_id, _, signature = signed.rpartition(".")
        wanted = self._signature(visit_id).encode()
        return visit_id if hmac.compare_digest(signature.encode("utf-8", "replace"), wanted) else None

    def _signature(self, visit_id: str) -> str:
        digest = hmac.digest(self.secret, _PURPOSE + visit_id.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:_BYTES]).decode().rstrip("=")
