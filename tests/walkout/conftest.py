"""A small outcome as a replay would give it: two shoppers and one of the staff, a take, a put-back, a gap."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.sensing.readings import HealthEntry
from aisle.store.model import Facing, Product, Shelf, Store
from aisle.walkout.outcome import Alternative, Event, Line, Outcome, Receipt

NS = 1_000_000_000
T0 = 1_767_225_600 * NS


def act(who: str, sign: int, gtin: str | None, quantity: int = 1, how: str = "facing") -> dict[str, Any]:
    return {"who": who, "sign": sign, "gtin": gtin, "quantity": quantity, "how": how}


def told(probability: float, *acts: dict[str, Any], why: str = "") -> dict[str, Any]:
    return {"acts": list(acts), "why": why, "probability": probability}


@pytest.fixture
def shop() -> Store:
    """Two gondolas with two plates on one shelf each; tea without a known weight on the second."""
    shelves = (
        Shelf(1, 1, (0.0, 0.0, 0.5), 0.0, 0.4, (0.0, 0.1, 0.2)),
        Shelf(2, 1, (0.0, 2.0, 0.5), 0.0, 0.4, (0.0, 0.1, 0.2)),
    )
    facings = (Facing("milk", 1, 1, 0.0, 0.2, (1, 2)), Facing("tea", 2, 1, 0.0, 0.2, (1, 2)))
    products = {"milk": Product("milk", "Whole milk [1 l]", 1051.0), "tea": Product("tea", "Grüner Tee", None)}
    return Store("corner", "EUR", "UTC", products, shelves, facings)


@pytest.fixture
def outcome() -> Outcome:
    gap = HealthEntry("gap", "gondola 1", "gondola 1: no samples for 4.0 s", T0 + 5 * NS, T0 + 9 * NS, True, 1)
    early = HealthEntry("late", "gondola 2", "gondola 2: 1 batch came twice")
    events = (
        Event(
            T0 + 21 * NS,
            1,
            1,
            (1,),
            531.0,
            1.25,
            (told(0.9, act("person-11", 1, "jam", how="home")), told(0.1, why="nothing moved")),
        ),
        Event(
            T0 + 12 * NS + NS // 2,
            1,
            1,
            (1, 2),
            -1049.987,
            1.234,
            (
                told(0.96, act("person-11", -1, "milk")),
                told(0.03, act("person-12", -1, "milk")),
                told(0.0004, why="nothing moved"),
            ),
        ),
        Event(T0 + 15 * NS, 1, 1, (), -530.0, 1.0, (told(0.99, act("person-11", -1, "jam")),)),
    )
    receipts = (
        Receipt(
            "person-11",
            "customer",
            (Line("milk", "Whole milk [1 l]", 1, 0.9612345678),),
            0.95,
            (Alternative({"milk": 2, "jam": 1}, 0.04), Alternative({}, 0.0004)),
            tracks=("person-11", "person-19"),
        ),
        Receipt("person-12", "customer", (), 0.97, complete=False, faults=(gap,)),
        Receipt("boss", "staff", (), 1.0),
    )
    return Outcome("monday", 30.00004, False, (early, gap), receipts, events, {"engine": {"beam": 7}}, T0)
