"""A cart's server as one ASGI application."""

from __future__ import annotations

import time
from concurrent.futures import TimeoutError as LateError

from fastapi import FastAPI, Request, Response

from aisle import __version__
from aisle.cart.journal import JournalError
from aisle.cart.live import LiveCart
from aisle.cart.running import RefusedError
from aisle.cart.staff import StaffActError
from aisle.web.bodies import BoundedBodies
from aisle.web.cart import page
from aisle.web.cart.guards import LARGEST_BODY, LOCAL, Allowance, Guard
from aisle.web.cart.routes import SPOKEN, routes
from aisle.web.documents import describe
from aisle.web.problems import PROBLEMS, ProblemError, problem_response, tell_problems

DESCRIPTION = """One cart: its screen, the touches on it, and what staff put right.

Amounts are whole minor units and, beside them, texts in the screen's language. Errors are problem documents (RFC 9457).
"""
SCHEME = {"staff": {"type": "http", "scheme": "bearer", "description": "The token of a signed-in member of staff."}}


def create_cart_app(cart: LiveCart, *, hosts: frozenset[str] | None = LOCAL) -> FastAPI:
    """The server of a cart. `hosts` are the names it may be reached by, None for any. It does not start the cart."""
    app = FastAPI(title="Aisle cart", version=__version__, description=DESCRIPTION, responses=PROBLEMS)
    app.state.cart = cart
    app.state.streams = 0
    tell_problems(app)
    app.add_middleware(BoundedBodies, largest=LARGEST_BODY)
    app.add_middleware(Guard, hosts=hosts, allowance=Allowance(time.monotonic))
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(StaffActError, _act_refused)
    app.add_exception_handler(LateError, _late)
    app.add_exception_handler(OSError, _disk)
    app.add_exception_handler(JournalError, _disk)
    app.include_router(routes)
    app.include_router(page.routes)
    describe(app, SPOKEN, SCHEME)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    problem = ProblemError(409, error.code, str(error), found=error.found, expected=error.expected)
    return problem_response(request, problem)


async def _act_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, StaffActError)
    problem = ProblemError(422, error.code, str(error), found=error.found, expected=error.expected)
    return problem_response(request, problem)


async def _disk(request: Request, error: Exception) -> Response:
    """What cannot be kept is not done: the journal comes before everything."""
    return problem_response(request, ProblemError(503, "journal_unwritable", f"The cart cannot keep this: {error}"))


async def _late(request: Request, error: Exception) -> Response:
    problem = ProblemError(
        503, "cart_slow", "The cart did not answer in time; try again.", headers={"Retry-After": "1"}
    )
    return problem_response(request, problem)
