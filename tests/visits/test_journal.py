"""Many writers at once, in one program and in two: nothing is lost, nothing is written twice."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from aisle.bench.visit_scripts import SMALL, basket
from aisle.bench.visit_world import World
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store
from aisle.visits.database import Database
from aisle.visits.desk import Desk
from aisle.visits.errors import VisitError
from aisle.visits.events import TrackLinked
from aisle.visits.journal import MessageId
from aisle.visits.policy import SECOND_NS, VisitPolicy

THREADS, EACH = 6, 15


@pytest.fixture
def world(url: str, store: Store, till: Till) -> Iterator[World]:
    world = World(Database(url), store, partial(till.price, hints=False), policy=VisitPolicy(hold_minor={}))
    yield world
    world.close()


def second_program(world: World) -> Desk:
    """Another program on the same database."""
    numbers = itertools.count()
    return Desk(
        Database(world.database.url.render_as_string(hide_password=False)),
        world.store,
        price=Till(world.store).price,
        clock=world.clock,
        ids=lambda: f"second-{next(numbers)}",
        code_keys=(b"another signing key",),
        policy=world.desk.policy,
    )


def in_threads(desks: list[Desk], visit: str) -> None:
    """All threads link tracks to one visit, each message sent twice."""

    def link(thread: int) -> None:
        for number in range(EACH):
            for _ in range(2):
                desk = desks[thread % len(desks)]
                desk.link_track(visit, f"{thread}-{number}", message=MessageId(f"d{thread}", "1", number))

    threads = [threading.Thread(target=link, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("programs", [1, 2], ids=["one program", "two programs"])
def test_every_message_counts_exactly_once(programs: int, world: World) -> None:
    visit = world.desk.enter_manual("s", "entrance").visit_id
    others = [second_program(world) for _ in range(programs - 1)]
    in_threads([world.desk, *others], visit)
    tracks = Counter(e.event.track for e in world.desk.journal(visit) if isinstance(e.event, TrackLinked))
    assert (len(tracks), set(tracks.values())) == (THREADS * EACH, {1})
    for other in others:
        other.database.close()


def test_a_program_that_remembers_too_much_asks_the_database_before_it_refuses(world: World) -> None:
    visit = world.desk.enter_manual("s", "entrance").visit_id
    other = second_program(world)
    world.desk.revise(visit, basket(world, 1, SMALL, complete=False))
    other.leave(visit, "way-out")
    world.desk.reenter(visit, "entrance")
    other.revise(visit, basket(world, 2, SMALL))
    with pytest.raises(VisitError, match="newer basket"):
        world.desk.revise(visit, basket(world, 2, SMALL))
    other.database.close()


def test_an_answer_from_outside_counts_for_a_visit_that_another_program_took_further(world: World) -> None:
    visit = world.outbox.admit(world.desk.enter_by_card("tok_visa", "entrance")).visit_id
    other = second_program(world)
    other.revise(visit, basket(world, 1, SMALL))
    other.leave(visit, "way-out")
    world.outbox.run_until_idle()
    assert (world.desk.visit(visit).state, world.desk.visit(visit).due_minor) == ("settled", 0)
    other.database.close()


def test_time_passes_for_a_visit_that_another_program_took_further(world: World) -> None:
    visit = world.desk.enter_manual("s", "entrance").visit_id
    other = second_program(world)
    other.revise(visit, basket(world, 1, SMALL, complete=False))
    other.leave(visit, "way-out")
    other.database.close()
    world.now_ns += 120 * SECOND_NS
    world.desk.settle_due()
    assert world.desk.visit(visit).state == "in_review"


def test_a_refused_command_does_not_disturb_those_written_with_it(world: World) -> None:
    visit = world.desk.enter_manual("s", "entrance").visit_id
    refusals: list[str] = []

    def revise(revision: int) -> None:
        try:
            world.desk.revise(visit, basket(world, revision, SMALL))
        except VisitError as refused:
            refusals.append(refused.code)

    threads = [threading.Thread(target=revise, args=(revision,)) for revision in (3, 1, 2, 4) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.desk.visit(visit).source_revision == 4
    assert set(refusals) == {"stale_revision"}


def test_watchers_are_told_of_every_change_and_of_nothing_else(world: World) -> None:
    visit = world.desk.enter_manual("s", "entrance").visit_id
    with world.desk.subscribe(visit, after_revision=0) as watching:
        assert watching.wait(1.0) == world.desk.visit(visit).revision
        assert watching.wait(0.01) is None
        assert watching.wait(1.0) if world.desk.revise(visit, basket(world, 1, SMALL)) else None
    world.desk.link_track(visit, "t")
    assert watching.wait(0.01) is None
