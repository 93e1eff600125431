"""prices.csv: days and times as people write them, and every fault with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from aisle.store.model import Product
from aisle.store.offers import Price
from aisle.store.price_file import prices_text, read_prices
from aisle.store.problems import Findings, Problem

TEA = "2000000001012"
HEADING = "gtin,price,member_price,starts,ends\n"


def read(folder: Path, text: str) -> tuple[tuple[Price, ...], list[Problem]]:
    (folder / "prices.csv").write_text(text, encoding="utf-8")
    findings = Findings("prices.csv")
    return read_prices(folder, "EUR", {TEA: Product(TEA, "Tea", 52.0, 229)}, findings), findings.problems


ROWS = {
    "always": ("1.99,,,", Price(TEA, 199)),
    "for members": ("2.29,1.99,,", Price(TEA, 229, 199)),
    "given away": ("0,0.00,,", Price(TEA, 0, 0)),
    "days": ("1.99,,2026-05-01,2026-05-31", Price(TEA, 199, None, dt.datetime(2026, 5, 1), dt.datetime(2026, 6, 1))),
    "one day": ("1.99,,2026-05-01,2026-05-01", Price(TEA, 199, None, dt.datetime(2026, 5, 1), dt.datetime(2026, 5, 2))),
    "hours": (
        "1.99,,2026-05-01T18:00,2026-05-01 22:30",
        Price(TEA, 199, None, dt.datetime(2026, 5, 1, 18), dt.datetime(2026, 5, 1, 22, 30)),
    ),
    "an hour": ("1.99,,2026-05-01T18,", Price(TEA, 199, None, dt.datetime(2026, 5, 1, 18))),
}


@pytest.mark.parametrize(("cells", "price"), ROWS.values(), ids=ROWS.keys())
def test_a_price_is_read_and_written_again(cells: str, price: Price, tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADING}{TEA},{cells}\n") == ((price,), [])
    assert read(tmp_path, prices_text((price,), "EUR")) == ((price,), [])


FAULTS = {
    "unknown product": ("4011,1.99,,,", "gtin", "a product of products.csv"),
    "no price": (f"{TEA},,1.99,,", "price", "an amount in EUR"),
    "price below nothing": (f"{TEA},-1,,,", "price", "an amount in EUR"),
    "price with a comma": (f'{TEA},"1,99",,,', "price", "an amount in EUR"),
    "members pay more": (f"{TEA},1.99,2.00,,", "member_price", "at most the price, 1.99"),
    "no day": (f"{TEA},1.99,,1 May,", "starts", "a day (2026-01-31) or a local time"),
    "a day that is not": (f"{TEA},1.99,,2026-02-30,", "starts", "a day (2026-01-31)"),
    "a time with a zone": (f"{TEA},1.99,,2026-05-01T18:00+02:00,", "starts", "a local time"),
    "a year far away": (f"{TEA},1.99,,,9999-12-31", "ends", "from 1970 to 2199"),
    "ends before it starts": (f"{TEA},1.99,,2026-05-02,2026-05-01", "ends", "after the start, 2026-05-02"),
    "ends as it starts": (f"{TEA},1.99,,2026-05-02T10:00,2026-05-02T10:00", "ends", "after the start"),
    "a cell too many": (f"{TEA},1.99,,,,9", "ends", "5 cells"),
}


@pytest.mark.parametrize(("row", "column", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(row: str, column: str, expected: str, tmp_path: Path) -> None:
    (problem,) = read(tmp_path, f"{HEADING}{TEA},1.99,,2000-01-01,\n{row}\n")[1]
    assert (problem.row, problem.field) == (3, column)
    assert expected in problem.expected


def test_two_prices_of_one_product_cannot_start_together(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, f"{HEADING}{TEA},1.99,,2026-05-01,\n{TEA},1.89,,2026-05-01T00:00,\n")[1]
    assert (problem.row, problem.field) == (3, "starts")
    assert problem.expected == "a start of its own: the price of line 2 has it"


def test_overlaps_are_allowed(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADING}{TEA},1.99,,,\n{TEA},1.89,,2026-05-01,\n")[1] == []
