"""The receipt for programs: complete, stable, and adding up as the receipt does."""

from __future__ import annotations

import msgspec
import pytest

from aisle.commerce.receipts.json_out import ReceiptOut, receipt_document, receipt_json
from aisle.commerce.receipts.receipt import Receipt
from commerce.receipts.samples import ALL, CORRECTED, FINAL, OWED, PENDING


@pytest.mark.parametrize("receipt", ALL.values(), ids=ALL)
def test_what_is_written_reads_back(receipt: Receipt) -> None:
    assert msgspec.json.decode(receipt_json(receipt), type=ReceiptOut) == receipt_document(receipt)
    assert receipt_json(receipt) == receipt_json(receipt)


def test_lines_say_how_they_came_about() -> None:
    tomatoes, penne, _, water = receipt_document(FINAL).lines
    assert (tomatoes.weight_g, tomatoes.probability, tomatoes.checked) == (486, 0.9999, False)
    assert (penne.regular_minor, penne.paid_minor, penne.savings[0].name) == (378, 318, "2 for 3.18")
    assert (water.deposit_minor, water.checked) == (150, True)
    assert penne.dispute_url == "https://shop.example/receipt/3F7Q?line=penne"


def test_times_are_those_of_the_shop() -> None:
    document = receipt_document(FINAL)
    assert (document.entered_at, document.left_at) == ("2026-11-22T18:41:00+01:00", "2026-11-22T18:57:00+01:00")


def test_refunds_and_debts_show_in_what_is_due() -> None:
    corrected = receipt_document(CORRECTED)
    assert (corrected.refunded_minor, corrected.due_minor, corrected.lines[2].refunded_minor) == (199, 862, 199)
    assert receipt_document(OWED).due_minor == 1061
    assert [line.waiting for line in receipt_document(PENDING).lines] == [False, False, True, False]
