"""A shop at work: its clock goes on through troubles, and looking at its books takes nothing from who serves it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, update

from aisle.bootstrap import shop as bootstrap
from aisle.bootstrap.shop import Shop, compose
from aisle.settings import Settings
from aisle.store.example import example_store
from aisle.visits.tables import outbox


def opened(var: Path) -> Shop:
    """The example shop under `var`; its clock stands still."""
    numbers = itertools.count(1)
    url = f"sqlite:///{var / 'visits.db'}"
    return compose(example_store(), var, url, Settings(), lambda: 10**18, lambda: f"id{next(numbers)}", b"s" * 32)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = opened(tmp_path)
    yield shop
    shop.close()


@dataclass
class Troubled(Shop):
    """A shop whose clock finds the database away the first time it looks."""

    looks: int = 0
    looked_again: threading.Event = field(default_factory=threading.Event)

    def beat(self) -> None:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("the database is away")
        self.looked_again.set()


def test_the_clock_goes_on_after_trouble(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "BEAT_S", 0.01)
    troubled = Troubled(
        shop.store, shop.settings, shop.database, shop.provider, shop.desk, shop.outbox, shop.backend
    )  # fmt: skip
    troubled.start()
    assert troubled.looked_again.wait(10.0)
    troubled.stop()


@pytest.mark.parametrize(("serving", "left"), [(False, 10**18 + 5), (True, 0)], ids=["opened", "served"])
def test_only_who_serves_the_shop_frees_what_a_dead_program_had_claimed(
    serving: bool, left: int, shop: Shop, tmp_path: Path
) -> None:
    shop.desk.enter_by_card("tok_visa", "entrance")
    with shop.database.write() as connection:
        connection.execute(update(outbox).values(claimed_until_ns=10**18 + 5, due_at_ns=10**18 + 9))
    second = opened(tmp_path)
    for act in (second.start, second.stop) if serving else ():
        act()
    assert [row.claimed_until_ns for row in shop.desk.read(select(outbox.c.claimed_until_ns))] == [left]
    second.close()
