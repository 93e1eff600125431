"""Plates as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.planogram_file import parse_plates, plates_cell

CELLS = {
    "one": ("7", (7,)),
    "a run": ("3-5", (3, 4, 5)),
    "a run and one": ("3-4 7", (3, 4, 7)),
    "out of order, one twice": ("7 3-4 3", (3, 4, 7)),
    "backwards": ("5-3", ()),
    "commas": ("3,4", None),
    "words": ("all", None),
    "more than a shelf can have": ("1-9999", None),
}


@pytest.mark.parametrize(("cell", "plates"), CELLS.values(), ids=CELLS.keys())
def test_plates_are_read(cell: str, plates: tuple[int, ...] | None) -> None:
    assert parse_plates(cell) == plates


@given(st.sets(st.integers(1, 1000), min_size=1).map(lambda plates: tuple(sorted(plates))))
def test_plates_read_back(plates: tuple[int, ...]) -> None:
    assert parse_plates(plates_cell(plates)) == plates
