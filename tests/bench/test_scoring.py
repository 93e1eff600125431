"""Counting right and wrong, held against receipts counted by hand."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.bench.scoring import ClaimedLine, ClaimedReceipt, Counts, Visit, score_receipts, total
from aisle.bench.truth import Truth

Baskets = dict[str, dict[str, int]]


def truth_of(receipts: Baskets, staff: tuple[str, ...] = ()) -> Truth:
    roles = {shopper: "customer" for shopper in receipts} | {shopper: "staff" for shopper in staff}
    return Truth("r", "case", "group", "weight", receipts, roles, 0)


def claims_of(receipts: Baskets, probability: float = 0.9) -> list[ClaimedReceipt]:
    return [
        ClaimedReceipt(s, tuple(ClaimedLine(g, q, probability) for g, q in basket.items()), probability)
        for s, basket in receipts.items()
    ]


ROWS = {
    # name: (what was taken, what was billed, tp, fp, fn, exact, receipts)
    "all right": ({"a": {"x": 1}}, {"a": {"x": 1}}, 1, 0, 0, 1, 1),
    "one item too many": ({"a": {"x": 1}}, {"a": {"x": 2}}, 1, 1, 0, 0, 1),
    "one item missing": ({"a": {"x": 2}}, {"a": {"x": 1}}, 1, 0, 1, 0, 1),
    "another product": ({"a": {"x": 1}}, {"a": {"y": 1}}, 0, 1, 1, 0, 1),
    "the wrong shopper": ({"a": {"x": 1}, "b": {}}, {"a": {}, "b": {"x": 1}}, 0, 1, 1, 0, 2),
    "both empty-handed": ({"a": {}, "b": {}}, {"a": {}, "b": {}}, 0, 0, 0, 2, 2),
    "an empty-handed shopper without receipt": ({"a": {}}, {}, 0, 0, 0, 1, 1),
    "a shopper without receipt": ({"a": {"x": 3}}, {}, 0, 0, 3, 0, 1),
    "a receipt for somebody who never was there": ({"a": {}}, {"a": {}, "ghost": {"x": 1}}, 0, 1, 0, 1, 2),
    "an empty receipt for nobody does not count": ({"a": {}}, {"a": {}, "ghost": {}}, 0, 0, 0, 1, 1),
    "a line of quantity nought is no line": ({"a": {"x": 1}}, {"a": {"x": 1, "y": 0}}, 1, 0, 0, 1, 1),
    "nobody in the store": ({}, {}, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize(("taken", "billed", "tp", "fp", "fn", "exact", "receipts"), ROWS.values(), ids=ROWS.keys())
def test_counts(taken: Baskets, billed: Baskets, tp: int, fp: int, fn: int, exact: int, receipts: int) -> None:
    assert score_receipts(truth_of(taken), claims_of(billed)).counts == Counts(tp, fp, fn, exact, receipts)


RATIOS = {
    # name: (counts, precision, recall, F1, exact share)
    "usual": (Counts(8, 1, 3, 3, 4), 8 / 9, 8 / 11, 16 / 20, 0.75),
    "nothing to bill": (Counts(0, 0, 0, 2, 2), 1.0, 1.0, 1.0, 1.0),
    "nothing right": (Counts(0, 2, 2, 0, 1), 0.0, 0.0, 0.0, 0.0),
    "nothing billed": (Counts(0, 0, 2, 0, 1), 1.0, 0.0, 0.0, 0.0),
    "nobody": (Counts(), 1.0, 1.0, 1.0, 1.0),
}


@pytest.mark.parametrize(("counts", "precision", "recall", "f1", "exact"), RATIOS.values(), ids=RATIOS.keys())
def test_ratios(counts: Counts, precision: float, recall: float, f1: float, exact: float) -> None:
    assert (counts.precision, counts.recall, counts.f1, counts.exact_share) == pytest.approx(
        (precision, recall, f1, exact)
    )


def test_visits_tell_role_and_outcome() -> None:
    taken: Baskets = {"a": {"x": 1}, "s": {}, "silent": {"y": 1}}
    scored = score_receipts(truth_of(taken, staff=("s",)), claims_of({"a": {"x": 1}, "s": {}, "ghost": {"z": 1}}, 0.8))
    assert scored.visits == (
        Visit("a", "customer", 0.8, True),
        Visit("ghost", "nobody", 0.8, False),
        Visit("s", "staff", 0.8, True),
        Visit("silent", "customer", 1.0, False),
    )


def test_a_line_is_right_when_its_quantity_is() -> None:
    scored = score_receipts(truth_of({"a": {"x": 2, "y": 1}}), claims_of({"a": {"x": 2, "y": 2, "z": 1}}))
    assert [line.exact for line in scored.lines] == [True, False, False]


def test_two_lines_of_one_product_add_up() -> None:
    receipt = ClaimedReceipt("a", (ClaimedLine("x", 1, 0.9), ClaimedLine("x", 1, 0.8)), 0.7)
    assert score_receipts(truth_of({"a": {"x": 2}}), [receipt]).counts == Counts(2, 0, 0, 1, 1)


def test_totals_add_up() -> None:
    one = score_receipts(truth_of({"a": {"x": 1}}), claims_of({"a": {"x": 1}}))
    other = score_receipts(truth_of({"a": {"x": 1}}), claims_of({"a": {"y": 1}}))
    assert total([one, other]) == Counts(1, 1, 1, 1, 2)


baskets = st.dictionaries(
    st.sampled_from("abc"), st.dictionaries(st.sampled_from("xyz"), st.integers(1, 3), max_size=3), max_size=3
)


@given(taken=baskets, billed=baskets)
def test_right_and_missing_items_are_all_items(taken: Baskets, billed: Baskets) -> None:
    counts = score_receipts(truth_of(taken), claims_of(billed)).counts
    assert counts.tp + counts.fn == sum(sum(b.values()) for b in taken.values())
    assert counts.tp + counts.fp == sum(sum(b.values()) for b in billed.values())
    assert len(taken) <= counts.receipts <= len(taken | billed)


def reference_scorer() -> Any:
    folder = os.environ.get("AISLE_NANOSTORE", "")
    path = Path(folder) / "score.py"
    if not folder or not path.is_file():
        pytest.skip("AISLE_NANOSTORE does not name a folder with score.py, the scorer this one is held against")
    spec = importlib.util.spec_from_file_location("reference_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score_one


@pytest.fixture(scope="module")
def score_one() -> Any:
    return reference_scorer()


@settings(max_examples=200)
@given(taken=baskets, billed=baskets)
def test_counts_as_the_reference_scorer_does(score_one: Any, taken: Baskets, billed: Baskets) -> None:
    theirs = score_one(taken, billed)
    counts = score_receipts(truth_of(taken), claims_of(billed)).counts
    assert counts == Counts(theirs["tp"], theirs["fp"], theirs["fn"], theirs["exact"], theirs["receipts"])
