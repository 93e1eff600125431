"""The best combination of promotions for a basket: who is in play, and promotions that stand alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aisle.commerce.pricing.choice import Combination, Counts, without
from aisle.commerce.pricing.labels import Allowance
from aisle.commerce.pricing.layout import Known, Layout
from aisle.commerce.pricing.needs import can_start
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.thresholds import Orders
from aisle.commerce.pricing.treatments import Kind


@dataclass(slots=True)
class Combiner:
    """Finds best combinations of one store's promotions under the limits of one basket.

    `limits`: rank of a promotion -> how often it may be applied. Components once treated are remembered, so a second
    basket that differs in one unit costs little more than that unit's component.
    """

    running: Running
    limits: Mapping[int, int]
    allowance: Allowance
    _known: Known = field(default_factory=Known)
    _lonely: dict[object, tuple[int, int]] = field(default_factory=dict)

    def best(self, counts: Counts) -> Combination:
        """The best combination; of equal ones that with fewer applications, then the one of lower ids."""
        ranks = {rank for kind in counts for rank, _ in kind.roles}
        alone = sorted(rank for rank in ranks if self.running.promotions[rank].exclusive)
        best = self._together(counts, frozenset(alone))
        bound = best.bound
        for rank in alone:
            value, most = self._alone(counts, rank, ranks)
            bound = max(bound, most)
            if value > best.value:
                best = self._together(counts, frozenset(ranks - {rank}))
        return Combination(best.choice, best.thresholds, best.dropped, best.value, bound)

    def _alone(self, counts: Counts, rank: int, ranks: set[int]) -> tuple[int, int]:
        """What a promotion saves that allows no other, and a bound on it; remembered for the units it is for."""
        touched = {kind: count for kind, count in counts.items() if any(role[0] == rank for role in kind.roles)}
        key = (rank, frozenset(touched.items()))
        known = self._lonely.get(key)
        if known is None:
            found = self._together(touched, frozenset(ranks - {rank}))
            known = self._lonely[key] = (found.value, found.bound)
        return known

    def _together(self, counts: Counts, dropped: frozenset[int]) -> Combination:
        dropped |= self._idle(counts, dropped)
        kinds: dict[Kind, int] = {}
        for kind, count in counts.items():
            left = without(kind, dropped)
            kinds[left] = kinds.get(left, 0) + count
        layout = Layout(self.running, self.limits, self.allowance, self._known, kinds)
        return replace(Orders(layout).best(), dropped=dropped)

    def _idle(self, counts: Counts, dropped: frozenset[int]) -> set[int]:
        """Promotions that cannot be applied even once in this basket."""
        filled: dict[int, dict[int, int]] = {}
        spent: dict[int, int] = {}
        for kind, count in counts.items():
            for rank, place in kind.roles:
                if rank not in dropped:
                    places = filled.setdefault(rank, {})
                    places[place] = places.get(place, 0) + count
                    spent[rank] = spent.get(rank, 0) + kind.price * count
        idle = set()
        for rank, places in filled.items():
            if self.limits.get(rank, 1) < 1 or not can_start(self.running, rank, places, spent[rank]):
                idle.add(rank)
        return idle
