"""The desk on both kinds of databases: who gets in, what is refused, what a repeat gets, what is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace as replaced
from sqlalchemy import select, update

from aisle.bench.visit_audit import everything, faults_in
from aisle.bench.visit_scripts import CRISPS, SHAPES, SMALL, WATER, basket
from aisle.bench.visit_world import Crash, World, pump
from aisle.commerce.pricing.till import Till
from aisle.store.model import Policies, Store
from aisle.store.offers import Goods, Limits, Percent, Promotion
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.desk import BasketUpdate
from aisle.visits.errors import VisitError
from aisle.visits.events import BasketLine, Settled
from aisle.visits.journal import MessageId
from aisle.visits.policy import SECOND_NS, VisitPolicy
from aisle.visits.tables import visits

Made = Callable[..., World]


@pytest.fixture
def world_of(url: str) -> Iterator[Made]:
    """Makes the world of a store on the database of the test."""
    worlds: list[World] = []

    def make(store: Store, **options: Any) -> World:
        world = World(Database(url), store, partial(Till(store).price, hints=False), **options)
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.close()


def inside(world: World, name: str = "anna", token: str = "tok_visa") -> str:
    """A customer who came in by the phone's code; the visit."""
    card = world.sandbox.register(name, f"{token}/{name}", key=f"{name}:{token}")
    world.desk.save_customer(Customer(name, email=f"{name}@example.org", card=card))
    entry = world.desk.enter_by_code(world.desk.issue_code(name), "entrance")
    return world.outbox.admit(entry).visit_id


def gone(world: World, visit: str, update: BasketUpdate) -> None:
    """The shopper takes all of it, leaves, and everything due is done."""
    world.desk.revise(visit, update)
    world.desk.leave(visit, "way-out")
    pump(world, MessageId("", "", 0))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_of_visit_ends_as_it_must(shape: str, world_of: Made, store: Store) -> None:
    world = world_of(store)
    world.run(SHAPES[shape]("anna"))
    assert faults_in(world) == []


def test_the_projections_are_what_the_journal_makes_anew(world_of: Made, store: Store) -> None:
    world = world_of(store)
    for shape in ("looked_at", "raise_declined", "card_at_the_gate", "answered_review", "abandoned"):
        world.run(SHAPES[shape](shape))
    before = everything(world)
    assert (world.desk.rebuild(), everything(world)) == (6, before)


BAD: dict[str, tuple[Callable[[World, str], object], str, int]] = {
    "an unknown visit": (lambda w, v: w.desk.leave("nobody", None), "unknown_visit", 404),
    "an unknown product": (lambda w, v: w.desk.revise(v, one("4711", 1)), "unknown_product", 422),
    "no unit": (lambda w, v: w.desk.revise(v, one(WATER, 0)), "quantity_invalid", 422),
    "a thousand units": (lambda w, v: w.desk.revise(v, one(WATER, 1000)), "quantity_invalid", 422),
    "a negative weight": (lambda w, v: w.desk.revise(v, one(WATER, 1, weight_g=-5)), "quantity_invalid", 422),
    "odds above one": (lambda w, v: w.desk.revise(v, one(WATER, 1, 1.5)), "basket_invalid", 422),
    "a line named twice": (
        lambda w, v: w.desk.revise(v, BasketUpdate(1, one(WATER, 1).lines * 2)),
        "basket_invalid",
        422,
    ),
    "an old basket": (lambda w, v: [w.desk.revise(v, basket(w, 2, SMALL)) for _ in range(2)], "stale_revision", 409),
    "a forged code": (lambda w, v: w.desk.enter_by_code("A1.anna.0.n.bWFj", "entrance"), "code_forged", 403),
    "no code at all": (lambda w, v: w.desk.enter_by_code("ünïcode", "entrance"), "code_forged", 403),
    "an unknown coupon": (lambda w, v: w.desk.present_coupon(v, "NOPE"), "coupon_invalid", 422),
    "a refund before paying": (lambda w, v: w.desk.dispute(v, "l0", 1, "", "anna"), "transition", 409),
    "an unknown dispute": (lambda w, v: w.desk.decide("d", True, "s", ""), "unknown_dispute", 404),
    "a debt nobody has": (lambda w, v: w.desk.pay_debt(v, token="tok_visa"), "transition", 409),
    "nothing to pay with": (lambda w, v: w.desk.pay_debt(v), "no_card", 402),
    "a card's number": (lambda w, v: w.desk.enter_by_card("4242 4242 4242 4242", "e"), "card_number_refused", 422),
    "a clock never set": (lambda w, v: w.desk.leave(v, None, 17), "moment_invalid", 422),
    "goods taken in another age": (lambda w, v: w.desk.revise(v, one(WATER, 1)), "moment_invalid", 422),
    "a visit's id of zero bytes": (lambda w, v: w.desk.leave("\0", None), "unknown_visit", 404),
    "a dispute's id of zero bytes": (lambda w, v: w.desk.decide("\0", True, "s", ""), "unknown_dispute", 404),
    "a line's name too long": (lambda w, v: w.desk.revise(v, one(WATER, 1, name="a" * 65)), "id_invalid", 422),
    "a price beyond numbers": (lambda w, v: w.desk.revise(v, one(WATER, 1, label=2**80)), "basket_invalid", 422),
    "a message beyond numbers": (
        lambda w, v: w.desk.leave(v, None, message=MessageId("d", "1", 2**70)),
        "basket_invalid",
        422,
    ),
    "leaving twice": (lambda w, v: [w.desk.leave(v, None) for _ in range(2)], "transition", 409),
    "an answer about nothing sold": (lambda w, v: w.desk.answer(v, one("1", 1).lines, "s"), "unknown_product", 422),
}  # fmt: skip


def one(
    gtin: str,
    quantity: int,
    probability: float = 1.0,
    weight_g: int | None = None,
    name: str = "a",
    label: int | None = None,
) -> BasketUpdate:
    return BasketUpdate(1, (BasketLine(name, gtin, quantity, probability, 0, weight_g, label),))


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_a_typed_error_and_changes_nothing(what: str, world_of: Made, store: Store) -> None:
    world = world_of(store)
    act, code, status = BAD[what]
    with pytest.raises(VisitError) as refused:
        act(world, inside(world))
    assert (refused.value.code, refused.value.status) == (code, status)
    assert refused.value.message and world.desk.rebuild() == 1


def test_a_code_is_good_once_and_for_seconds(world_of: Made, store: Store) -> None:
    world = world_of(store)
    inside(world)
    code, late = world.desk.issue_code("anna"), world.desk.issue_code("anna")
    world.desk.enter_by_code(code, "entrance")
    with pytest.raises(VisitError) as replayed:
        world.desk.enter_by_code(code, "entrance")
    world.now_ns += 31 * SECOND_NS
    with pytest.raises(VisitError) as expired:
        world.desk.enter_by_code(late, "entrance")
    assert (replayed.value.code, expired.value.code) == ("code_replayed", "code_expired")


def test_a_repeated_message_gets_its_first_answer_and_changes_nothing(world_of: Made, store: Store) -> None:
    world = world_of(store)
    inside(world)
    code, gate = world.desk.issue_code("anna"), MessageId("gate", "boot", 7)
    first = world.desk.enter_by_code(code, "entrance", message=gate)
    revisions = [
        world.desk.revise(first.visit_id, basket(world, 1, SMALL), message=MessageId("core", "1", 1)) for _ in "ab"
    ]
    for _ in range(3):
        world.desk.leave(first.visit_id, "way-out", message=MessageId("gate", "boot", 8))
    assert world.desk.enter_by_code(code, "entrance", message=gate) == first
    assert revisions[0] == revisions[1]
    with pytest.raises(VisitError, match="another command"):
        world.desk.leave(first.visit_id, "way-out", message=gate)


def test_debts_shut_the_gate_until_they_are_paid(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world, token="tok_decline_on_capture")
    gone(world, visit, basket(world, 1, SMALL))
    with pytest.raises(VisitError) as shut:
        world.desk.enter_by_code(world.desk.issue_code("anna"), "entrance")
    [debt] = world.desk.debts("anna")
    world.desk.pay_debt(world.desk.debtor(debt.pay_token).visit_id, token="tok_visa/other")
    with pytest.raises(VisitError) as under_way:
        world.desk.pay_debt(visit, token="tok_visa/other")
    pump(world, MessageId("", "", 0))
    assert (shut.value.code, under_way.value.code) == ("in_debt", "payment_under_way")
    assert (world.desk.debts("anna"), world.desk.visit(visit).state) == ((), "settled")
    assert world.desk.receipt(visit).status == "final"


def test_a_debtor_with_a_card_is_turned_away_and_the_hold_released(world_of: Made, store: Store) -> None:
    world = world_of(store)
    card = "tok_decline_on_capture/bob"
    gone(world, world.outbox.admit(world.desk.enter_by_card(card, "entrance")).visit_id, basket(world, 1, SMALL))
    entry = world.outbox.admit(world.desk.enter_by_card(card, "entrance"))
    pump(world, MessageId("", "", 0))
    assert (entry.admitted, entry.reason) == (False, "in_debt")
    assert [hold.status for hold in world.desk.visit(entry.visit_id).holds] == ["released"]


def test_guests_get_receipts_of_their_own_where_the_shop_wants_it(world_of: Made, store: Store) -> None:
    world = world_of(replace(store, policies=Policies(party_shares_receipt=False)))
    host = inside(world)
    guest = world.outbox.admit(world.desk.enter_guest(host, "entrance"))
    gone(world, guest.visit_id, basket(world, 1, SMALL))
    gone(world, host, basket(world, 1, ()))
    assert guest.visit_id != host and world.desk.visit(guest.visit_id).host == host
    assert [world.desk.visit(v).paid_minor for v in (guest.visit_id, host)] == [397, 0]


ONE_FREE = Promotion(
    "free-crisps",
    "Crisps on us",
    Percent(Decimal(1)),
    Goods(gtins=frozenset({CRISPS})),
    coupon="CRISPS",
    limits=Limits(campaign=1),
)


def test_two_carts_cannot_both_use_the_last_coupon(world_of: Made, store: Store) -> None:
    world = world_of(replace(store, promotions=(ONE_FREE,)))
    first, second = (inside(world, name) for name in ("anna", "bob"))
    world.desk.present_coupon(first, "CRISPS")
    with pytest.raises(VisitError) as used_up:
        world.desk.present_coupon(second, "CRISPS")
    world.now_ns += 5 * 3600 * SECOND_NS  # nobody sees the first one leave, with nothing in hand
    pump(world, MessageId("", "", 0))
    fourth = inside(world, "dora")
    world.desk.present_coupon(fourth, "CRISPS")
    gone(world, fourth, basket(world, 1, ((CRISPS, 2),)))
    assert (used_up.value.code, world.desk.visit(first).state) == ("coupon_invalid", "abandoned")
    assert (world.desk.visit(fourth).total_minor, world.desk.visit(fourth).state) == (189, "settled")


def test_staff_use_up_no_coupon(world_of: Made, store: Store) -> None:
    world = world_of(replace(store, promotions=(ONE_FREE,)))
    first, second = (inside(world, name) for name in ("anna", "bob"))
    world.desk.present_coupon(first, "CRISPS")
    world.desk.mark_staff(first, "staff-1")
    gone(world, first, basket(world, 1, SMALL))
    world.desk.present_coupon(second, "CRISPS")
    assert world.desk.visit(second).reserved == ("free-crisps",)


def test_what_is_given_back_adds_up_to_what_was_paid(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    gone(world, visit, basket(world, 1, SMALL))
    for line, quantity in (("l0", 1), ("l1", 1), ("l0", 1)):
        world.desk.dispute(visit, line, quantity, "not mine", "anna")
        pump(world, MessageId("", "", 0))
    with pytest.raises(VisitError) as over:
        world.desk.dispute(visit, "l0", 1, "again", "anna")
    after = world.desk.visit(visit)
    assert (after.refunded_minor, after.paid_minor, over.value.code) == (397, 397, "over_refund")
    assert ("clearing", "EUR") not in world.desk.balances()
    assert world.desk.standing("anna").granted == 3


def test_staff_and_people_let_in_by_hand_need_no_card(world_of: Made, store: Store) -> None:
    world = world_of(store)
    staff, manual = world.desk.enter_staff("staff-1", "entrance"), world.desk.enter_manual("staff-1", "entrance")
    for entry in (staff, manual):
        gone(world, entry.visit_id, basket(world, 1, SMALL))
    assert [world.desk.visit(e.visit_id).state for e in (staff, manual)] == ["settled", "owing"]
    with pytest.raises(VisitError):
        world.desk.receipt(staff.visit_id)
    assert world.desk.receipt(manual.visit_id).status == "owed"


def test_a_visit_without_a_price_asks_a_person_and_then_leaves_the_line_out(world_of: Made, store: Store) -> None:
    free = replace(store.products[WATER], price_minor=0)
    priceless = replace(store, products={**store.products, WATER: free}, prices=(), promotions=())
    world = world_of(priceless)
    visit = inside(world)
    gone(world, visit, basket(world, 1, SMALL))
    waiting = world.desk.visit(visit)
    world.now_ns += 601 * SECOND_NS
    pump(world, MessageId("", "", 0))
    assert (waiting.state, waiting.review and waiting.review.reason) == ("in_review", "unpriceable")
    assert (world.desk.visit(visit).total_minor, world.desk.receipt(visit).dropped) == (189, (free.name,))


def test_the_live_basket_is_priced_and_remembered_per_revision(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    world.desk.revise(visit, basket(world, 1, SMALL))
    first = world.desk.basket(visit)
    assert world.desk.basket(visit) is first
    world.desk.revise(visit, basket(world, 2, SMALL[:1]))
    second = world.desk.basket(visit)
    assert first.priced and second.priced and (first.priced.total_minor, second.priced.total_minor) == (397, 208)
    assert second.revision == first.revision + 1


def test_webhooks_are_dealt_with_once_and_in_any_order(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    gone(world, visit, basket(world, 1, SMALL))
    entries = [entry.event for entry in world.desk.journal(visit)]
    assert sum(isinstance(entry, Settled) for entry in entries) == 1
    assert faults_in(world) == []


def test_a_crash_inside_a_command_leaves_nothing_half_done(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    world.breaker.plan = (world.breaker.moments + 1).__eq__
    with pytest.raises(Crash):
        world.desk.revise(visit, basket(world, 1, SMALL))
    world.restart()
    assert world.desk.visit(visit).source_revision == -1


def test_a_debt_can_be_paid_with_another_card_when_a_capture_was_refused(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world, token="tok_decline_on_capture")
    gone(world, visit, basket(world, 1, SMALL))
    for token in ("tok_decline_on_capture", "tok_visa/another"):
        world.desk.pay_debt(visit, token=token)
        pump(world, MessageId("", "", 0))
    assert (world.desk.visit(visit).state, faults_in(world)) == ("settled", [])


def test_what_a_person_saw_does_not_outlast_what_the_shopper_did_afterwards(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    took, kept = (BasketLine(name, WATER, 2, 0.5, world.now_ns, None, None, 0) for name in ("took", "kept"))
    world.desk.revise(visit, BasketUpdate(1, (took, kept), 0.5, 1000, complete=True))
    world.desk.leave(visit, "way-out")
    world.desk.answer(visit, [replaced(took, proven_quantity=2)], "s")
    world.desk.reenter(visit, "entrance")
    world.desk.answer(visit, [replaced(kept, quantity=1, proven_quantity=1)], "s")
    gone(world, visit, BasketUpdate(2, (kept,), 1.0, 0, complete=True))
    priced = world.desk.visit(visit).priced
    assert priced is not None
    assert [(line.line_id, line.quantity) for line in priced.lines] == [("kept", 1)]


@pytest.mark.parametrize("goods", [(), SMALL], ids=["nothing", "goods"])
def test_a_gate_whose_clock_is_ahead_holds_nothing_up(goods: Any, world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    world.desk.revise(visit, basket(world, 1, goods))
    world.desk.leave(visit, "way-out", world.now_ns + 30 * 86_400 * SECOND_NS)
    pump(world, MessageId("", "", 0))
    after = world.desk.visit(visit)
    assert (after.state, after.left_at_ns, [hold.status for hold in after.holds]) == (
        "settled",
        world.now_ns,
        ["captured" if goods else "released"],
    )


def test_what_a_person_denied_is_not_granted_unit_by_unit(world_of: Made, store: Store) -> None:
    world = world_of(store)
    visit = inside(world)
    gone(world, visit, basket(world, 1, ((CRISPS, 9),)))
    asked = world.desk.dispute(visit, "l0", 9, "not mine", "anna")
    world.desk.decide(asked.dispute_id, False, "staff", "the clip shows it")
    again = world.desk.dispute(visit, "l0", 1, "not mine", "anna")
    assert (asked.outcome, again.outcome, again.why) == ("review", "review", "denied_before")


def test_a_number_that_came_before_about_another_visit_is_refused(world_of: Made, store: Store) -> None:
    world = world_of(store)
    first, second = inside(world, "anna"), inside(world, "bert")
    message = MessageId("gate", "boot", 1)
    world.desk.leave(first, "way-out", message=message)
    with pytest.raises(VisitError, match="came before"):
        world.desk.leave(second, "way-out", message=message)
    assert world.desk.visit(second).state == "shopping"
    world.desk.leave(second, "way-out", message=MessageId("gate", "boot", 2))


def test_one_visit_that_cannot_go_on_does_not_hold_up_the_others(world_of: Made, store: Store) -> None:
    world = world_of(store, policy=VisitPolicy(hold_minor={}))
    for name in ("first", "second"):
        visit = world.desk.enter_manual(name, "entrance").visit_id
        world.desk.revise(visit, basket(world, 1, SMALL, complete=False))
        world.desk.leave(visit, "way-out")
        world.now_ns += SECOND_NS
    with world.database.write() as connection:
        spoil = visits.c.visit_id == select(visits.c.visit_id).order_by(visits.c.due_at_ns).limit(1).scalar_subquery()
        connection.execute(update(visits).where(spoil).values(body='{"visit_id": "?", "state": "left"}'))
    world.desk.writer.forget()
    world.now_ns += 120 * SECOND_NS
    assert world.desk.settle_due() == 2
    assert world.desk.visit(visit).state == "in_review"
