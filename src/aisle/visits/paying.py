"""What to ask the payment provider next: one pure function of the visit.

A visit asks its provider one thing at a time, and what that is follows from the visit alone. So the same journal
always asks the same questions under the same keys, and an answer that comes twice changes nothing. The customer never
pays more than the priced total: what is captured is the smaller of what is held and what is due.

Order of the steps when a visit settles: capture when enough is held; else raise the hold; where that cannot be, hold
the difference apart; where the bank says no, capture what is held and the rest is owed. A hold that has lapsed counts
as none. Whatever is still held when the visit has ended is released.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from aisle.visits.events import DebtPaid, Event, Owed, Settled, StepKind
from aisle.visits.model import ENDED, Step, Visit, VisitHold

Verdict = Literal["nothing", "settle", "owe"]


def next_step(visit: Visit) -> Step | Verdict:
    """The next call to the provider, or what its lack means: nothing to do, all paid ("settle"), or unpaid ("owe")."""
    if visit.step is not None or visit.state == "new":
        return "nothing"
    held = tuple(hold for hold in visit.holds if hold.status == "held")
    refused = tuple(hold for hold in visit.holds if hold.status == "refused")
    if refused or visit.state in ENDED or visit.staff:
        return _release(visit, refused or held)
    if visit.state == "settling":
        return _settle(visit, held)
    if visit.state == "owing":
        return _collect(visit, held)
    return _reserve(visit, held)


def follow_up(visit: Visit, at_ns: int, token: Callable[[], str]) -> Event | None:
    """The entry that follows from the visit alone: settled when all is paid, owed when nothing more can be tried.

    `token` makes the secret of the link by which a debt is paid.
    """
    verdict = next_step(visit)
    if visit.state == "settling" and verdict == "settle":
        return Settled(at_ns)
    if visit.state == "settling" and verdict == "owe":
        return Owed(at_ns, visit.due_minor, token())
    if visit.state == "owing" and verdict == "settle":
        return DebtPaid(at_ns, visit.owed_minor, visit.payments[-1].hold_id) if visit.owed_minor else Settled(at_ns)
    return None


def _release(visit: Visit, held: tuple[VisitHold, ...]) -> Step | Verdict:
    return _step(visit, "cancel", hold=held[0]) if held else "nothing"


def _reserve(visit: Visit, held: tuple[VisitHold, ...]) -> Step | Verdict:
    """While people shop: one fresh hold stands."""
    fresh = [hold for hold in held if not hold.stale]
    if fresh:
        spare = [hold for hold in held if hold is not fresh[-1]]
        return _step(visit, "cancel", hold=spare[0]) if spare else "nothing"
    if visit.hold_minor > 0 and not visit.declined and _has_card(visit):
        return _step(visit, "authorise", visit.hold_minor)
    return "nothing"


def _settle(visit: Visit, held: tuple[VisitHold, ...]) -> Step | Verdict:
    due = visit.due_minor
    if due <= 0:
        return "settle"
    reserved = sum(hold.minor for hold in held)
    if reserved >= due or (held and visit.declined):
        return _step(visit, "capture", min(held[-1].minor, due), held[-1])
    if visit.declined or not _has_card(visit):
        return _step(visit, "capture", min(held[-1].minor, due), held[-1]) if held else "owe"
    if held and held[-1].raisable:
        return _step(visit, "increment", held[-1].minor + due - reserved, held[-1])
    return _step(visit, "authorise", due - reserved)


def _collect(visit: Visit, held: tuple[VisitHold, ...]) -> Step | Verdict:
    """While something is owed: only what the customer set going is done."""
    due = visit.due_minor
    if due <= 0:
        return "settle"
    if held:
        return _step(visit, "capture", min(held[-1].minor, due), held[-1])
    if visit.attempt is not None and not visit.declined:
        return _step(visit, "authorise", due)
    return "nothing"


def _has_card(visit: Visit) -> bool:
    return visit.card is not None or bool(visit.token)


def _step(visit: Visit, kind: StepKind, minor: int = 0, hold: VisitHold | None = None) -> Step:
    """A step named after the journal entry it follows from, which makes its key unique."""
    paying = visit.attempt if visit.state == "owing" and visit.attempt is not None else visit
    return Step(
        kind=kind,
        key=f"{visit.visit_id}:{kind}:{visit.revision}",
        minor=minor,
        hold_id=hold.hold_id if hold else "",
        card=paying.card if kind == "authorise" else None,
        token=paying.token if kind == "authorise" and paying.card is None else "",
    )
