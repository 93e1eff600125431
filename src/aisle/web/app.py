"""The API as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from aisle import __version__
from aisle.cart.audit_book import AuditReport
from aisle.cart.delta import Delta
from aisle.cart.lane import LaneDecision, Shopper
from aisle.cart.lane_reader import Sighting
from aisle.cart.merge import Merged
from aisle.commerce.pricing.errors import PricingError
from aisle.commerce.receipts.receipt import Receipt
from aisle.visits.entrance import Entry
from aisle.visits.errors import VisitError
from aisle.visits.model import VisitDispute
from aisle.visits.reading import JournalEntry, LiveBasket
from aisle.web import carts, catalogue, customers, entrance, operations, pages, purchases, views, visiting
from aisle.web.access import SCHEME
from aisle.web.backend import Backend
from aisle.web.bodies import BoundedBodies
from aisle.web.documents import describe
from aisle.web.keys import KeyFileError
from aisle.web.problems import PROBLEMS, ProblemError, problem_response, tell_problems

DESCRIPTION = """Visits, baskets, receipts, refunds, catalogue, prices, promotions, customers and gates of one shop.

Amounts are whole minor units of the shop's currency, times Unix nanoseconds. Errors are problem documents (RFC 9457).
A message that may be sent twice carries `Aisle-Message` (devices) or `Idempotency-Key` (others): the repeat gets the
first answer and changes nothing.
"""
SPOKEN = (
    Entry, Receipt, VisitDispute, JournalEntry, LiveBasket, views.VisitPage, views.VisitView, views.CustomerPage,
    views.CustomerView, views.Registered, views.EntryCodeView, views.Revised, views.ProductPage, views.ProductView,
    views.PriceList, views.PromotionList, views.GateList, views.DisputeList, views.OutboxList, views.Taken,
    views.Health, views.PurchaseCreated, Shopper, Delta, LaneDecision, Merged, AuditReport, Sighting,
)  # fmt: skip


def create_app(backend: Backend) -> FastAPI:
    """The API over a shop. Starting and stopping the shop itself is the business of `bootstrap`."""
    app = FastAPI(title="Aisle", version=__version__, description=DESCRIPTION, responses=PROBLEMS)
    app.state.backend = backend
    app.state.doorkeeper = backend.doorkeeper
    tell_problems(app)
    app.add_middleware(BoundedBodies)
    app.add_exception_handler(VisitError, _visit_error)
    app.add_exception_handler(PricingError, _pricing_error)
    app.add_exception_handler(KeyFileError, _key_file_error)
    for room in (entrance, visiting, customers, catalogue, operations, purchases, carts, pages):
        app.include_router(room.routes)
    describe(app, SPOKEN, SCHEME)
    return app


async def _visit_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VisitError)
    found, expected = error.found or None, error.expected or None
    problem = ProblemError(error.status, error.code, error.message, found=found, expected=expected)
    return problem_response(request, problem)


async def _pricing_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PricingError)
    return problem_response(request, ProblemError(422, error.code, str(error)))


async def _key_file_error(request: Request, error: Exception) -> Response:
    return problem_response(request, ProblemError(503, "keys_unreadable", str(error)))
