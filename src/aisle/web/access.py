"""The door of the API: which caller a request comes from, and whether that caller may.

Dependencies are `async` although they wait for nothing: the framework would otherwise send each to a thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request

from aisle.web.keys import Caller, KeyRing, Role, ShopperTokens
from aisle.web.problems import ProblemError

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
