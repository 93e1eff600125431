"""What stands in front of a cart's server: known hosts only, short bodies, no more touches than fingers can make.

A page of the web open on the same machine must not reach the cart by a name that points here (DNS rebinding), and
nothing that went wild may fill the core's queue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from aisle.web.problems import ProblemError, problem_response, shown

LARGEST_BODY = 16_384  # bytes
TOUCHES_PER_S, TOUCHES_AT_ONCE = 20.0, 60.0
LOCAL = frozenset({"127.0.0.1", "localhost", "::1", "testserver"})


class Allowance:
    """So many touches a second, and a few more at once. Thread-safe."""

    def __init__(
        self, clock: Callable[[], float], per_s: float = TOUCHES_PER_S, burst: float = TOUCHES_AT_ONCE
    ) -> None:
        self._clock, self._per_s, self._burst = clock, per_s, burst
        self._left, self._at_s = burst, clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one; seconds to wait where none is left, 0 where there was one."""
        with self._lock:
            now_s = self._clock()
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
            self._at_s = now_s
            if self._left < 1.0:
                return (1.0 - self._left) / self._per_s
            self._left -= 1.0
            return 0.0


class Guard:
    """An ASGI application reached by known host names only (None: by any), with bounded touches."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None, allowance: Allowance) -> None:
        self._app, self._hosts, self._allowance = app, hosts, allowance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] == "http":
            refused = self._refusal(scope)
            if refused is not None:
                await problem_response(Request(scope), refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ProblemError | None:
        named = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        if self._hosts is not None and _host(named) not in self._hosts:
            return ProblemError(
                421, "host_unknown", "This cart does not go by that name.", found=shown(named), expected="this machine"
            )
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            wait_s = self._allowance.take()
            if wait_s > 0:
                return ProblemError(
                    429, "too_many_touches", "More touches than fingers can make.", found="too many in a second",
                    expected=f"{TOUCHES_PER_S:.0f} a second", headers={"Retry-After": str(int(wait_s) + 1)},
                )  # fmt: skip
        return None


def _host(named: str) -> str:
    """The host of a Host header, without its port."""
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0].lower()
