"""A way to price a basket: what is done with every unit, and what comes off the order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.treatments import Kind, Treatment

Counts = Mapping[Kind, int]
Choice = dict[Kind, list[Treatment]]


@dataclass(frozen=True, slots=True)
class Combination:
    """A way to price a basket: a treatment for every unit of every kind, and (threshold, minor units off the order).

    `dropped` are the promotions that are out of play: a unit's kind is what it is without their roles. `value` is what
    is saved (1/SAVED minor units, less one for each application), `bound` what no combination exceeds.
    """

    choice: Choice
    thresholds: tuple[tuple[int, int], ...]
    dropped: frozenset[int]
    value: int
    bound: int

    @property
    def saved_minor(self) -> int:
        return -(-self.value // SAVED)

    @property
    def gap_minor(self) -> int:
        return max(0, -(-self.bound // SAVED) - self.saved_minor)

    def kind_of(self, kind: Kind) -> Kind:
        """The kind without the roles of promotions out of play."""
        return without(kind, self.dropped)


def without(kind: Kind, dropped: frozenset[int]) -> Kind:
    """A kind that has lost its roles in some promotions."""
    if not dropped:
        return kind
    return Kind(kind.price, tuple(role for role in kind.roles if role[0] not in dropped), kind.grams)


def joined(choices: Iterable[Choice]) -> Choice:
    """Choices for different kinds in one."""
    out: Choice = {}
    for choice in choices:
        out.update(choice)
    return out
