"""Amounts, rounding and sharing out."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.money import CurrencyMismatchError, Money, allocate, rounded


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", 0),
        ("0.5", 1),
        ("1.5", 2),
        ("2.5", 3),
        ("-0.5", -1),
        ("-2.5", -3),
        ("2.4999", 2),
        ("99999999999.5", 100000000000),
    ],
)
def test_halves_go_away_from_zero(amount: str, expected: int) -> None:
    assert rounded(Decimal(amount)) == expected
    assert rounded(Fraction(amount)) == expected


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6))
def test_rounding_is_never_off_by_more_than_a_half(amount: Fraction) -> None:
    assert abs(rounded(amount) - amount) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (-100, (1, 1, 1), (-34, -33, -33)),
        (5, (0, 3, 7), (0, 2, 3)),
        (7, (0, 0), (7, 0)),
        (0, (2, 3), (0, 0)),
        (1, (1, 2, 2), (0, 1, 0)),
    ],
    ids=["a cent over", "a credit", "a half goes to the earlier", "no weights", "nothing", "less than parts"],
)
def test_amounts_are_shared_out_by_largest_remainder(
    total: int, weights: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    assert allocate(total, weights) == parts


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=40))
def test_parts_add_up_and_are_fair_to_a_unit(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights) or 1
    fair = [Fraction(total * weight, whole) for weight in weights] if sum(weights) else list(map(Fraction, parts))
    assert all(abs(part - share) < 1 for part, share in zip(parts, fair, strict=True))


@pytest.mark.parametrize("weights", [(), (1, -1)], ids=["nobody", "a negative weight"])
def test_sharing_among_nobody_is_refused(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        allocate(1, weights)


def test_amounts_of_two_currencies_never_meet() -> None:
    assert Money(120, "EUR") + Money(-20, "EUR") == Money(100, "EUR")
    assert str(Money(5, "EUR") - Money(120, "EUR")) == "-1.15 EUR"
    with pytest.raises(CurrencyMismatchError, match="found an amount in USD; expected one in EUR"):
        Money(1, "EUR") + Money(1, "USD")
