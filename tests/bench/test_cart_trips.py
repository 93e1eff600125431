"""The judge of simulated trips: what is a wrong line, how trips are summed, and that a seed says it all."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.bench.cart_trips import JudgedTrip, TripTally, is_right, judge_trips, trip_rows, wrong_lines
from aisle.cart.trip import Phase, Prompt, PromptKind, Trip, TripLine
from aisle.simulation.cart.truth import Doubt, TripTruth
from aisle.store.model import Product, Store

T0 = 1_774_000_000 * 10**9
STORE = Store("S", "EUR", "UTC", {
    "tea": Product("tea", "Tea", 100.0, 250),
    "jam": Product("jam", "Jam", 340.0, 249),
    "4011": Product("4011", "Bananas", None, 199, sold_by_weight=True),
}, (), ())  # fmt: skip
TEA, JAM, BANANAS = {"gtin": "tea", "quantity": 2}, {"gtin": "jam", "quantity": 1}, {"gtin": "4011", "grams": 800.0}


def line(gtin: str, quantity: int = 1, grams: int | None = None) -> TripLine:
    return TripLine(f"l-{gtin}-{grams}", gtin, quantity, 1.0, T0, grams)


def trip(*lines: TripLine) -> Trip:
    return Trip("t", "7", Phase.PAYING, T0, T0, lines)


def truth(*lines: dict[str, Any], doubts: tuple[Doubt, ...] = ()) -> TripTruth:
    return TripTruth("t", 1, (), T0, T0, lines, doubts, (), frozenset({"4011"}))


LINES = {
    "as it was": (trip(line("tea", 2), line("4011", grams=800)), truth(TEA, BANANAS), ()),
    "missing": (trip(line("tea", 2)), truth(TEA, JAM), ("jam",)),
    "extra": (trip(line("tea", 2), line("jam")), truth(TEA), ("jam",)),
    "too few": (trip(line("tea", 1)), truth(TEA), ("tea",)),
    "a weight near enough": (trip(line("4011", grams=807)), truth(BANANAS), ()),
    "a wrong weight": (trip(line("4011", grams=812)), truth(BANANAS), ("4011",)),
    "no weight": (trip(line("4011")), truth(BANANAS), ("4011",)),
    "two bags of one kind": (trip(line("4011", grams=500), line("4011", grams=300)), truth(BANANAS), ()),
    "nothing for nothing": (trip(), truth(), ()),
    "all wrong, in order of code": (trip(line("tea", 3), line("jam", 2)), truth(TEA, JAM), ("jam", "tea")),
}


@pytest.mark.parametrize(("given", "true", "wrong"), LINES.values(), ids=LINES.keys())
def test_wrong_lines(given: Trip, true: TripTruth, wrong: tuple[str, ...]) -> None:
    assert wrong_lines(given, true, STORE) == wrong


def judged(name: str, **more: Any) -> JudgedTrip:
    told = {"situations": ("plain",), "pieces": 10, "exact": True, "exact_answered": True, "flagged": False,
            "probability": 0.9, **more}  # fmt: skip
    return JudgedTrip(name, **told)


TALLY = TripTally([
    judged("a"),
    judged("b", situations=("plain", "swap"), exact=False, flagged=True, false=("scan item",)),
    judged("c", situations=("swap",), exact=False, exact_answered=False),
    judged("d"),
])  # fmt: skip


def test_rows_of_a_tally() -> None:
    rows = {row.name: (row.value, row.reach, row.ok, row.counted) for row in trip_rows(TALLY)}
    assert rows == {
        "exact receipts without help": (0.5, 0.97, False, 4),
        "exact receipts with the prompts answered": (0.75, 0.995, False, 4),
        "receipts exact, or with a prompt that is right": (0.75, None, None, 4),
        "false prompts per 100 items": (2.5, 0.5, False, 40),
    }
    assert all("4 trips, 40 items" in row.on for row in trip_rows(TALLY))


def test_sums_by_situation() -> None:
    assert TALLY.by_situation() == {"plain": (3, 2, 3, 1), "swap": (2, 0, 1, 1)}


def test_a_prompt_is_right_where_the_truth_holds_its_doubt() -> None:
    prompt = Prompt("p1", PromptKind.SCAN_ITEM, T0)
    assert not is_right(prompt, truth())


def test_simulated_trips_are_judged_and_a_seed_says_it_all() -> None:
    heard: list[float] = []
    tally = judge_trips(2, 41, heard.append, items=5)
    assert heard == pytest.approx([0.5, 1.0])
    assert len({one.name for one in tally.trips}) == 2
    assert all(one.pieces >= 3 and one.situations for one in tally.trips)
    assert all(one.exact == (not one.wrong) for one in tally.trips)
    assert judge_trips(1, 41, items=5).trips == tally.trips[:1]
    assert judge_trips(1, 42, items=5).trips[0] != tally.trips[0]
