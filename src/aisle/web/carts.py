"""Routes of smart carts: signing in, the catalogue, the lane, checks, and the purchase that ends a trip."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from aisle.cart.audit_book import AuditReport
from aisle.cart.delta import Delta, DeltaError
from aisle.cart.lane import LaneDecision, Shopper
from aisle.cart.lane_reader import Sighting
from aisle.cart.merge import Merged
from aisle.web.access import allow
from aisle.web.backend import Behind, Numbered
from aisle.web.cart_requests import CartId, Checking, LaneAsking, Purchasing, Sighted, SigningIn
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller, Role
from aisle.web.problems import ProblemError
from aisle.web.requests import LONGEST_NS
from aisle.web.views import Taken

routes = APIRouter(prefix="/v1/carts", tags=["smart carts"])
Cart = Annotated[Caller, Depends(allow(Role.DEVICE))]
Person = Annotated[Caller, Depends(allow(Role.ASSOCIATE))]
Either = Annotated[Caller, Depends(allow(Role.DEVICE, Role.ASSOCIATE))]
Since = Annotated[int, Query(ge=0, le=LONGEST_NS, description="Unix time in nanoseconds.")]


@routes.post("/shoppers", status_code=201, responses=holds(Shopper, "Who shops with this cart.", 201))
def sign_in(body: SigningIn, caller: Cart, behind: Behind, message: Numbered) -> Response:
    """A phone's entry code, shown to a cart; it opens no gate any more."""
    shown_ns = behind.clock() if body.shown_ns is None else body.shown_ns
    return answer(behind.lane.sign_in(body.code, shown_ns, message=message), 201)


@routes.get("/catalogue", responses=holds(Delta))
def catalogue(
    caller: Cart,
    behind: Behind,
    since: Annotated[
        str, Query(max_length=64, pattern=r"^[0-9a-f]*$", description="The version the cart has; all without one.")
    ] = "",
) -> Response:
    """Products, prices and promotions as a change from the version the cart has."""
    try:
        return answer(behind.catalogue.since(since))
    except DeltaError:
        raise ProblemError(404, "nothing_published", "This shop has published no catalogue for carts.") from None


@routes.post("/lane", responses=holds(LaneDecision))
def lane(body: LaneAsking, caller: Cart, behind: Behind) -> Response:
    """What happens with a trip at the lane: it may go, is asked one question, or a person looks."""
    return answer(behind.lane.decide(body.told()))


@routes.post("/checks", responses=holds(Taken))
def check(body: Checking, caller: Either, behind: Behind) -> Response:
    """What a person found; the cart asks the lane again afterwards."""
    return answer(Taken(behind.lane.checked(body.told())))


@routes.post("/purchases", status_code=201, responses=holds(Merged, "Taken, priced and charged.", 201))
def purchase(body: Purchasing, caller: Cart, behind: Behind) -> Response:
    """The trip becomes one paid visit, however often it is posted. 402: this payer does not pay, another may."""
    return answer(behind.lane.merge(body.told()), 201)


@routes.get("/purchases/{trip_id}", responses=holds(Merged))
def purchased(trip_id: str, caller: Either, behind: Behind) -> Response:
    """What became of a trip."""
    found = behind.lane.merger.found(trip_id)
    if found is None:
        raise ProblemError(404, "unknown_trip", "Nothing is charged for such a trip.")
    return answer(found)


@routes.put("/{cart_id}/lane", status_code=204)
def seen(cart_id: CartId, body: Sighted, caller: Cart, behind: Behind) -> None:
    """A reader sees a cart at its lane, or sees it leave; said again every second or so."""
    behind.lane.readers.seen(cart_id, body.lane_id)


@routes.get("/{cart_id}/lane", responses=holds(Sighting))
def where(cart_id: CartId, caller: Either, behind: Behind) -> Response:
    """The lane a cart stands at; the lane's name is empty where no reader has seen it lately."""
    return answer(behind.lane.readers.of(cart_id))


@routes.get("/audits", responses=holds(AuditReport))
def audits(caller: Person, behind: Behind, since_ns: Since = 0, until_ns: Since = LONGEST_NS) -> Response:
    """What the lanes decided between two moments: rates by rule, waiting times, prevented loss."""
    return answer(behind.lane.report(since_ns, until_ns))
