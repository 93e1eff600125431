"""How long a request's body may be: nobody, known or not, fills the shop's memory.

Bodies are read before it is known who asks, so the bound stands in front of everything else.
"""

from __future__ import annotations

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aisle.web.problems import ProblemError, problem_response

LARGEST_BODY = 1024 * 1024  # bytes; a basket of 500 lines is a seventh of it


class BoundedBodies:
    """An ASGI application whose requests carry at most `largest` bytes; longer ones get a 413."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by the length that is announced, else as soon as more has come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and (len(announced) > 18 or int(announced) > self._largest):
            problem = ProblemError(
                413, "body_too_large", "No request to this shop is so long.", expected=f"at most {self._largest} bytes"
            )
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._largest:
                raise HTTPException(413, f"No request to this shop is longer than {self._largest} bytes.")
            return message

        await self._app(scope, counted, send)
