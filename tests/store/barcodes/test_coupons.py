"""The terms inside a North American coupon are read field by field, and a broken one gives none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.barcodes.coupons import read_terms
from aisle.store.barcodes.meaning import CouponTerms, Requirement

TODAY = date(2026, 11, 27)
# company (6 digits) 614141, offer 123456, save 100, buy 2 of family 042
SHORT = "0614141" + "123456" + "3100" + "12" + "0" + "042"
BROKEN = {
    "cut off": SHORT[:-1],
    "length of the saving": "0614141" + "123456" + "9100" + "12" + "0" + "042",
    "requirement code": "0614141" + "123456" + "3100" + "12" + "7" + "042",
    "no such part": SHORT + "8",
    "no such day": SHORT + "3261331",
    "letters": SHORT + "A",
    "empty": "",
}


def test_terms_of_the_short_form() -> None:
    assert read_terms(SHORT, TODAY) == CouponTerms(
        "614141", "123456", 100, "minor", (Requirement("614141", "042", 2, "pieces"),)
    )


def test_terms_with_every_optional_part() -> None:
    parts = "11" + "13" + "0" + "555" + "9" + "3270131" + "4261101" + "50123456" + "9" + "5" + "1" + "1" + "1"
    assert read_terms(SHORT + parts, TODAY) == CouponTerms(
        "614141",
        "123456",
        100,
        "percent",
        (Requirement("614141", "042", 2, "pieces"), Requirement("614141", "555", 3, "pieces")),
        joined="all",
        starts=date(2026, 11, 1),
        expires=date(2027, 1, 31),
        serial="123456",
        applies_to=1,
        store_coupon=True,
        multiply=False,
    )


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_layout_has_no_terms(data: str) -> None:
    assert read_terms(data, TODAY) is None


@given(st.text("0123456789", max_size=70))
def test_no_digits_are_an_error(data: str) -> None:
    terms = read_terms(data, TODAY)
    assert terms is None or (terms.saves >= 0 and len(terms.company) >= 6)
