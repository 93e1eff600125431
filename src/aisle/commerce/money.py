"""Amounts of money, the one rounding rule and the one way to share an amount out.

Every amount in Aisle is a whole number of the currency's minor unit. Rates are `Decimal`; a product of both is rounded
once, half away from zero, by `rounded`. What belongs to several parties is shared out by `allocate`, so that parts
always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from aisle.store.prices import format_amount


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies met where only one currency makes sense."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found an amount in {found}; expected one in {expected}")
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Money:
    """An amount at the edge of a room: `minor` units (cents) of an ISO 4217 currency. Negative amounts are credits."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{format_amount(abs(self.minor), self.currency)} {self.currency}"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatchError(other.currency, self.currency)
        return other


def rounded(amount: Decimal | Fraction) -> int:
    """The whole minor units nearest to `amount`; halves go away from zero (commercial rounding)."""
    if isinstance(amount, Fraction):
        sign = -1 if amount < 0 else 1
        return sign * ((2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator))
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def allocate(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` shared out in proportion to `weights` (none negative) by largest remainder.

    The parts add up to `total` exactly and none has the other sign. Ties go to the earlier part. With weights that are
    all zero the whole goes to the first part. Raises ValueError without parts or with a negative weight.
    Source: the largest-remainder method (T. Hare).
    """
    if not weights or min(weights) < 0:
        raise ValueError(f"found weights {list(weights)}; expected at least one, none of them negative")
    whole = sum(weights)
    if whole == 0:
        return (total, *([0] * (len(weights) - 1)))
    sign, size = (-1, -total) if total < 0 else (1, total)
    parts = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda k: (-(size * weights[k] % whole), k))
    for k in by_remainder[: size - sum(parts)]:
        parts[k] += 1
    return tuple(sign * part for part in parts)
