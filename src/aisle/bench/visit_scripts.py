"""What can happen to a visit, as short scripts: each a whole life from the gate to the receipt, by the book or not.

A script is a generator of actions that is sent their answers; `SHAPES` names them all. Each takes the shopper's name,
from which all its ids are made, so that many may run in one world at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from aisle.bench.visit_world import Action, Script, Wait, World, customer, patience, pump
from aisle.store.codes import in_store_gtin
from aisle.visits.desk import BasketUpdate
from aisle.visits.entrance import Entry
from aisle.visits.events import BasketLine
from aisle.visits.model import VisitDispute

OIL, WATER, CRISPS = in_store_gtin(407), in_store_gtin(101), in_store_gtin(201)
HOUR_S = 3600.0
Part = Generator[Action | Wait, Any, str]
Goods = tuple[tuple[str, int], ...]

SMALL: Goods = ((WATER, 2), (CRISPS, 1))
LARGE: Goods = ((OIL, 8), (CRISPS, 2))  # more than is held at the gate


def confident(name: str) -> Script:
    """In, take, out, paid: nothing is doubtful."""
    visit = yield from _shop(name, "tok_visa", SMALL)
    yield from _go(visit)


def empty_handed(name: str) -> Script:
    """In and out again with nothing: the hold is released."""
    visit = yield from _shop(name, "tok_visa", ())
    yield from _go(visit)


def declined_at_the_gate(name: str) -> Script:
    """The bank allows no hold: nobody comes in."""
    yield from _enter(name, "tok_declined")


def unconfirmed_at_the_gate(name: str) -> Script:
    """The bank wants the customer to confirm, who does so too late: the hold is released."""
    visit = yield from _enter(name, "tok_authentication_required")
    yield lambda w, m: w.sandbox.confirm(w.desk.visit(visit).confirmable)
    yield from _rest(visit)


def raised_hold(name: str) -> Script:
    """More was taken than is held: the hold is raised."""
    visit = yield from _shop(name, "tok_mastercard", LARGE)
    yield from _go(visit)


def second_hold(name: str) -> Script:
    """More than is held, and the card allows no raise: a second hold pays the difference."""
    visit = yield from _shop(name, "tok_no_increment", LARGE)
    yield from _go(visit)
    dispute: VisitDispute = yield lambda w, m: w.desk.dispute(visit, "l0", 8, "not mine", name, message=m)
    yield lambda w, m: w.desk.decide(dispute.dispute_id, True, "staff-1", "clip shows it", message=m)
    yield from _rest(visit)  # more than either hold can give back alone


def raise_declined(name: str) -> Script:
    """The bank refuses the raise: what is held is taken, the rest is owed and paid with another card later."""
    visit = yield from _shop(name, "tok_decline_on_increment", LARGE)
    yield from _go(visit)
    yield from _pay(visit, f"tok_visa/{name}-other")


def capture_declined(name: str) -> Script:
    """The bank refuses the capture: all is owed; the first card tried for the debt is refused, the second pays."""
    visit = yield from _shop(name, "tok_decline_on_capture", SMALL)
    yield from _go(visit)
    yield from _pay(visit, "tok_declined")
    yield from _pay(visit, f"tok_visa/{name}-other")


def expired_hold(name: str) -> Script:
    """Nobody looked while the hold lapsed: a new one is made when the shopper leaves."""
    visit = yield from _shop(name, "tok_expires_soon", SMALL)
    yield Wait(1.5 * HOUR_S)
    yield from _go(visit)


def renewed_hold(name: str) -> Script:
    """The hold is about to lapse: another one is made first, then the old one is released."""
    visit = yield from _shop(name, "tok_expires_soon", SMALL)
    yield Wait(0.6 * HOUR_S)
    yield lambda w, m: w.desk.revise(visit, basket(w, 7, SMALL), message=m)
    yield from _rest(visit)
    yield from _go(visit)


def answered_review(name: str) -> Script:
    """A line is doubtful; a person looks and finds one unit less."""
    visit = yield from _shop(name, "tok_visa", SMALL, doubtful=True)
    yield from _go(visit)
    yield Wait(120)
    yield lambda w, m: w.desk.answer(visit, [_line(w, "l0", WATER, 1)], "staff-1", "saw one", message=m)
    yield from _rest(visit)


def unanswered_review(name: str) -> Script:
    """A line is doubtful and nobody looks: only what is proven is charged."""
    visit = yield from _shop(name, "tok_visa", SMALL, doubtful=True)
    yield from _go(visit)
    yield Wait(601)
    yield from _rest(visit)


def tailgated(name: str) -> Script:
    """Somebody slips in behind; a person says that they belong together."""
    visit = yield from _shop(name, "tok_visa", SMALL)
    yield lambda w, m: w.desk.tailgate(visit, "track-9", message=m)
    yield from _go(visit)
    yield lambda w, m: w.desk.resolve_tailgate(visit, "track-9", belongs=True, by="staff-1", message=m)
    yield from _rest(visit)


def party(name: str) -> Script:
    """Two come in on one phone; the receipt comes when both are out."""
    visit = yield from _shop(name, "tok_visa", SMALL)
    yield lambda w, m: w.desk.enter_guest(visit, "entrance", message=m)
    yield from _go(visit)
    yield lambda w, m: w.desk.revise(visit, basket(w, 5, LARGE), message=m)
    yield from _go(visit)


def back_again(name: str) -> Script:
    """Out before all evidence is in, and back in with the phone: the same visit goes on."""
    visit = yield from _shop(name, "tok_visa", SMALL, complete=False)
    yield from _go(visit)
    yield from _enter(name, "tok_visa")
    yield lambda w, m: w.desk.revise(visit, basket(w, 9, SMALL), message=m)
    yield from _go(visit)


def card_at_the_gate(name: str) -> Script:
    """In with a card instead of a phone, twice: the second tap lets a companion in."""
    for _tap in range(2):
        entry: Entry = yield lambda w, m: w.desk.enter_by_card(f"tok_visa/{name}", "entrance", message=m)
        visit = yield from _admitted(entry)
    yield lambda w, m: w.desk.revise(visit, basket(w, 1, SMALL), message=m)
    yield lambda w, m: w.desk.leave(visit, "way-out", everybody=True, message=m)
    yield from _rest(visit)


def unseen_leaving(name: str) -> Script:
    """Nobody saw the shopper leave: after hours what is proven is charged."""
    visit = yield from _shop(name, "tok_mastercard", SMALL)
    yield Wait(5 * HOUR_S)
    yield from _rest(visit)
    yield from _ask_back(visit, "l0", 1)


def abandoned(name: str) -> Script:
    """Nobody saw the shopper leave, and nothing was taken: the visit ends, the hold is released."""
    visit = yield from _shop(name, "tok_visa", ())
    yield Wait(5 * HOUR_S)
    yield from _rest(visit)


def turned_out_staff(name: str) -> Script:
    """A shopper who works here: nothing is charged."""
    visit = yield from _shop(name, "tok_visa", SMALL)
    yield lambda w, m: w.desk.mark_staff(visit, "staff-1", message=m)
    yield from _go(visit)


def refunded(name: str) -> Script:
    """A tap on a line gives a unit back at once, another one with the next tap."""
    visit = yield from _shop(name, "tok_visa", SMALL)
    yield from _go(visit)
    yield from _ask_back(visit, "l0", 1)
    yield from _ask_back(visit, "l0", 1)


def looked_at(name: str) -> Script:
    """A large claim waits for a person, who grants it; the truth later says otherwise."""
    visit = yield from _shop(name, "tok_visa", LARGE)
    yield from _go(visit)
    dispute: VisitDispute = yield lambda w, m: w.desk.dispute(visit, "l0", 5, "not mine", name, message=m)
    yield lambda w, m: w.desk.decide(dispute.dispute_id, True, "staff-1", "clip shows it", message=m)
    yield from _rest(visit)
    yield lambda w, m: w.desk.found(dispute.dispute_id, False, "staff-2", message=m)


SHAPES: dict[str, Callable[[str], Script]] = {
    shape.__name__: shape
    for shape in (
        confident,
        empty_handed,
        declined_at_the_gate,
        unconfirmed_at_the_gate,
        raised_hold,
        second_hold,
        raise_declined,
        capture_declined,
        expired_hold,
        renewed_hold,
        answered_review,
        unanswered_review,
        tailgated,
        party,
        back_again,
        card_at_the_gate,
        unseen_leaving,
        abandoned,
        turned_out_staff,
        refunded,
        looked_at,
    )
}


def basket(world: World, revision: int, goods: Goods, *, doubtful: bool = False, complete: bool = True) -> BasketUpdate:
    """What the core says was taken; `doubtful`: of the first line only one unit is proven, and much is at risk."""
    lines = tuple(
        _line(world, f"l{number}", gtin, quantity, 1 if doubtful and number == 0 else None)
        for number, (gtin, quantity) in enumerate(goods)
    )
    return BasketUpdate(revision, lines, 0.8 if doubtful else 0.999, 150 if doubtful else 1, complete)


def _line(world: World, line_id: str, gtin: str, quantity: int, proven: int | None = None) -> BasketLine:
    return BasketLine(line_id, gtin, quantity, 0.97, world.now_ns, proven_quantity=proven)


def _enter(name: str, token: str) -> Part:
    """In by the phone's code; the answer is the visit."""
    yield customer(name, f"{token}/{name}")
    code: str = yield lambda w, m: w.desk.issue_code(name)
    entry: Entry = yield lambda w, m: w.desk.enter_by_code(code, "entrance", message=m)
    return (yield from _admitted(entry))


def _shop(name: str, token: str, goods: Goods, *, doubtful: bool = False, complete: bool = True) -> Part:
    """In, and goods taken in two steps; the answer is the visit."""
    visit = yield from _enter(name, token)
    yield Wait(60)
    yield lambda w, m: w.desk.link_track(visit, f"track-{name}", message=m)
    yield lambda w, m: w.desk.revise(visit, basket(w, 1, goods[:1], complete=False), message=m)
    yield Wait(60)
    yield lambda w, m: w.desk.revise(visit, basket(w, 2, goods, doubtful=doubtful, complete=complete), message=m)
    return visit


def _go(visit: str) -> Script:
    """Out of the shop, and the background's work after it."""
    yield Wait(20)
    yield lambda w, m: w.desk.leave(visit, "way-out", message=m)
    yield from _rest(visit)


def _pay(visit: str, token: str) -> Script:
    yield Wait(HOUR_S)
    yield lambda w, m: w.desk.pay_debt(visit, token=token, message=m)
    yield from _rest(visit)


def _ask_back(visit: str, line_id: str, quantity: int) -> Script:
    yield Wait(30)
    yield lambda w, m: w.desk.dispute(visit, line_id, quantity, "not mine", "shopper", message=m)
    yield from _rest(visit)


def _admitted(entry: Entry) -> Part:
    """Wait at the gate until it opens or stays shut; the answer is the visit that goes on."""
    visit = entry.visit_id
    answer: Entry = yield lambda w, m: w.outbox.admit(entry)
    while answer.key:
        yield Wait(2)
        yield pump
        answer = yield lambda w, m: w.desk.entry(visit)
    return answer.visit_id


def _rest(visit: str) -> Script:
    """The background's work, until nothing more happens to the visit."""
    yield pump
    while (seconds := (yield patience(visit))) is not None:
        yield Wait(seconds)
        yield pump
