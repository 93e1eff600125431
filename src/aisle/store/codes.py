"""Product codes: what may stand in a `gtin` field and how to tell a mistyped one.

A code is one of three kinds: a GTIN of 8, 12, 13 or 14 digits with the check digit of the GS1 General
Specifications (section 7.9), a PLU of 4 or 5 digits as the IFPS gives fresh produce, or a code of the shop's own
written `local-` and then letters, digits, dots, dashes or underscores. Digits of any other length are refused: they are
far more often a mistyped GTIN than somebody's own number.
"""

from __future__ import annotations

import re

GTIN_LENGTHS = (8, 12, 13, 14)
PLU_LENGTHS = (4, 5)
LOCAL = re.compile(r"local-[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
DIGITS = re.compile(r"[0-9]+")

EXPECTED = "a GTIN of 8, 12, 13 or 14 digits, a PLU of 4 or 5 digits, or local-CODE"


def check_digit(body: str) -> str:
    """The GS1 check digit of `body`, the digits before it: weights 3, 1, 3, ... from the right, modulo 10."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def in_store_gtin(number: int) -> str:
    """The GTIN-13 with prefix 200 (GS1: restricted circulation inside one company) for an article number.

    Raises ValueError unless 0 <= number < 10**9.
    """
    if not 0 <= number < 10**9:
        raise ValueError(f"article number {number}: expected 0 to 999999999")
    body = f"200{number:09d}"
    return body + check_digit(body)


def code_fault(code: str) -> str | None:
    """What would be right instead of `code`, or None when the code is a good one."""
    if LOCAL.fullmatch(code):
        return None
    if not DIGITS.fullmatch(code):
        return EXPECTED
    if len(code) not in GTIN_LENGTHS + PLU_LENGTHS:
        return _with_zeros(code) or EXPECTED
    if len(code) in PLU_LENGTHS or code[-1] == check_digit(code[:-1]):
        return None
    return f"check digit {check_digit(code[:-1])} (…{code[-4:-1]}{check_digit(code[:-1])})"


def _with_zeros(code: str) -> str | None:
    """The GTIN whose leading zeros a spreadsheet has eaten, when there is one."""
    for length in GTIN_LENGTHS:
        padded = code.zfill(length)
        if len(padded) == length and padded[-1] == check_digit(padded[:-1]):
            return f"{padded} (spreadsheets drop leading zeros)"
    return None
