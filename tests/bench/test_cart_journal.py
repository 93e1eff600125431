"""The journal's claims over a short trip."""

from __future__ import annotations

from aisle.bench.cart_journal import judge_journal


def test_the_rows_of_the_journal() -> None:
    rows = {row.name: row for row in judge_journal(60.0)}
    assert rows["journal: trip there again after a kill"].ok
    assert 0 <= (rows["journal: readings lost by a kill"].value or 0) <= 31
    assert rows["journal: writing one reading, p99"].counted == 1_806
