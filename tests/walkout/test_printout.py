"""Receipts at a terminal: everything that matters stands there, and names are no markup."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from aisle.walkout.evidence import Section
from aisle.walkout.outcome import Outcome
from aisle.walkout.printout import outcome_printout, summary, why_lines

NAMES = {"milk": "Whole milk [1 l]", "jam": "Strawberry jam"}


def shown(outcome: Outcome) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(outcome_printout(outcome, NAMES))
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines() if line.strip()]


SAID = {
    "summary": "monday: 30.0 s, 3 receipts, 1 item; 1 incomplete",
    "tracks": "shopper person-11, also tracked as person-19",
    "line": "1 Whole milk [1 l] 96.1 %",
    "basket": "the whole basket 95.0 %",
    "rival": "or 1 × Strawberry jam, 2 × Whole milk [1 l] (4.0 %)",
    "empty receipt": "nothing",
    "staff": "shopper boss, staff, who pay nothing",
    "incomplete": "incomplete: gondola 1: no samples for 4.0 s",
    "health": "gap gondola 1: no samples for 4.0 s",
    "harmless health": "late gondola 2: 1 batch came twice",
}


@pytest.mark.parametrize("line", SAID.values(), ids=SAID)
def test_the_printout_says(outcome: Outcome, line: str) -> None:
    assert line in shown(outcome)


def test_a_rival_nobody_believes_is_left_out(outcome: Outcome) -> None:
    assert [line for line in shown(outcome) if line.startswith("or nothing")] == []


def test_nobody_tracked_is_said(outcome: Outcome) -> None:
    assert "Nobody was tracked: there is nobody to bill." in shown(replace(outcome, receipts=()))


SUMMARIES = {
    "complete": (True, (), "monday: 30.0 s, 0 receipts, 0 items"),
    "incomplete without anybody": (False, (), "monday: 30.0 s, 0 receipts, 0 items; incomplete"),
}


@pytest.mark.parametrize(("complete", "receipts", "said"), SUMMARIES.values(), ids=SUMMARIES)
def test_summary(outcome: Outcome, complete: bool, receipts: tuple[()], said: str) -> None:
    assert summary(replace(outcome, complete=complete, receipts=receipts)) == said


def test_an_incomplete_receipt_without_named_faults_tells_the_grave_ones(outcome: Outcome) -> None:
    receipts = tuple(replace(r, faults=()) for r in outcome.receipts)
    assert SAID["incomplete"] in shown(replace(outcome, receipts=receipts))


def test_evidence_is_a_line_for_each_sentence(outcome: Outcome) -> None:
    lines = why_lines(outcome, outcome.receipts[1], [Section("1 × Tea", ("at 1.0 s.", "at 2.0 s."))])
    assert [line.plain for line in lines] == [
        "monday, customer person-12: the basket is 97.0 % sure",
        "1 × Tea",
        "  at 1.0 s.",
        "  at 2.0 s.",
        "incomplete: gondola 1: no samples for 4.0 s",
    ]
