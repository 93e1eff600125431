"""The client's side of the ordering connector: a settled purchase goes to the retailer's endpoint.

The retailer prices and books it under `idempotentShoppingTripId`, so posting again after a lost answer is right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from aisle.commerce.connector.post import (
    Answer,
    Done,
    HttpTransport,
    Reply,
    Transport,
    TryLater,
    checked_url,
    classify,
    send,
)
from aisle.commerce.connector.purchase import PATH, Purchase, written


class _Created(msgspec.Struct, frozen=True, rename="camel"):
    purchase_id: str


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class OrderConnector:
    """A retailer's endpoint for purchases: `url` without the path, the bearer `token`, the way there, the clock.

    Raises ValueError when made with an address the token must not travel to.
    """

    url: str
    token: str = field(repr=False)
    transport: Transport = field(default_factory=HttpTransport)
    clock: Callable[[], dt.datetime] = _now
    plain_http: bool = False

    def __post_init__(self) -> None:
        checked_url(self.url, plain_http=self.plain_http)
        if not self.token.isprintable() or not self.token.isascii():
            raise ValueError("found a token with characters no header may hold; expected printable ASCII")

    def post(self, purchase: Purchase) -> Answer:
        """Post a purchase once.

        201 gives the retailer's `purchaseId` in `Done.reference`; 409 means it is there already, and that is done too.
        A 2xx without a purchase id is done without reference.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        reply = send(self.transport, self.url.rstrip("/") + PATH, headers, written(purchase))
        return reply if isinstance(reply, TryLater) else self._answer(reply)

    def _answer(self, reply: Reply) -> Answer:
        if reply.status == 409:
            return Done(reply.status, _purchase_id(reply), repeated=True)
        answer = classify(reply, self.clock())
        if isinstance(answer, Done):
            return Done(reply.status, _purchase_id(reply), repeated=reply.status == 200)
        return answer


def _purchase_id(reply: Reply) -> str:
    try:
        return msgspec.json.decode(reply.body, type=_Created).purchase_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
