"""What thresholds take off an order, given their bases, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from aisle.commerce.money import rounded
from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.running import Running
from aisle.store.offers import Threshold

Set = tuple[int, ...]


class Offs:
    """The thresholds that touch a basket, and their bases before any reduction."""

    def __init__(self, running: Running, thresholds: Sequence[int], bases: Mapping[int, int]) -> None:
        self._running = running
        self.thresholds = thresholds
        self.bases = bases

    def sets(self) -> Iterator[Set]:
        """Sets of thresholds that may be applied together, small ones first, in order of ids."""
        sets: list[Set] = [()]
        while sets:
            sets = [
                (*ranks, rank)
                for ranks in sets
                for rank in self.thresholds
                if (not ranks or rank > ranks[-1])
                and all(self._running.combine(rank, other) for other in ranks)
                and sum(self.share(one) for one in (*ranks, rank)) <= 1
            ]
            yield from sets

    def terms(self, rank: int) -> Threshold:
        """What a threshold asks and gives."""
        benefit = self._running.promotions[rank].benefit
        assert isinstance(benefit, Threshold)
        return benefit

    def share(self, rank: int) -> Fraction:
        """The share it takes off the order; nothing for an amount."""
        return Fraction(self.terms(rank).share or 0)

    def reduction(self, rank: int, base: int) -> int:
        """What it takes off a base."""
        terms = self.terms(rank)
        return rounded(base * self.share(rank)) if terms.minor is None else min(terms.minor, base)

    def most(self, rank: int) -> int:
        """What it takes off when no line is reduced."""
        return self.reduction(rank, self.bases[rank])

    def lack(self, rank: int, lowered: int) -> int:
        """What is missing in its base (not above 0: nothing) when it is lowered by so much."""
        return self.terms(rank).spend_minor - self.bases[rank] + lowered

    def off(self, ranks: Set, lowered: Sequence[int]) -> tuple[int, tuple[tuple[int, int], ...]] | None:
        """What a set of thresholds is worth when its bases are lowered by so much, and what each takes off.

        None when the set may not be applied.
        """
        bases = [self.bases[rank] - low for rank, low in zip(ranks, lowered, strict=True)]
        if any(base < self.terms(rank).spend_minor for rank, base in zip(ranks, bases, strict=True)):
            return None
        off = [self.reduction(rank, base) for rank, base in zip(ranks, bases, strict=True)]
        if not all(off) or (len(off) > 1 and sum(off) > min(bases)):
            return None
        return sum(off) * SAVED - len(off), tuple(zip(ranks, off, strict=True))
