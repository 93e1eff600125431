"""The lane's claims over a few trips: rows with verdicts, and nobody looked at twice without cause."""

from __future__ import annotations

from aisle.bench.cart_lane import judge_lane


def test_the_rows_of_the_lane() -> None:
    rows = {row.name: row for row in judge_lane(24)}
    assert {name for name, row in rows.items() if row.reach is not None} == {
        "lane decision, p99", "looked at by lot right after a look",
    }  # fmt: skip
    assert rows["looked at by lot right after a look"].value == 0
    assert rows["trips looked at by a person"].counted == 24
