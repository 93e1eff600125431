"""The shop's books of its carts on both kinds of databases, also with several writers at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aisle.bench.visit_world import World, pump
from aisle.cart.audit import Audit, AuditPolicy
from aisle.cart.audit_book import AuditBook, CheckResult, LaneRecord
from aisle.cart.book import make_tables
from aisle.visits.database import Database
from cart.lane_kit import STORE, TILL, attempt, by_card, charged_once, merger
from visits.databases import start_postgres


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with start_postgres(tmp_path_factory) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'visits.db'}")
        database.migrate()
    else:
        database = Database(request.getfixturevalue("postgres").new_database())
    make_tables(database)
    make_tables(database)
    made = World(database, STORE, partial(TILL.price, hints=False))
    yield made
    made.close()


def together(count: int, act: Any) -> list[Any]:
    """What `count` threads get that do the same at once."""
    start, answers = threading.Barrier(count), list[Any]()

    def run(number: int) -> None:
        start.wait()
        answers.append(act(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_at_the_same_moment_one_is_charged(world: World) -> None:
    purchases = [attempt(by_card(f"tok_visa/{number % 2}"), number % 2) for number in range(6)]
    answers = together(6, lambda number: merger(world).merge(purchases[number]))
    pump(world, None)  # type: ignore[arg-type]
    assert (len(answers), len({answer.visit_id for answer in answers})) == (6, 1)
    assert charged_once(world, {"trip-1"})
    assert sum(hold.captured.minor for hold in world.sandbox.holds(0)) == answers[0].total_minor


def test_decisions_and_checks_told_at_once_are_kept_once(world: World) -> None:
    book = AuditBook(world.database, AuditPolicy())
    record = LaneRecord("t", "7", "customer:anna", 5, Audit("check", check="sight"), 100, 2)
    result = CheckResult("c", "t", "kim", "sight", 6, 7, {"a": 1}, minor=40)
    assert sorted(together(5, lambda _number: book.decided(record))) == [False] * 4 + [True]
    assert sorted(together(5, lambda _number: book.found(result))) == [False] * 4 + [True]
    assert book.history("customer:anna", "another").last == "small"
    assert (book.report(0, 10).checked, book.report(0, 10).prevented_minor) == (1, 40)
