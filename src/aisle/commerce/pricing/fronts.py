"""What is worth keeping when savings are weighed against the base of a threshold: fronts without dominated entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

SAVED = 1 << 20  # one minor unit saved outweighs any number of applications

T = TypeVar("T")
Lowered = tuple[int, ...]
# For each tracked base: the share of it that comes off the order, or None where the base itself may be too small.
Slopes = tuple[Fraction | None, ...]


def front(entries: Sequence[T], score: Callable[[T], tuple[int, Lowered]], slopes: Slopes) -> list[T]:
    """The entries that no other beats in what is saved and what is lowered, the most saving first."""
    scored = sorted(((*score(entry), entry) for entry in entries), key=lambda found: (-found[0], found[1]))
    if slopes == (None,):
        return _staircase(scored)
    kept: list[tuple[int, Lowered]] = []
    out = []
    for value, lowered, entry in scored:
        if not any(_beats(better, lower, value, lowered, slopes) for better, lower in kept):
            kept.append((value, lowered))
            out.append(entry)
    return out


def _staircase(scored: Sequence[tuple[int, Lowered, T]]) -> list[T]:
    """The front of a single base: every entry must lower it less than all that save more."""
    out = []
    least: Lowered | None = None
    for _, lowered, entry in scored:
        if least is None or lowered < least:
            least = lowered
            out.append(entry)
    return out


def _beats(better: int, lower: Lowered, value: int, lowered: Lowered, slopes: Slopes) -> bool:
    """Whether (better, lower) ends no worse than (value, lowered) after the same further treatments."""
    lost = 0
    for mine, other, slope in zip(lower, lowered, slopes, strict=True):
        if mine > other:
            if slope is None:
                return False
            lost -= (other - mine) * slope.numerator // slope.denominator
    return better - value >= lost * SAVED
