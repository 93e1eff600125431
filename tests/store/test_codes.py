"""Product codes: good ones pass, mistyped ones are refused with what would be right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.codes import EXPECTED, check_digit, code_fault, in_store_gtin

GOOD = {
    "gtin-8": "96385074",
    "gtin-12 (upc)": "036000291452",
    "gtin-13": "4006381333931",
    "gtin-14": "10012345678902",
    "plu of conventional bananas": "4011",
    "plu of organic bananas": "94011",
    "the shop's own": "local-bread.rye_1",
}

BAD = {
    "two digits swapped": ("4006381333391", "check digit"),
    "last digit wrong": ("4006381333932", "check digit 1"),
    "leading zero eaten": ("36000291452", "036000291452 (spreadsheets drop leading zeros)"),
    "nine digits": ("123456780", EXPECTED),
    "written by a spreadsheet": ("4.01E+12", EXPECTED),
    "own code without prefix": ("bread-rye", EXPECTED),
    "own code with a slash": ("local-a/b", EXPECTED),
    "own code without a name": ("local-", EXPECTED),
    "digits of another script": ("\u0661\u0662\u0663\u0664", EXPECTED),
}


@pytest.mark.parametrize("code", GOOD.values(), ids=GOOD.keys())
def test_good_code_has_no_fault(code: str) -> None:
    assert code_fault(code) is None


@pytest.mark.parametrize(("code", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_code_says_what_is_right(code: str, expected: str) -> None:
    assert expected in (code_fault(code) or "")


@given(st.integers(0, 10**9 - 1))
def test_in_store_gtins_are_good(number: int) -> None:
    assert code_fault(in_store_gtin(number)) is None


@given(st.text("0123456789", min_size=7, max_size=13).filter(lambda b: len(b) in (7, 11, 12, 13)), st.data())
def test_one_wrong_digit_is_always_found(body: str, data: st.DataObject) -> None:
    code = body + check_digit(body)
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = str((int(code[place]) + data.draw(st.integers(1, 9))) % 10)
    assert code_fault(code[:place] + wrong + code[place + 1 :]) is not None


def test_article_numbers_have_nine_digits() -> None:
    with pytest.raises(ValueError, match="expected 0 to 999999999"):
        in_store_gtin(10**9)
