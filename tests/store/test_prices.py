"""Price tags: every amount reads back as itself, in every kind of currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.prices import format_amount, parse_amount

READ = {
    "cents": ("2.49", "EUR", 249),
    "one decimal": ("2.5", "EUR", 250),
    "whole": ("3", "EUR", 300),
    "yen have no decimals": ("120", "JPY", 120),
    "dinars have three": ("1.250", "KWD", 1250),
    "decimals the currency has not": ("2.495", "EUR", None),
    "half a yen": ("120.5", "JPY", None),
    "comma": ("2,49", "EUR", None),
    "negative": ("-1.00", "EUR", None),
    "sign of the currency": ("€ 2.49", "EUR", None),
    "not a number": ("nan", "EUR", None),
    "nothing": ("", "EUR", None),
}


@pytest.mark.parametrize(("text", "currency", "minor"), READ.values(), ids=READ.keys())
def test_amounts_are_read_exactly(text: str, currency: str, minor: int | None) -> None:
    assert parse_amount(text, currency) == minor


@given(st.integers(0, 10**8), st.sampled_from(["EUR", "JPY", "KWD", "USD"]))
def test_amounts_read_back(minor: int, currency: str) -> None:
    assert parse_amount(format_amount(minor, currency), currency) == minor
