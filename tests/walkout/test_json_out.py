"""The JSON contract: every key in its place, numbers rounded once, text that any program reads."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aisle.walkout.json_out import iso_time, json_text, outcome_as_json, plain
from aisle.walkout.outcome import Outcome

KEYS = ["recording", "duration_s", "complete", "health", "receipts", "events"]
RECEIPT_KEYS = ["shopper", "role", "lines", "probability", "alternatives"]
EVENT_KEYS = ["t", "gondola", "shelf", "plates", "grams", "sigma_g", "explanations"]


def test_the_keys_of_the_contract_come_first_and_in_order(outcome: Outcome) -> None:
    document = outcome_as_json(outcome)
    assert list(document)[: len(KEYS)] == KEYS
    assert [list(r)[: len(RECEIPT_KEYS)] for r in document["receipts"]] == [RECEIPT_KEYS] * 3
    assert [list(e) for e in document["events"]] == [EVENT_KEYS] * 3
    assert list(document["receipts"][0]["lines"][0]) == ["gtin", "name", "quantity", "probability"]


def test_everybody_has_a_receipt_an_empty_one_too(outcome: Outcome) -> None:
    receipts = outcome_as_json(outcome)["receipts"]
    assert [(r["shopper"], r["role"], len(r["lines"])) for r in receipts] == [
        ("person-11", "customer", 1),
        ("person-12", "customer", 0),
        ("boss", "staff", 0),
    ]
    assert [(r["complete"], r["faults"]) for r in receipts] == [
        (True, []),
        (False, ["gondola 1: no samples for 4.0 s"]),
        (True, []),
    ]


def test_events_stand_in_order_of_time_and_are_rounded(outcome: Outcome) -> None:
    events = outcome_as_json(outcome)["events"]
    assert [e["t"][17:] for e in events] == ["12.500000Z", "15.000000Z", "21.000000Z"]
    assert (events[0]["grams"], events[0]["sigma_g"], events[0]["plates"]) == (-1049.99, 1.23, [1, 2])
    assert outcome_as_json(outcome)["receipts"][0]["lines"][0]["probability"] == 0.961235


def test_additions_never_replace_what_the_contract_says(outcome: Outcome) -> None:
    document = outcome_as_json(replace(outcome, extra={"recording": "another", "engine": {"beam": 7}}))
    assert (document["recording"], document["engine"]) == ("monday", {"beam": 7})


def test_the_text_is_ascii_and_comes_back(outcome: Outcome) -> None:
    document = outcome_as_json(replace(outcome, recording="Grüner \udce9"))
    text = json_text(document)
    assert text.isascii()
    assert json.loads(text) == document


TIMES = {
    "epoch": (0, "1970-01-01T00:00:00.000000Z"),
    "below a microsecond": (999, "1970-01-01T00:00:00.000000Z"),
    "microseconds": (1_587_532_009_205_074_048, "2020-04-22T05:06:49.205074Z"),
    "before the epoch": (-1_000, "1969-12-31T23:59:59.999999Z"),
    "beyond the calendar": (1 << 80, "9999-12-31T23:59:59.999999Z"),
}


@pytest.mark.parametrize(("t_ns", "expected"), TIMES.values(), ids=TIMES)
def test_times(t_ns: int, expected: str) -> None:
    assert iso_time(t_ns) == expected


PLAIN: dict[str, tuple[Any, Any]] = {
    "numpy numbers": (
        {"a": np.float64(0.12345678), "b": np.int64(3), "c": np.bool_(True)},
        {"a": 0.123457, "b": 3, "c": True},
    ),
    "arrays": ({"grams": np.array([1.005, 2.34567])}, {"grams": [1.0, 2.35]}),
    "sets have an order": ({"staff": frozenset({"b", "a", "c"})}, {"staff": ["a", "b", "c"]}),
    "not a number": ({"p": math.nan, "q": -math.inf}, {"p": None, "q": None}),
    "no negative zero": ({"grams": -0.001}, {"grams": 0.0}),
    "other things are named": ({"path": ValueError("odd")}, {"path": "odd"}),
}


@pytest.mark.parametrize(("value", "expected"), PLAIN.values(), ids=PLAIN)
def test_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert json_text(plain(value)) == json_text(expected)
