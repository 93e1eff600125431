"""The outbox: tries again ever later, as patient as the outside asks, parks what is hopeless, serves quickly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from aisle.bench.visit_scripts import SMALL, basket
from aisle.bench.visit_world import World
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.effects import Effect
from aisle.visits.handlers import Payments
from aisle.visits.outbox import Outbox, PermanentError, TryLater
from aisle.visits.outcomes import Done, Outcome
from aisle.visits.policy import SECOND_NS, Retries, VisitPolicy

Raised = Callable[[], Exception]


@pytest.fixture
def world(url: str, store: Store, till: Till) -> Iterator[World]:
    policy = VisitPolicy(retries=Retries(first_s=1.0, longest_s=10.0, tries=4))
    world = World(Database(url), store, partial(till.price, hints=False), policy=policy)
    yield world
    world.close()


def entering(world: World) -> tuple[str, str]:
    """Somebody at the gate: the visit, and the key of its hold."""
    card = world.sandbox.register("anna", "tok_visa", key="card")
    world.desk.save_customer(Customer("anna", email="anna@example.org", card=card))
    entry = world.desk.enter_by_code(world.desk.issue_code("anna"), "entrance")
    return entry.visit_id, entry.key


def failing(world: World, error: Raised) -> Outbox:
    """An outbox whose provider always answers so."""

    def refuse(_effect: Effect) -> Outcome:
        raise error()

    return Outbox(world.desk, {"authorise": refuse})


TABLE: dict[str, tuple[Raised, str, int, float]] = {
    "a moment's trouble": (lambda: TryLater("busy"), "pending", 1, 1.0),
    "asked for patience": (lambda: TryLater("busy", 42.0), "pending", 1, 42.0),
    "a fault of the program": (lambda: RuntimeError("broken"), "pending", 1, 1.0),
    "hopeless": (lambda: PermanentError("never"), "parked", 1, 1.0),
}


@pytest.mark.parametrize("what", TABLE)
def test_what_becomes_of_a_failure(what: str, world: World) -> None:
    error, state, attempts, wait_s = TABLE[what]
    visit, _key = entering(world)
    outbox = failing(world, error)
    assert outbox.run_due() == 1
    [row] = outbox.of_visit(visit)
    assert (row.state, row.attempts, row.due_at_ns) == (state, attempts, world.now_ns + round(wait_s * SECOND_NS))
    assert row.last_error and outbox.run_due() == 0


def test_poison_is_parked_after_so_many_tries_and_can_be_tried_again(world: World) -> None:
    visit, key = entering(world)
    outbox = failing(world, lambda: TryLater("busy"))
    for _ in range(10):
        outbox.run_due()
        world.now_ns += 20 * SECOND_NS
    [parked] = outbox.parked()
    assert (parked.key, parked.attempts) == (key, 4)
    outbox.retry(key)
    assert world.outbox.run_due() == 1
    assert world.desk.visit(visit).state == "shopping"


def test_an_effect_nobody_handles_is_parked(world: World) -> None:
    entering(world)
    outbox = Outbox(world.desk, {})
    outbox.run_due()
    assert [row.last_error for row in outbox.parked()] == ["nobody here handles effects of the kind 'authorise'"]


def test_a_claimed_effect_is_left_alone_until_its_lease_ends(world: World) -> None:
    _visit, key = entering(world)
    world.outbox._claim(limit=1)
    assert not world.outbox.run_now(key)
    world.now_ns += 61 * SECOND_NS
    assert world.outbox.run_now(key)


def test_serving_threads_do_what_is_due_within_moments(world: World) -> None:
    visit, _key = entering(world)
    world.outbox.start(workers=2)
    try:
        until = time.monotonic() + 5.0
        while world.desk.visit(visit).state != "shopping" and time.monotonic() < until:
            time.sleep(0.005)
        world.desk.revise(visit, basket(world, 1, SMALL))
        world.desk.leave(visit, "way-out")
        while world.desk.visit(visit).state != "settled" and time.monotonic() < until:
            time.sleep(0.005)
    finally:
        world.outbox.stop()
    assert world.desk.visit(visit).state == "settled"


def test_a_mail_server_that_hangs_holds_up_no_payment_and_no_end(world: World) -> None:
    answers = threading.Event()

    def hang(_effect: Effect) -> Outcome:
        answers.wait(30.0)
        return Done()

    outbox = Outbox(world.desk, {**Payments(world.sandbox).handlers(), "mail": hang})
    outbox.start(4)
    visits = [world.desk.enter_by_card(f"tok_visa/{name}", "entrance").visit_id for name in range(12)]
    for visit in visits:
        assert settles(world, visit, "shopping")
        world.desk.revise(visit, basket(world, 1, SMALL))
        world.desk.leave(visit, "way-out")
    ended = [settles(world, visit, "settled") for visit in visits]
    threading.Timer(0.2, answers.set).start()
    outbox.stop()
    mails = [row for visit in visits for row in outbox.of_visit(visit) if row.kind == "mail"]
    assert (all(ended), {row.state for row in mails}) == (True, {"done", "pending"})
    assert outbox.run_until_idle() == sum(row.state == "pending" for row in mails)


def settles(world: World, visit: str, state: str) -> bool:
    """Whether a visit comes into a state within ten seconds."""
    with world.desk.subscribe(visit) as news:
        return any(world.desk.visit(visit).state == state for _ in range(40) if news.wait(0.25) or True)
