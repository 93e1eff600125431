"""The way from a cart to its shop: one request at a time over HTTP, with a deadline, and an answer that says what next.

Each request may be repeated: the shop recognises it. No whole answer means that nothing is known, so whoever asked asks
again (`UnreachableError`); a refusal with its reason is an answer (`RefusedError`). Only the standard library is used,
as for all posts (see decision 73).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from aisle.cart.audit_book import CheckResult
from aisle.cart.delta import Delta
from aisle.cart.lane import LaneDecision, LaneRequest, Shopper
from aisle.cart.lane_reader import Sighting
from aisle.cart.merge import Merged
from aisle.cart.purchase import CartPurchase
from aisle.commerce.connector.post import LONGEST_ANSWER, HttpTransport, Reply, UnreachableError, checked_url

__all__ = ["HttpShopLink", "RefusedError", "ShopLink", "UnreachableError"]
LONGEST_CATALOGUE = 256 << 20  # bytes
_LATER = frozenset({408, 421, 423, 425, 429})
T = TypeVar("T")


class RefusedError(Exception):
    """The shop said no: `status` as in HTTP, `code` for programs, the message for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ShopLink(Protocol):
    """What a cart asks its shop. Every call may raise UnreachableError and RefusedError."""

    def sign_in(self, code: str, shown_ns: int) -> Shopper:
        """Whose phone this code is from."""

    def lane(self, request: LaneRequest) -> LaneDecision:
        """What happens with a trip at the lane."""

    def checked(self, result: CheckResult) -> None:
        """Tell what a check found."""

    def purchase(self, purchase: CartPurchase) -> Merged:
        """Buy; what became of it."""

    def catalogue(self, since: str) -> Delta:
        """What the catalogue is, as a change from the version `since` ("": the whole of it)."""


class _Problem(msgspec.Struct, frozen=True):
    type: str = ""
    detail: str = ""


class Transport(Protocol):
    """The way there: `commerce.connector.post.HttpTransport`."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post and wait for the answer. Raises UnreachableError."""

    def get(self, url: str, headers: Mapping[str, str], longest: int) -> Reply:
        """Ask for a document. Raises UnreachableError."""


@dataclass(frozen=True, slots=True)
class HttpShopLink:
    """The shop's API at `url`, with the cart's key. Raises ValueError for an address the key must not travel to."""

    url: str
    key: str = field(repr=False)
    transport: Transport = field(default_factory=lambda: HttpTransport(timeout_s=4.0, deadline_s=8.0))
    bulk: Transport = field(default_factory=lambda: HttpTransport(timeout_s=20.0, deadline_s=300.0))
    plain_http: bool = False

    def __post_init__(self) -> None:
        checked_url(self.url, plain_http=self.plain_http)
        if not self.key.isprintable() or not self.key.isascii():
            raise ValueError("found a key with characters no header may hold; expected printable ASCII")

    def sign_in(self, code: str, shown_ns: int) -> Shopper:
        return self._post("/v1/carts/shoppers", {"code": code, "shown_ns": shown_ns}, Shopper)

    def lane(self, request: LaneRequest) -> LaneDecision:
        return self._post("/v1/carts/lane", request, LaneDecision)

    def at_lane(self, cart_id: str) -> str:
        """The lane whose reader sees this cart now; "" where none does. Raises UnreachableError, RefusedError."""
        url = f"{self.url.rstrip('/')}/v1/carts/{quote(cart_id, safe='')}/lane"
        told: Sighting = _read(self.transport.get(url, self._headers(), LONGEST_ANSWER), Sighting)
        return told.lane_id

    def checked(self, result: CheckResult) -> None:
        self._post("/v1/carts/checks", result, Any)

    def purchase(self, purchase: CartPurchase) -> Merged:
        return self._post("/v1/carts/purchases", purchase, Merged)

    def catalogue(self, since: str) -> Delta:
        query = "?" + urlencode({"since": since}) if since else ""
        url = self.url.rstrip("/") + "/v1/carts/catalogue" + query
        told: Delta = _read(self.bulk.get(url, self._headers(), LONGEST_CATALOGUE), Delta)
        return told

    def _post(self, path: str, body: object, answers: type[T] | Any) -> T:
        url = self.url.rstrip("/") + path
        told: T = _read(self.transport.post(url, self._headers(), msgspec.json.encode(body)), answers)
        return told

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "Accept": "application/json",
        }  # fmt: skip


def _read(reply: Reply, answers: Any) -> Any:
    """The answer, or the error it is. An answer that makes no sense is none: it may have been cut on the way."""
    if 200 <= reply.status < 300:
        try:
            return msgspec.json.decode(reply.body, type=answers)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnreachableError(f"the answer makes no sense: {error}") from error
    if reply.status in _LATER or reply.status >= 500:
        raise UnreachableError(f"the shop answered {reply.status}: {reply.excerpt}")
    try:
        problem = msgspec.json.decode(reply.body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = _Problem(detail=reply.excerpt)
    raise RefusedError(reply.status, problem.type.rpartition(":")[2], problem.detail or reply.excerpt)
