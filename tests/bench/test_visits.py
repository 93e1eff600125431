"""The suite of broken visits, small: every law holds, and the same seed lives the same lives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisle.bench.truth import BenchError
from aisle.bench.visits import VisitLoad, judge_visits, live

SMALL = VisitLoad(visits=25, crash=0.02, seed=5)


def test_every_law_holds_after_many_crashes() -> None:
    rows = {row.name: row for row in judge_visits(SMALL)}
    assert [name for name, row in rows.items() if row.ok is False] == []
    assert (rows["crashes"].value or 0) > 10


def test_the_same_seed_lives_the_same_lives() -> None:
    first, second = (replace(live(SMALL), seconds=0.0) for _ in range(2))
    assert first == second


def test_a_load_of_nobody_is_refused() -> None:
    with pytest.raises(BenchError, match="--visits"):
        VisitLoad(visits=0).checked()
