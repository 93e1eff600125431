"""Routes of the gate and the floor: entering, tracks, baskets, leaving."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from aisle.visits.desk import BasketUpdate
from aisle.visits.entrance import Entry
from aisle.web.access import allow
from aisle.web.backend import Backend, Behind, Numbered
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller, Role
from aisle.web.problems import ProblemError
from aisle.web.requests import Entering, Leaving, Resolving, Revising, Tracking, VisitId
from aisle.web.views import Revised

routes = APIRouter(prefix="/v1", tags=["gate and floor"])
Device = Annotated[Caller, Depends(allow(Role.DEVICE))]
Staff = Annotated[Caller, Depends(allow(Role.DEVICE, Role.ASSOCIATE))]


@routes.post("/entries", status_code=201, responses=holds(Entry, "The gate may open.", 201))
def enter(body: Entering, caller: Staff, behind: Behind, message: Numbered) -> Response:
    """Somebody is at a gate. The gate opens on 201; everything else is a reason to keep it shut, told as a problem."""
    return answer(admitted(behind, _entry(body, caller, behind, message)), 201)


def admitted(behind: Backend, entry: Entry) -> Entry:
    """The entry once its hold stands. Raises a problem where it does not: 402, or 503 while the bank is silent."""
    entry = behind.outbox.admit(entry)
    if entry.reason == "authorising":
        raise ProblemError(
            503, "authorising", "The card's bank has not answered yet; ask again with the same message.",
            headers={"Retry-After": "1"},
        )  # fmt: skip
    if not entry.admitted:
        raise ProblemError(402, entry.reason, entry.message)
    return entry


def _entry(body: Entering, caller: Caller, behind: Backend, message: Numbered) -> Entry:
    desk = behind.desk
    _known_gate(behind, body.gate_id)
    match body.way:
        case "code":
            return desk.enter_by_code(body.needed("code"), body.gate_id, message=message)
        case "card":
            return desk.enter_by_card(body.needed("token"), body.gate_id, message=message)
        case "guest":
            return desk.enter_guest(body.needed("host_visit_id"), body.gate_id, message=message)
        case "staff":
            return desk.enter_staff(body.needed("staff_id"), body.gate_id, message=message)
        case "manual":
            if caller.role is Role.DEVICE:
                raise ProblemError(
                    403, "role_not_allowed", "Only people let others in by hand.", found="device", expected="associate"
                )
            return desk.enter_manual(caller.subject, body.gate_id, message=message)


@routes.put("/visits/{visit_id}/basket", responses=holds(Revised))
def revise(visit_id: VisitId, body: Revising, caller: Device, behind: Behind, message: Numbered) -> Response:
    """The whole basket as the core believes it now."""
    lines = tuple(line.told() for line in body.lines)
    update = BasketUpdate(body.source_revision, lines, body.probability, body.risk_minor, body.complete)
    return answer(Revised(behind.desk.revise(visit_id, update, message=message)))


@routes.post("/visits/{visit_id}/tracks", status_code=204)
def track(visit_id: VisitId, body: Tracking, caller: Device, behind: Behind, message: Numbered) -> None:
    """A track on the floor belongs to the visit; `tailgate` asks a person about it."""
    behind.desk.link_track(visit_id, body.track, body.how, message=message)


@routes.post("/visits/{visit_id}/tailgates", status_code=204)
def resolve_tailgate(
    visit_id: VisitId, body: Resolving, caller: Annotated[Caller, Depends(allow(Role.ASSOCIATE))], behind: Behind,
    message: Numbered,
) -> None:  # fmt: skip
    """A person says whether who slipped in belongs to the visit."""
    behind.desk.resolve_tailgate(visit_id, body.track, belongs=body.belongs, by=caller.subject, message=message)


@routes.post("/visits/{visit_id}/staff", status_code=204)
def mark_staff(
    visit_id: VisitId, caller: Annotated[Caller, Depends(allow(Role.ASSOCIATE))], behind: Behind, message: Numbered
) -> None:
    """The visitor works here: nothing is charged."""
    behind.desk.mark_staff(visit_id, caller.subject, message=message)


@routes.post("/visits/{visit_id}/leave", status_code=204)
def leave(visit_id: VisitId, body: Leaving, caller: Staff, behind: Behind, message: Numbered) -> None:
    """One person of the visit is outside; `everybody` closes it for the whole party."""
    _known_gate(behind, body.gate_id)
    behind.desk.leave(visit_id, body.gate_id, body.at_ns, everybody=body.everybody, message=message)


def _known_gate(behind: Backend, gate_id: str | None) -> None:
    """Raises a 422 problem for a gate the shop does not have; a shop without gates takes any name."""
    gates = [gate.gate_id for gate in behind.store.gates]
    if gates and gate_id is not None and gate_id not in gates:
        raise ProblemError(
            422, "unknown_gate", "This shop has no such gate.", found=gate_id, expected=" or ".join(gates)
        )
