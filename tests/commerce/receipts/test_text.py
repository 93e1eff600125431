"""Plain text: sixty columns, amounts flush right, whatever the names are."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.text import COLUMNS, columns, receipt_text
from commerce.receipts.samples import ALL, FINAL


@pytest.mark.parametrize("language", ["en-US", "de", "fr", "es"])
@pytest.mark.parametrize("receipt", ALL.values(), ids=ALL)
def test_no_line_is_wider_than_the_paper(receipt: Receipt, language: str) -> None:
    lines = receipt_text(receipt, language).splitlines()
    assert [line for line in lines if columns(line) > COLUMNS and "https://" not in line] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_amounts_stand_below_each_other() -> None:
    text = receipt_text(FINAL, "en-US")
    wanted = ["Tomatoes on the vine", "Oat drink", "  Member price", "Deposit", "Total", "Visa ending 4242"]
    found = {line: columns(line) for line in text.splitlines() for name in wanted if line.startswith(name + "  ")}
    assert len(found) == len(wanted)
    assert set(found.values()) == {COLUMNS}


@given(st.text(min_size=1, max_size=200))
def test_any_name_fits(name: str) -> None:
    line = msgspec.structs.replace(FINAL.priced.lines[1], name=name)
    receipt = msgspec.structs.replace(FINAL, priced=msgspec.structs.replace(FINAL.priced, lines=(line,)))
    lines = receipt_text(receipt, "en").splitlines()
    assert all(columns(text) <= COLUMNS for text in lines if "https://" not in text)


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("緑茶", 4), ("e\u0301", 1), ("", 0)])
def test_columns(text: str, wide: int) -> None:
    assert columns(text) == wide
