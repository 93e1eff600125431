"""Routes of visits: what was and is going on, the live basket, the receipt, coupons, money asked back."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Response
from msgspec.structs import replace
from sqlalchemy import select
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from aisle.commerce.receipts.html import receipt_page
from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.text import receipt_text
from aisle.visits.model import ENDED, State, Visit, VisitDispute
from aisle.visits.reading import JournalEntry, LiveBasket
from aisle.visits.tables import disputes
from aisle.web.access import allow, own
from aisle.web.backend import Backend, Behind, Numbered
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller, Role
from aisle.web.problems import ProblemError, shown
from aisle.web.requests import Answering, Asking, Cursor, Deciding, Finding, Limit, Name, Paying, Presenting, VisitId
from aisle.web.views import DisputeList, DisputeView, VisitPage, VisitView, visit_view

routes = APIRouter(prefix="/v1", tags=["visits"])
Anybody = Annotated[Caller, Depends(allow(Role.DEVICE, Role.SHOPPER, Role.ASSOCIATE))]
Shopper = Annotated[Caller, Depends(allow(Role.SHOPPER, Role.ASSOCIATE))]
Associate = Annotated[Caller, Depends(allow(Role.ASSOCIATE))]
SIGN_OF_LIFE_S = 15.0


@routes.get("/visits", responses=holds(VisitPage))
def visits(
    caller: Shopper, behind: Behind, state: State | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Visits, the latest first; shoppers see their own."""
    customer_id = caller.subject if caller.role is Role.SHOPPER else None
    page = behind.desk.visits(before=_before(cursor), limit=limit + 1, state=state, customer_id=customer_id)
    last = page[limit - 1] if len(page) > limit else None
    following = f"{last.entered_at_ns}.{last.visit_id}" if last is not None else None
    return answer(VisitPage(tuple(map(visit_view, page[:limit])), following))


def _before(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    at_ns, _, visit_id = cursor.partition(".")
    if not at_ns.isascii() or not at_ns.isdigit() or len(at_ns) > 19 or int(at_ns) >= 2**63:
        raise ProblemError(
            422, "cursor_invalid", "This cursor is not one of ours.", found=shown(cursor), expected="`next` of a page"
        )
    return int(at_ns), visit_id


@routes.get("/visits/{visit_id}", responses=holds(VisitView))
def visit(visit_id: VisitId, caller: Anybody, behind: Behind) -> Response:
    """One visit."""
    return answer(visit_view(_seen(visit_id, caller, behind)))


@routes.get("/visits/{visit_id}/journal", responses=holds(list[JournalEntry]))
def entries(visit_id: VisitId, caller: Annotated[Caller, Depends(allow())], behind: Behind) -> Response:
    """Everything that ever happened to a visit, for operators."""
    return answer(behind.desk.journal(visit_id))


@routes.get("/visits/{visit_id}/basket", responses=holds(LiveBasket))
async def basket(
    visit_id: VisitId, caller: Anybody, behind: Behind, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The live basket with its price and savings. The ETag is the revision."""
    if caller.role is Role.SHOPPER:
        own(caller, (await behind.look(behind.desk.visit, visit_id)).customer_id, "visit")
    live = await behind.look(behind.desk.basket, visit_id)
    tag = f'"{live.revision}"'
    return Response(status_code=304, headers={"ETag": tag}) if if_none_match == tag else answer(live, ETag=tag)


@routes.get(
    "/visits/{visit_id}/basket/stream",
    response_class=EventSourceResponse,
    responses={200: {"description": "Events `basket`, each with the whole basket; then `end`.",
                     "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def stream(
    visit_id: VisitId, caller: Anybody, behind: Behind, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """The live basket as it changes. After a break, `Last-Event-ID` resumes behind the revision it names."""
    await run_in_threadpool(_seen, visit_id, caller, behind)
    after = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else -1
    return EventSourceResponse(_changes(visit_id, min(after, 2**62), behind), ping=int(SIGN_OF_LIFE_S))


async def _changes(visit_id: str, after: int, behind: Backend) -> AsyncIterator[ServerSentEvent]:
    subscription = await run_in_threadpool(behind.desk.subscribe, visit_id, after)
    try:
        live = await run_in_threadpool(behind.desk.basket, visit_id)
        if live.state in ENDED and live.revision <= after:
            yield ServerSentEvent(event="end", id=str(live.revision), data=live.state)
            return
        async for _ in subscription.changes():
            live = await run_in_threadpool(behind.desk.basket, visit_id)
            yield ServerSentEvent(event="basket", id=str(live.revision), data=msgspec.json.encode(live).decode())
            if live.state in ENDED:
                yield ServerSentEvent(event="end", id=str(live.revision), data=live.state)
                return
    finally:
        subscription.close()


@routes.get("/visits/{visit_id}/receipt", responses=holds(Receipt))
def receipt(
    visit_id: VisitId,
    caller: Anybody,
    behind: Behind,
    form: Annotated[Literal["json", "html", "text"], Query(alias="format")] = "json",
    locale: Annotated[str, Query(max_length=16, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")] = "en-GB",
) -> Response:
    """The receipt as it stands: final, pending while a line waits for a person, corrected, or owed."""
    _seen(visit_id, caller, behind)
    found = behind.desk.receipt(visit_id)
    match form:
        case "html":
            return Response(receipt_page(found, locale), media_type="text/html; charset=utf-8")
        case "text":
            return Response(receipt_text(found, locale), media_type="text/plain; charset=utf-8")
        case "json":
            return answer(found, ETag=f'"{found.version}"')


@routes.post("/visits/{visit_id}/coupons", status_code=204)
def coupon(visit_id: VisitId, body: Presenting, caller: Anybody, behind: Behind, message: Numbered) -> None:
    """Present a coupon's code."""
    _seen(visit_id, caller, behind)
    behind.desk.present_coupon(visit_id, body.code, message=message)


@routes.post("/visits/{visit_id}/answers", status_code=204)
def answers(visit_id: VisitId, body: Answering, caller: Associate, behind: Behind, message: Numbered) -> None:
    """What a person saw: these lines replace the core's."""
    lines = [line.told() for line in body.lines]
    behind.desk.answer(visit_id, lines, caller.subject, body.note, message=message)


@routes.post("/visits/{visit_id}/payment", status_code=204)
def pay(visit_id: VisitId, body: Paying, caller: Shopper, behind: Behind, message: Numbered) -> None:
    """Pay what a visit owes, with a new card or the one on file."""
    found = _seen(visit_id, caller, behind)
    card = behind.desk.customer(found.customer_id).card if found.customer_id and not body.card_token else None
    if card is None and not body.card_token:
        raise ProblemError(402, "no_card", "There is no card to pay with.", found="no card", expected="card_token")
    behind.desk.pay_debt(visit_id, card=card, token=body.card_token or "", message=message)


@routes.post(
    "/visits/{visit_id}/disputes", status_code=201, responses=holds(VisitDispute, "Taken; `outcome` says more.", 201)
)
def dispute(visit_id: VisitId, body: Asking, caller: Shopper, behind: Behind, message: Numbered) -> Response:
    """Ask units of a line back. Small and plausible claims are granted at once, others go to a person."""
    _seen(visit_id, caller, behind)
    made = behind.desk.dispute(visit_id, body.line_id, body.quantity, body.reason, caller.subject, message=message)
    return answer(made, 201)


@routes.post("/visits/{visit_id}/refunds", status_code=201, responses=holds(VisitDispute, "Given back.", 201))
def refund(visit_id: VisitId, body: Asking, caller: Associate, behind: Behind, message: Numbered) -> Response:
    """A person of the shop gives units of a line back."""
    made = behind.desk.dispute(visit_id, body.line_id, body.quantity, body.reason, caller.subject, message=message)
    if made.outcome == "review":
        second = replace(message, boot_id=_second(message.boot_id)) if message is not None else None
        made = behind.desk.decide(made.dispute_id, True, caller.subject, body.reason, message=second)
    return answer(made, 201)


@routes.get("/disputes", responses=holds(DisputeList))
def waiting(caller: Associate, behind: Behind, limit: Limit = 50) -> Response:
    """Disputes that wait for a person, the oldest first."""
    columns = select(disputes.c.visit_id, disputes.c.dispute_id).where(disputes.c.outcome.in_(("review", "")))
    found = []
    for row in behind.desk.read(columns.order_by(disputes.c.at_ns).limit(limit)):
        made = behind.desk.visit(row.visit_id).dispute(row.dispute_id)
        found += [DisputeView(row.visit_id, made)] if made is not None else []
    return answer(DisputeList(tuple(found)))


@routes.post("/disputes/{dispute_id}/decision", responses=holds(VisitDispute))
def decide(dispute_id: Name, body: Deciding, caller: Associate, behind: Behind, message: Numbered) -> Response:
    """A person's decision on a dispute."""
    return answer(behind.desk.decide(dispute_id, body.granted, caller.subject, body.why, message=message))


@routes.post("/disputes/{dispute_id}/truth", responses=holds(VisitDispute))
def truth(dispute_id: Name, body: Finding, caller: Associate, behind: Behind, message: Numbered) -> Response:
    """It came out later whether a claim was right; it counts in the customer's standing."""
    return answer(behind.desk.found(dispute_id, body.right, caller.subject, message=message))


def _second(number: str) -> str:
    """The number of the second command of one message, made from that of the first."""
    return hashlib.sha256(f"decide\n{number}".encode()).hexdigest()[:48]


def _seen(visit_id: str, caller: Caller, behind: Backend) -> Visit:
    """The visit, if the caller may see it."""
    found = behind.desk.visit(visit_id)
    own(caller, found.customer_id, "visit")
    return found
