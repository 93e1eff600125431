"""The door of the API: which caller a request comes from, and whether that caller may.

Dependencies are `async` although they wait for nothing: the framework would otherwise send each to a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request

from aisle.visits.journal import MessageId
from aisle.web.keys import Caller, KeyRing, Role, ShopperTokens
from aisle.web.problems import ProblemError, shown

SCHEME = {"bearer": {"type": "http", "scheme": "bearer", "description": "A key or a shopper's token."}}


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Knows callers by what they carry."""

    keys: KeyRing
    tokens: ShopperTokens
    clock: Callable[[], int]

    def caller(self, authorization: str | None) -> Caller:
        """Who carries this `Authorization` header. Raises a 401 problem when nobody known does."""
        scheme, _, carried = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not carried:
            raise _unknown("no key", "a header Authorization: Bearer KEY")
        known = self.tokens.find(carried, self.clock()) or self.keys.find(carried)
        if known is None:
            raise _unknown("a key nobody holds, or a token that has lapsed", "a key of this shop")
        return known


def allow(*roles: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who has one of `roles` or is an operator."""

    async def door(request: Request, authorization: Annotated[str | None, Header()] = None) -> Caller:
        keeper: Doorkeeper = request.app.state.doorkeeper
        caller = keeper.caller(authorization)
        if caller.role is not Role.OPERATOR and caller.role not in roles:
            wanted = " or ".join(role.value for role in (*roles, Role.OPERATOR))
            raise ProblemError(
                403, "role_not_allowed", "This key may not do that.", found=caller.role.value, expected=wanted
            )
        return caller

    return door


async def message_of(
    request: Request,
    aisle_message: Annotated[
        str | None,
        Header(
            max_length=100,
            description="`boot/sequence`: a device's start and its count of messages since. A repeat gets the first "
            "answer and changes nothing.",
            examples=["7f3a/42"],
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=64, description="The same for callers that do not count: a text never used before."),
    ] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> MessageId | None:
    """The number of this message under its sender's name; None when it has none."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    if aisle_message is None and idempotency_key is None:
        return None
    sender = keeper.caller(authorization)
    device = _short(f"{sender.role}:{sender.subject}")
    if aisle_message is None:
        return MessageId(f"{device}:k", _printable("Idempotency-Key", idempotency_key or ""), 0)
    boot, slash, count = _printable("Aisle-Message", aisle_message).partition("/")
    if not boot or not slash or not count.isascii() or not count.isdigit() or len(count) > 18 or len(boot) > 64:
        raise ProblemError(
            422, "message_invalid", "The header Aisle-Message is not a message's number.", found=shown(aisle_message),
            expected="boot/sequence, such as 7f3a/42",
        )  # fmt: skip
    return MessageId(device, boot, int(count))


def _short(sender: str) -> str:
    """A sender's name as the journal keeps it: long ones by their digest."""
    return sender if len(sender) <= 60 else hashlib.sha256(sender.encode()).hexdigest()[:60]


def _printable(header: str, value: str) -> str:
    if not value or not value.isascii() or not value.isprintable():
        raise ProblemError(
            422,
            "message_invalid",
            f"The header {header} is not a text.",
            found=shown(value),
            expected="printable ASCII",
        )
    return value


def own(caller: Caller, customer_id: str | None, what: str) -> None:
    """Shoppers see their own things only; anything else is, for them, not there."""
    if caller.role is Role.SHOPPER and caller.subject != customer_id:
        raise ProblemError(404, "not_found", f"There is no such {what}.")


def _unknown(found: str, expected: str) -> ProblemError:
    return ProblemError(
        401,
        "unauthenticated",
        "This request does not say who asks.",
        found=found,
        expected=expected,
        headers={"WWW-Authenticate": "Bearer"},
    )
