"""Whose receipt a fault puts in doubt: those who were there, and not more than the fault can have hidden."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import pytest

from aisle.sensing.readings import HealthEntry
from aisle.store.model import Camera, Store
from aisle.walkout.completeness import CHANGES_PER_S, MISSED, NS, Interval, Presence, affected, judged, nothing_hidden
from aisle.walkout.outcome import Event, Outcome

Kind = Literal["gap", "truncated", "corrupt", "missing-collection", "no-weight", "unknown-plate", "frozen"]


def seconds(first: float, last: float) -> Interval:
    return (round(first * NS), round(last * NS))


def fault(
    kind: Kind = "gap",
    span: tuple[float | None, float | None] = (10.0, 14.0),
    where: str = "gondola 1",
    gondola: int | None = 1,
    shelf: int | None = None,
    plate: int | None = None,
    grave: bool = True,
) -> HealthEntry:
    t0, t1 = (None if t is None else round(t * NS) for t in span)
    return HealthEntry(kind, where, f"{where}: {kind}", t0, t1, grave, gondola, shelf, plate)


THERE = {"early": (seconds(0, 5),), "during": (seconds(0, 12),), "twice": (seconds(0, 2), seconds(40, 50))}
CONCERNED = {
    "during": (fault(), {"during"}),
    "just after it": (fault(span=(6.5, 7.0)), {"early", "during"}),
    "no times": (fault(span=(None, None)), {"early", "during", "twice"}),
    "from then on": (fault(span=(30.0, None)), {"twice"}),
    "until then": (fault(span=(None, 1.0)), {"early", "during", "twice"}),
    "not grave": (fault(span=(None, None), grave=False), set()),
    "between two visits": (fault(span=(20.0, 30.0)), set()),
}


@pytest.mark.parametrize(("entry", "expected"), CONCERNED.values(), ids=CONCERNED)
def test_whom_an_entry_concerns(entry: HealthEntry, expected: set[str]) -> None:
    found = affected([entry], THERE)
    assert list(found) == list(THERE)
    assert {shopper for shopper, entries in found.items() if entries == (entry,)} == expected
    assert {shopper for shopper, entries in found.items() if entries} == expected


def test_entries_keep_their_order() -> None:
    entries = [fault(), fault(where="gondola 2", gondola=2), fault("truncated", (None, None), "file", None)]
    assert affected(entries, {"a": (seconds(0, 20),)}) == {"a": tuple(entries)}


TEA = fault("no-weight", (None, None), "product tea", None)
CHANGED = {
    "nothing changed": ((), set()),
    "on another shelf": ((Event(3 * NS, 1, 1, (1,), -50.0, 1.0),), set()),
    "where the product stands": ((Event(3 * NS, 2, 1, (1,), -50.0, 1.0),), {"early", "during", "twice"}),
    "while one was there": ((Event(45 * NS, 2, 1, (1,), -50.0, 1.0),), {"twice"}),
}


@pytest.mark.parametrize(("events", "expected"), CHANGED.values(), ids=CHANGED)
def test_a_product_without_weight_concerns_those_at_its_shelf(
    shop: Store, events: tuple[Event, ...], expected: set[str]
) -> None:
    found = affected([TEA], THERE, store=shop, events=events)
    assert {shopper for shopper, entries in found.items() if entries} == expected


DOUBT = {
    "whole shop": (fault(gondola=None), 2.0),
    "one of two gondolas": (fault(), 1.0),
    "one of four plates": (fault(shelf=1, plate=2), 0.5),
    "before the visit": (fault(span=(20.0, 30.0)), 0.0),
    "a record without a time": (fault("corrupt", (None, None), "file", None), 2.0),
    "cut off": (fault("truncated", (None, None), "file", None), 10.0),
    "no products": (fault("missing-collection", (None, None), "products", None), 12.0),
}


@pytest.mark.parametrize(("entry", "hidden_s"), DOUBT.values(), ids=DOUBT)
def test_how_much_may_be_hidden(shop: Store, entry: HealthEntry, hidden_s: float) -> None:
    expected = math.exp(-CHANGES_PER_S * hidden_s)
    assert nothing_hidden([entry], [seconds(0, 12)], shop) == pytest.approx(expected)


EVEN_DOUBT = {
    "no entry": ([], 1.0),
    "a step nobody knows": ([fault("unknown-plate", (3.0, 3.5), plate=9)], 0.5),
    "two of them": ([fault("unknown-plate", (3.0, 3.5), plate=p) for p in (8, 9)], 0.25),
    "a product without weight and one event": ([TEA], 0.5),
}


@pytest.mark.parametrize(("entries", "expected"), EVEN_DOUBT.values(), ids=EVEN_DOUBT)
def test_what_was_seen_but_not_understood(shop: Store, entries: list[HealthEntry], expected: float) -> None:
    events = (Event(3 * NS, 2, 1, (1,), -50.0, 1.0),)
    assert nothing_hidden(entries, [seconds(0, 12)], shop, events=events) == pytest.approx(expected)


def test_presence_joins_sightings_and_keeps_visits_apart() -> None:
    presence = Presence()
    for t in (0.0, 1.5, 1.0, 3.0, 20.0, 20.5):
        presence.see("a", round(t * NS))
    presence.see("b", 2 * NS)
    assert presence.intervals == {"a": (seconds(0, 3), seconds(20, 20.5)), "b": (seconds(2, 2),)}


def test_receipts_of_those_present_are_incomplete_and_less_sure(shop: Store, outcome: Outcome) -> None:
    t0 = outcome.t0_ns or 0
    whole = replace(outcome, receipts=tuple(replace(r, complete=True, faults=()) for r in outcome.receipts))
    presence = {"person-11": [(t0, t0 + 30 * NS)], "person-12": [(t0 + 20 * NS, t0 + 30 * NS)]}
    found = judged(whole, presence, shop)
    gap = whole.health[1]
    assert found.complete is False
    assert [(r.shopper, r.complete, r.faults) for r in found.receipts] == [
        ("person-11", False, (gap,)),
        ("person-12", True, ()),
        ("boss", False, (gap,)),
    ]
    share = found.receipts[0].probability / whole.receipts[0].probability
    assert share == pytest.approx(math.exp(-CHANGES_PER_S * 0.5 * 4.0))
    assert found.receipts[0].lines[0].probability == pytest.approx(whole.receipts[0].lines[0].probability * share)
    assert [a.probability for a in found.receipts[0].alternatives] == pytest.approx([0.04 * share, 0.0004 * share])
    assert found.receipts[1] is whole.receipts[1]


NOBODY = {"all well": ((), True), "not grave": ((fault(grave=False),), True), "grave": ((fault(),), False)}


@pytest.mark.parametrize(("health", "complete"), NOBODY.values(), ids=NOBODY)
def test_a_recording_without_anybody(
    shop: Store, outcome: Outcome, health: tuple[HealthEntry, ...], complete: bool
) -> None:
    empty = replace(outcome, receipts=(), events=(), health=health)
    assert judged(empty, {}, shop).complete is complete


def test_one_blind_camera_of_four_hides_a_quarter(shop: Store) -> None:
    camera = Camera("north", "", (640, 360), (400.0, 400.0), (320.0, 180.0), (0.0, 0.0, 3.0), (0.0, 0.0, 0.0))
    store = replace(shop, cameras=tuple(replace(camera, camera_id=name) for name in ("north", "south", "east", "west")))
    blind = replace(fault("frozen", (10.0, 20.0), "camera north", None), camera="north")
    assert nothing_hidden((blind,), (seconds(0, 60),), store) == pytest.approx(math.exp(-CHANGES_PER_S * 10 / 4))


@pytest.mark.parametrize(
    ("entry", "share"),
    [
        pytest.param(HealthEntry("missing-collection", "plates", "no plates", grave=True), MISSED, id="no plates"),
        pytest.param(HealthEntry("dead", "gondola 1", "dead", 0, 60 * NS, True, 1), MISSED / 2, id="half of them dead"),
        pytest.param(HealthEntry("stuck", "gondola 1", "stuck", 0, 60 * NS, True, 1), 0.5, id="stuck: they speak"),
        pytest.param(HealthEntry("missing-collection", "tracks", "nobody", grave=True), 1.0, id="no people"),
    ],
)
def test_cameras_see_what_silent_plates_do_not_feel(entry: HealthEntry, share: float, shop: Store) -> None:
    hidden = -math.log(nothing_hidden([entry], [(0, 60 * NS)], shop, sighted=True))
    assert hidden == pytest.approx(share * CHANGES_PER_S * 60)
