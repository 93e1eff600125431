"""What counts as proven, and when goods were taken, before a receipt becomes money."""

from __future__ import annotations

import pytest

from aisle.walkout.outcome import Alternative, Event, Line, Outcome, Receipt
from aisle.walkout.settling import RecordedClock, proven, taken_at

TEA, BUN = "2000000000015", "2000000000022"


def receipt(probability: float, line: Line, *rivals: tuple[dict[str, int], float]) -> Receipt:
    return Receipt("ada", "customer", (line,), probability, tuple(Alternative(basket, p) for basket, p in rivals))


@pytest.mark.parametrize(
    ("found", "units"),
    [
        (receipt(0.97, Line(TEA, "Tea", 2, 0.97)), 2),
        (receipt(0.60, Line(TEA, "Tea", 2, 0.60), ({TEA: 1}, 0.38)), 1),
        (receipt(0.60, Line(TEA, "Tea", 2, 0.60), ({TEA: 3}, 0.37)), 2),
        (receipt(0.60, Line(TEA, "Tea", 1, 0.60), ({BUN: 1}, 0.39)), 0),
        (receipt(0.50, Line(TEA, "Tea", 3, 0.50), ({TEA: 2}, 0.30), ({TEA: 1, BUN: 1}, 0.16), ({}, 0.04)), 1),
        (receipt(0.60, Line(TEA, "Tea", 1, 0.60), ({TEA: 1, BUN: 1}, 0.20)), 0),
    ],
    ids=["sure", "one surely", "two or three", "tea or a bun", "one at least", "too much untold"],
)
def test_only_what_basket_and_rivals_agree_on_is_proven(found: Receipt, units: int) -> None:
    assert proven(found, found.lines[0]) == units


def test_goods_were_taken_when_the_likeliest_explanation_says() -> None:
    def act(who: str, sign: int, gtin: str) -> dict[str, object]:
        return {"who": who, "sign": sign, "gtin": gtin, "quantity": 1}

    def event(t_ns: int, *explanations: tuple[float, dict[str, object]]) -> Event:
        told = tuple({"acts": [what], "why": "", "probability": p} for p, what in explanations)
        return Event(t_ns, 1, 1, (1,), -100.0, 1.0, told)

    events = (
        event(10, (0.9, act("ada", -1, TEA))),
        event(20, (0.3, act("ada", -1, TEA)), (0.7, act("ada", -1, BUN))),
        event(30, (0.8, act("track-2", -1, TEA))),
        event(40, (1.0, act("bob", -1, TEA))),
        event(50, (1.0, act("ada", 1, BUN))),
    )
    ada = Receipt("ada", "customer", (), 1.0, tracks=("ada", "track-2"))
    outcome = Outcome("a recording", 60.0, True, (), (ada,), events)
    assert taken_at(outcome, ada) == {TEA: 30, BUN: 20}


def test_the_clock_of_a_recording_never_goes_back() -> None:
    clock = RecordedClock(100)
    clock.reach(50)
    assert clock() == 100
    clock.reach(150)
    assert clock() == 150
