"""Routes of customers: signing up, the card on file, the entry code on the phone."""

from __future__ import annotations

import io
from typing import Annotated

import msgspec
import segno
from fastapi import APIRouter, Depends, Response

from aisle.commerce.payments.port import (
    AuthenticationRequiredError,
    Card,
    CardDeclinedError,
    PaymentError,
    ProviderUnavailableError,
)
from aisle.visits.customers import Customer
from aisle.visits.policy import after
from aisle.web.access import allow, own
from aisle.web.backend import Backend, Behind, Numbered
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller, Role
from aisle.web.problems import ProblemError
from aisle.web.requests import Cursor, CustomerId, KeepingCard, Limit, Registering
from aisle.web.views import CustomerPage, CustomerView, EntryCodeView, Registered, customer_view

routes = APIRouter(prefix="/v1", tags=["customers"])
Clerk = Annotated[Caller, Depends(allow(Role.ASSOCIATE))]
Shopper = Annotated[Caller, Depends(allow(Role.SHOPPER, Role.ASSOCIATE))]


@routes.post("/customers", status_code=201, responses=holds(Registered, "Welcome.", 201))
def register(body: Registering, caller: Clerk, behind: Behind, message: Numbered) -> Response:
    """A new customer, with the token their phone asks with. A repeat of the message gives the same customer."""
    made = behind.desk.add_customer(
        Customer(behind.ids(), body.name, body.email, body.locale, body.member), message=message
    )
    made = behind.desk.customer(made.customer_id)  # by now, where this is a repeat
    if body.card_token and made.card is None:
        made = _keep(behind, made.customer_id, body.card_token)
    token = behind.doorkeeper.tokens.issue(made.customer_id, behind.clock())
    return answer(Registered(customer_view(made, behind.desk.debts(made.customer_id)), token), 201)


@routes.get("/customers", responses=holds(CustomerPage))
def customers(caller: Clerk, behind: Behind, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Customers by id."""
    page = behind.desk.customers(after=cursor or "", limit=limit + 1)
    views = tuple(customer_view(found, behind.desk.debts(found.customer_id)) for found in page[:limit])
    return answer(CustomerPage(views, views[-1].customer_id if len(page) > limit else None))


@routes.get("/customers/{customer_id}", responses=holds(CustomerView))
def customer(customer_id: CustomerId, caller: Shopper, behind: Behind) -> Response:
    """One customer."""
    own(caller, customer_id, "customer")
    return answer(customer_view(behind.desk.customer(customer_id), behind.desk.debts(customer_id)))


@routes.put("/customers/{customer_id}/card", responses=holds(CustomerView))
def keep_card(customer_id: CustomerId, body: KeepingCard, caller: Shopper, behind: Behind) -> Response:
    """Put a card on file, by the one-time token of the provider's own form."""
    own(caller, customer_id, "customer")
    return answer(customer_view(_keep(behind, customer_id, body.card_token), behind.desk.debts(customer_id)))


@routes.post("/customers/{customer_id}/codes", status_code=201, responses=holds(EntryCodeView, "A fresh code.", 201))
def code(customer_id: CustomerId, caller: Shopper, behind: Behind) -> Response:
    """An entry code for the gate: good for seconds and once."""
    own(caller, customer_id, "customer")
    text = behind.desk.issue_code(customer_id)
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind="svg", scale=8, border=4, xmldecl=False)
    lapses_ns = after(behind.clock(), behind.desk.policy.code_valid_s)
    return answer(EntryCodeView(text, picture.getvalue().decode(), lapses_ns), 201, **{"Cache-Control": "no-store"})


def _keep(behind: Backend, customer_id: str, token: str) -> Customer:
    """Register a card with the provider and put it on file."""
    known = behind.desk.customer(customer_id)
    card = _registered(behind, customer_id, token)
    behind.desk.keep_card(customer_id, card)
    return msgspec.structs.replace(known, card=card)


def _registered(behind: Backend, customer_id: str, token: str) -> Card:
    """A card by its one-time token; what the provider says against it is told as a problem."""
    try:
        return behind.provider.register(customer_id, token, key=f"{customer_id}:card:{behind.ids()}")
    except ProviderUnavailableError as error:
        raise ProblemError(503, error.code, str(error), headers={"Retry-After": "5"}) from error
    except (CardDeclinedError, AuthenticationRequiredError) as error:
        raise ProblemError(402, error.code, str(error)) from error
    except PaymentError as error:
        raise ProblemError(422, error.code, str(error)) from error
