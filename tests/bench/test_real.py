"""The real recording: how it is found and judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.bench.measure import Mode
from aisle.bench.real import judge_real, measure_real, real_recording
from aisle.bench.truth import BenchError, BrokenRunError
from aisle.walkout.outcome import Event, Line, Outcome, Receipt


def outcome(basket: dict[str, int], *grams: float) -> Outcome:
    receipt = Receipt("p", "customer", tuple(Line(g, g, q, 0.99) for g, q in basket.items()), 0.97)
    return Outcome("r", 17.0, True, (), (receipt,), tuple(Event(0, 1, 5, (11,), g, 1.0) for g in grams))


OUTCOMES = {
    # name: (outcome, receipt exact, one event, step near)
    "right": (outcome({"071142008582": 1}, -622.4), (True, True, True)),
    "two of it": (outcome({"071142008582": 2}, -622.4), (False, True, True)),
    "empty": (outcome({}), (False, False, False)),
    "an event too many": (outcome({"071142008582": 1}, -622.4, 3.0), (True, False, True)),
    "a step 7 g off": (outcome({"071142008582": 1}, -628.7), (True, True, False)),
}


@pytest.mark.parametrize(("what", "verdicts"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_judgement(what: Outcome, verdicts: tuple[bool, bool, bool]) -> None:
    assert tuple(row.ok for row in judge_real(what))[:3] == verdicts


def test_a_receipt_for_somebody_else_as_well_is_not_exact() -> None:
    one = outcome({"071142008582": 1}, -622.0)
    ghost = Receipt("q", "customer", (Line("x", "x", 1, 0.5),), 0.5)
    both = Outcome("r", 17.0, True, (), (*one.receipts, ghost), one.events)
    assert judge_real(both)[0].ok is False


def broken_engine(path: Path, mode: Mode) -> Outcome:
    raise ValueError("plate_data.json, line 7: found no JSON document")


def test_a_replay_that_breaks_off_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrokenRunError, match=r"benchmark-1: ValueError: plate_data\.json, line 7"):
        measure_real(broken_engine, tmp_path / "benchmark-1")


def test_where_it_lies(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="AISLE_DATA is not set"):
        real_recording({})
    with pytest.raises(BenchError, match="holds no nanostore/benchmark-1"):
        real_recording({"AISLE_DATA": str(tmp_path)})
    (tmp_path / "nanostore" / "benchmark-1").mkdir(parents=True)
    assert real_recording({"AISLE_DATA": str(tmp_path)}).name == "benchmark-1"
