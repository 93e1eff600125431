"""A set of thresholds tried: the components' fronts of savings against lowered bases, put together under a bound."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from aisle.commerce.pricing.choice import Combination, joined
from aisle.commerce.pricing.fronts import SAVED, Lowered, Slopes, front
from aisle.commerce.pricing.labels import Found, Label
from aisle.commerce.pricing.layout import Layout, Solved, chosen
from aisle.commerce.pricing.offs import Offs, Set
from aisle.commerce.pricing.search import Component

MOST_ENTRIES = 300  # ways to treat the components so far that are kept

Way = tuple[tuple[Solved | Component, Label], ...]


class Trial:
    """One set of thresholds over the components of a layout.

    `plain` says of each component which bases it lowers by exactly what it saves.
    """

    def __init__(
        self, layout: Layout, offs: Offs, ranks: Set, solved: Sequence[Solved], plain: Sequence[frozenset[int]]
    ) -> None:
        self._layout = layout
        self._offs = offs
        self._ranks = ranks
        self._solved = solved
        self._parts = [
            None if known.issuperset(ranks) else layout.tracked(one, ranks)
            for one, known in zip(solved, plain, strict=True)
        ]
        self._slopes = self._sloping()

    def best(self, most: int, best: Combination) -> tuple[Combination | None, int]:
        """The best combination with these thresholds when it is better than `best`, and a bound on what was missed."""
        slopes, allowance = self._slopes, self._layout.allowance
        entries: list[tuple[int, Lowered, Way]] = [(0, (0,) * len(self._ranks), ())]
        rest, missed = most, 0
        for one, tracked in zip(self._solved, self._parts, strict=True):
            if allowance.left < 0:
                return None, most
            part, found = self._front(one, tracked, best.value + 1 - (most - one.bound))
            missed = max(missed, found.bound + most - one.bound if found.bound else 0)
            if isinstance(part, Component) and part.clipped:
                missed = most
            rest -= one.bound
            tried = len(entries) * len(found.fronts)
            entries = [
                (value + label.value, tuple(map(int.__add__, lowered, more)), (*way, (part, label)))
                for value, lowered, way in entries
                for more, label in found.fronts.items()
                if value + label.value + rest > best.value
            ]
            allowance.left -= 3 * tried + 6 * len(entries)
            entries = front(entries, lambda entry: (entry[0], entry[1]), slopes) if entries[1:] else entries
            if len(entries) > MOST_ENTRIES:
                missed = max(missed, entries[MOST_ENTRIES][0] + rest)
                entries = entries[:MOST_ENTRIES]
        return self._taken(entries, best), missed

    def _taken(self, entries: Sequence[tuple[int, Lowered, Way]], best: Combination) -> Combination | None:
        """The best of the ways to treat all components."""
        result: Combination | None = None
        for value, lowered, way in entries:
            extra = self._offs.off(self._ranks, lowered)
            if extra is not None and value + extra[0] > (result or best).value:
                choice = joined(part.choice if isinstance(part, Solved) else chosen(part, label) for part, label in way)
                result = Combination(choice, extra[1], best.dropped, value + extra[0], 0)
        return result

    def _front(self, one: Solved, part: Component | None, floor: int) -> tuple[Solved | Component, Found]:
        """What a component can do; where nothing but its best makes sense, that alone."""
        if part is None:
            outside = not any((rank, 0) in kind.roles for kind, _ in one.kinds for rank in self._ranks)
            if outside or (None not in self._slopes and len(self._ranks) == 1):
                lowered = tuple(self._layout.lows(one, rank) for rank in self._ranks)
                return one, Found({lowered: Label(one.value)}, 0)
            part = self._layout.tracked(one, self._ranks)
        return part, part.fronts(floor, self._slopes, self._layout.allowance)

    def _sloping(self) -> Slopes:
        """For each threshold what a lower base costs, None where it may cost the threshold itself."""
        together = sum(self._offs.most(rank) for rank in self._ranks) if len(self._ranks) > 1 else 0
        slopes: list[Fraction | None] = []
        for place, rank in enumerate(self._ranks):
            least = Fraction(self._offs.bases[rank])
            for one, part in zip(self._solved, self._parts, strict=True):
                if part is not None:
                    least -= part.most_lowered(place)
                elif (rank, 0) in one.kinds[0][0].roles:
                    least -= -(-one.bound // SAVED)
            terms = self._offs.terms(rank)
            if least < max(terms.spend_minor, together):
                slopes.append(None)
            elif least >= (terms.minor or 0) and terms.share is None:
                slopes.append(Fraction(0))
            else:
                slopes.append(self._offs.share(rank) if terms.minor is None else Fraction(1))
        return tuple(slopes)
