"""The evidence in words: time, place, grams, the explanation chosen and its rivals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisle.walkout.evidence import UnknownShopperError, find_shopper, percent, place_of, why
from aisle.walkout.outcome import Event, Outcome

NAMES = {"milk": "Whole milk [1 l]", "jam": "Strawberry jam"}
FOUND = {
    "by name": ("person-11", "person-11"),
    "by a track": ("person-19", "person-11"),
    "by a unique ending": ("12", "person-12"),
    "by the ending of a track": ("-19", "person-11"),
    "staff": ("boss", "boss"),
}


@pytest.mark.parametrize(("wanted", "shopper"), FOUND.values(), ids=FOUND)
def test_a_shopper_is_found(outcome: Outcome, wanted: str, shopper: str) -> None:
    assert find_shopper(outcome, wanted).shopper == shopper


NOT_FOUND = {
    "nobody": ("77", "monday: no shopper '77'; there are: person-11, person-12, boss"),
    "empty": ("", "monday: no shopper ''; there are: person-11, person-12, boss"),
}


@pytest.mark.parametrize(("wanted", "message"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_who_is_not_there_is_told_who_is(outcome: Outcome, wanted: str, message: str) -> None:
    with pytest.raises(UnknownShopperError) as told:
        find_shopper(outcome, wanted)
    assert str(told.value) == message


def test_an_ending_of_two_is_refused(outcome: Outcome) -> None:
    twins = replace(outcome, receipts=tuple(replace(r, shopper=f"{r.shopper}-0", tracks=()) for r in outcome.receipts))
    with pytest.raises(
        UnknownShopperError, match="'-0' fits several shoppers; these: person-11-0, person-12-0, boss-0"
    ):
        find_shopper(twins, "-0")


def test_each_line_has_its_evidence_and_its_rivals(outcome: Outcome) -> None:
    sections = why(outcome, outcome.receipts[0], NAMES)
    assert [s.heading for s in sections] == [
        "1 × Whole milk [1 l] (96.1 %)",
        "Not on the receipt: Strawberry jam",
    ]
    assert sections[0].sentences == (
        "at 12.5 s, gondola 1 shelf 1, plates 1-2: −1050.0 ± 1.2 g → took 1 × Whole milk [1 l] (96.0 %); "
        "rivals: person-12 took 1 × Whole milk [1 l] (3.0 %).",
    )
    assert sections[1].sentences == (
        "at 15.0 s, gondola 1 shelf 1: −530.0 ± 1.0 g → took 1 × Strawberry jam (99.0 %); "
        "rivals: part of another change (1.0 %).",
        "at 21.0 s, gondola 1 shelf 1, plate 1: +531.0 ± 1.2 g → put back 1 × Strawberry jam (90.0 %); "
        "rivals: nothing moved (10.0 %).",
    )


def test_a_shopper_nothing_points_to(outcome: Outcome) -> None:
    sections = why(outcome, outcome.receipts[2], NAMES)
    assert [s.heading for s in sections] == ["Nothing on the receipt"]


def test_a_line_without_events_is_not_passed_over(outcome: Outcome) -> None:
    (section,) = why(replace(outcome, events=()), outcome.receipts[0], NAMES)
    assert len(section.sentences) == 1


def test_without_a_start_times_are_times_of_day(outcome: Outcome) -> None:
    sections = why(replace(outcome, t0_ns=None), outcome.receipts[0], NAMES)
    assert sections[0].sentences[0].startswith("at 00:00:12.5 UTC, gondola 1")


PLACES = {
    "unknown plates": ((), "gondola 3 shelf 2"),
    "one": ((4,), "gondola 3 shelf 2, plate 4"),
    "a stretch": ((2, 3, 4), "gondola 3 shelf 2, plates 2-4"),
    "two stretches": ((7, 2, 3), "gondola 3 shelf 2, plates 2-3, 7"),
}


@pytest.mark.parametrize(("plates", "said"), PLACES.values(), ids=PLACES)
def test_places(plates: tuple[int, ...], said: str) -> None:
    assert place_of(Event(0, 3, 2, plates, -1.0, 1.0)) == said


PERCENTS = {
    "certain": (1.0, "> 99.9 %"),
    "hardly": (0.0, "< 0.1 %"),
    "some": (0.5, "50.0 %"),
    "edge": (0.999, "99.9 %"),
}


@pytest.mark.parametrize(("probability", "said"), PERCENTS.values(), ids=PERCENTS)
def test_percent(probability: float, said: str) -> None:
    assert percent(probability) == said
