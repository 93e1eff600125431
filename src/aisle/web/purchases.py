"""The retailer's side of the ordering connector: a cart shopped elsewhere becomes a visit of this shop.

A smart cart or a lane of another make posts what a shopper took to `POST /v1/order/purchases`, as it would to any
retailer; Aisle prices it, takes the payment and mails the receipt. The shopping-trip id makes it idempotent: every step
below carries a number made from it, so a repeat, also after a crash half way, goes on where the first one stopped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from aisle.commerce.connector.purchase import CartItem, Purchase
from aisle.commerce.connector.reading import ConnectorError, read_purchase
from aisle.visits.bounds import check_lines, check_moment
from aisle.visits.desk import BasketUpdate
from aisle.visits.entrance import Entry
from aisle.visits.events import BasketLine
from aisle.visits.journal import MessageId
from aisle.visits.policy import SECOND_NS
from aisle.web.access import allow
from aisle.web.backend import Backend, Behind
from aisle.web.documents import answer, holds
from aisle.web.entrance import admitted
from aisle.web.keys import Caller, Role
from aisle.web.problems import Fault, ProblemError, shown
from aisle.web.views import PurchaseCreated

routes = APIRouter(tags=["ordering connector"])
GATE = "ordering-connector"
_AHEAD_NS = 300 * SECOND_NS  # how far a peer's clock may be ahead
_LONGEST_LINE_ID = 64
_GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}


@routes.post(
    "/v1/order/purchases",
    status_code=201,
    responses=holds(PurchaseCreated, "Taken, priced and charged.", 201),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def purchase(
    request: Request, caller: Annotated[Caller, Depends(allow(Role.DEVICE))], behind: Behind
) -> Response:
    """A purchase from another system. 201 with the same id however often it is posted."""
    body = await request.body()
    try:
        made = read_purchase(body)
    except ConnectorError as error:
        faults = [Fault(pointer=f.pointer, found=f.found, expected=f.expected) for f in error.faults]
        raise ProblemError(422, "purchase_invalid", str(error), faults=faults) from error
    return answer(PurchaseCreated(await run_in_threadpool(_book, behind, caller, made)), 201)


def _book(behind: Backend, caller: Caller, made: Purchase) -> str:
    """Open a visit, give it the cart, close it; each step once, however often it is asked for."""
    left_ns = _ns(made.shopping_trip.end_time)
    if not 0 <= left_ns <= behind.clock() + _AHEAD_NS:
        found = made.shopping_trip.end_time.isoformat()
        raise _unfit("/shoppingTrip/endTime", found, "a moment that is not in the future")
    check_moment("/shoppingTrip/endTime", left_ns, behind.clock())
    lines = tuple(_line(behind, item, place, left_ns) for place, item in enumerate(made.cart_items))
    check_lines(lines, behind.store.products, behind.desk.policy, behind.clock())  # before anybody comes in
    trip = hashlib.sha256(f"{caller.subject}\n{made.idempotent_shopping_trip_id}".encode()).hexdigest()[:48]
    entry = admitted(behind, _enter(behind, made, MessageId("purchase", trip, 0)))
    update = BasketUpdate(0, lines, complete=True)
    behind.desk.revise(entry.visit_id, update, message=MessageId("purchase", trip, 1))
    behind.desk.leave(entry.visit_id, GATE, left_ns, everybody=True, message=MessageId("purchase", trip, 2))
    return entry.visit_id


def _enter(behind: Backend, made: Purchase, message: MessageId) -> Entry:
    """As the customer we know, with the card that was presented, or as somebody who will owe it."""
    desk = behind.desk
    if made.shopper_identity is not None:
        return desk.enter_apart(made.shopper_identity.id, GATE, message=message)
    if made.payment_source is not None:
        return desk.enter_by_card(made.payment_source.id, GATE, apart=True, message=message)
    return desk.enter_manual(GATE, GATE, message=message)


def _line(behind: Backend, item: CartItem, place: int, taken_ns: int) -> BasketLine:
    gtin = next((code.id for code in item.external_identifiers if code.id in behind.store.products), item.id)
    found = behind.store.products.get(gtin)
    pointer = f"/cartItems/{place}"
    if found is None:
        raise _unfit(f"{pointer}/id", gtin, "a product of this shop")
    line_id = item.line_item_id or ""
    line_id = line_id if 0 < len(line_id) <= _LONGEST_LINE_ID else f"item-{place + 1}"
    value, unit = Decimal(item.quantity.value), item.quantity.unit.casefold()
    if not found.sold_by_weight:
        if unit != "unit":
            raise _unfit(f"{pointer}/quantity/unit", unit, f"unit: {found.name} is sold by the piece")
        return BasketLine(line_id, gtin, int(value), 1.0, taken_ns)
    if unit not in _GRAMS:
        raise _unfit(f"{pointer}/quantity/unit", unit, f"one of {', '.join(_GRAMS)}: {found.name} is sold by weight")
    grams = int((value * _GRAMS[unit]).to_integral_value(ROUND_HALF_UP))
    return BasketLine(line_id, gtin, 1, 1.0, taken_ns, weight_g=grams)


def _unfit(pointer: str, found: str, expected: str) -> ProblemError:
    fault = Fault(pointer=pointer, found=shown(found), expected=expected)
    return ProblemError(422, "purchase_invalid", f"{pointer}: {expected}", faults=[fault])


def _ns(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * SECOND_NS
