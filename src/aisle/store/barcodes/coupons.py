"""Coupons: which digits are one, and the terms a North American coupon carries inside (AI 8110).

A coupon must never be taken for a product, so its forms are looked at before GTINs.  The layout of 8110 is that of the
"North American Coupon Application Guideline Using GS1 DataBar Expanded Symbols" (JICC, release 2): a primary part of
fields preceded by their lengths, then optional parts, each begun by its number.  The older five-series code names its
saving by a value code whose table is the trade's, so the number is passed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from aisle.store.barcodes.gs1 import read_date
from aisle.store.barcodes.meaning import CouponCode, CouponKind, CouponTerms, Requirement
from aisle.store.barcodes.numbers import all_digits
from aisle.store.codes import check_digit

_UNITS = {"0": "pieces", "1": "minor", "2": "minor-total", "3": "lb/100", "4": "g", "9": "none"}
_SAVES = {"0": "minor", "1": "free-item-up-to-minor", "2": "free-items", "5": "percent", "6": "minor-of-total"}
_JOINED = {"0": "any", "1": "all", "2": "first-and-another", "3": "first"}


def coupon_of_gtin(gtin13: str) -> CouponCode | None:
    """The coupon that 13 digits (a GTIN-12 with 0 in front) are, or None when they are a product's."""
    if gtin13.startswith("05"):
        return CouponCode(CouponKind.US_5, gtin13[1:], value_code=gtin13[10:12])
    if gtin13.startswith("980"):
        return CouponCode(CouponKind.REFUND, gtin13)
    if gtin13[:3] in ("981", "982", "983", "984"):
        return CouponCode(CouponKind.CURRENCY, gtin13)
    return CouponCode(CouponKind.EAN_99, gtin13) if gtin13.startswith("99") else None


def coupon_of_global_number(data: str) -> CouponCode | None:
    """The coupon of a global coupon number (AI 255: 13 digits with check digit, then a serial of up to 12)."""
    if not all_digits(data) or not 13 <= len(data) <= 25 or data[12] != check_digit(data[:12]):
        return None
    return CouponCode(CouponKind.GCN, data)


@dataclass(slots=True)
class _Digits:
    """A row of digits taken from the front; `IndexError` where there are not enough."""

    rest: str

    def take(self, count: int) -> str:
        if count > len(self.rest):
            raise IndexError(count)
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def counted(self, lengths: range, add: int = 0) -> str:
        """A field preceded by its length, which must be among `lengths`; the field is that plus `add` long."""
        length = int(self.take(1))
        if length not in lengths:
            raise IndexError(length)
        return self.take(length + add)


def read_terms(data: str, today: date) -> CouponTerms | None:
    """The terms in the data of AI 8110; None when they break the layout."""
    if not all_digits(data):
        return None
    try:
        return _terms(_Digits(data), today)
    except (IndexError, KeyError):
        return None


def _terms(row: _Digits, today: date) -> CouponTerms:
    company = row.counted(range(7), add=6)
    offer = row.take(6)
    saves = int(row.counted(range(1, 6)))
    requires = [_requirement(row, company)]
    joined, starts, expires, serial, retailer = "first", None, None, None, None
    saves_unit, applies_to, store, multiply = "minor", 0, False, True
    while row.rest:
        part = row.take(1)
        if part == "1":
            joined = _JOINED[row.take(1)]
            requires.append(_further(row, company))
        elif part == "2":
            requires.append(_further(row, company))
        elif part == "3":
            expires = _day(row, today)
        elif part == "4":
            starts = _day(row, today)
        elif part == "5":
            serial = row.counted(range(10), add=6)
        elif part == "6":
            retailer = row.counted(range(1, 8), add=6)
        elif part == "9":
            saves_unit = _SAVES[row.take(1)]
            applies_to = int(row.take(1))
            store = row.take(1) != "0"
            multiply = row.take(1) == "0"
        else:
            raise KeyError(part)
    return CouponTerms(
        company, offer, saves, saves_unit, tuple(requires), joined, starts, expires, serial, retailer, applies_to,
        store, multiply,
    )  # fmt: skip


def _requirement(row: _Digits, company: str) -> Requirement:
    amount = int(row.counted(range(1, 6)))
    unit = _UNITS[row.take(1)]
    return Requirement(company, row.take(3), amount, unit)


def _further(row: _Digits, first_company: str) -> Requirement:
    asked = _requirement(row, first_company)
    if row.rest[:1] == "9":  # the same company as the first
        row.take(1)
        return asked
    return Requirement(row.counted(range(7), add=6), asked.family, asked.amount, asked.unit)


def _day(row: _Digits, today: date) -> date:
    found = read_date(row.take(6), today)
    if found is None:
        raise KeyError("no such day")
    return found
