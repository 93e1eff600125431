"""Reductions of the order: which thresholds to apply, and what lines give up for them.

First every component is treated for the largest savings. Where an amount off the order is met then, nothing better
exists. A share off the order falls with its base: it puts a price on what lines take off, and one search of each
component at that price is exact as long as the base suffices. Where it does not, a good way to reach it is to give up
the cheapest reductions; the best is found by trying the set: every component gives its front of savings against
lowered bases, and the fronts are put together under the bound of the best so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from aisle.commerce.pricing.choice import Choice, Combination, joined
from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.layout import Layout, Solved
from aisle.commerce.pricing.offs import Offs, Set
from aisle.commerce.pricing.treatments import Kind, Treatment
from aisle.commerce.pricing.trial import Trial

MOST_SETS = 128  # sets of thresholds tried
RESERVE = 20_000  # work beyond the allowance for bounds on what could not be searched
FINEST = 1 << 16  # units times the denominator of shares up to which a search counts whole minor units exactly
NOTHING = Treatment(0, (), (), -1, 0, ())


class Orders:
    """The best combination of a layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._offs = Offs(layout.running, layout.thresholds, layout.bases)
        self._solved = layout.components()
        self._value = sum(one.value for one in self._solved)
        self._bound = sum(one.bound for one in self._solved)
        self._plain = [layout.is_plain(one) for one in self._solved] if layout.thresholds else []
        self._low = {rank: [layout.lows(one, rank) for one in self._solved] for rank in layout.thresholds}
        self._lows = {rank: sum(lows) for rank, lows in self._low.items()}  # when lines save most
        self._surely = {  # the part of it that is saved, however components are treated
            rank: sum(low for low, plain in zip(lows, self._plain, strict=True) if rank in plain)
            for rank, lows in self._low.items()
        }
        self._lines = joined(one.choice for one in self._solved)
        self._best = Combination(self._lines, (), frozenset(), self._value, self._bound)

    def best(self) -> Combination:
        """The best of all sets of thresholds, with a bound on what was missed."""
        top = self._bound
        sets = []
        for number, ranks in enumerate(self._offs.sets()):
            if number >= MOST_SETS:
                top += sum(self._offs.most(rank) for rank in self._layout.thresholds) * SAVED
                break
            self._offer(self._lines, self._value, ranks, [self._lows[rank] for rank in ranks])
            sets.append((self._set_bound(ranks), ranks))
        for most, ranks in sorted(sets, key=lambda entry: -entry[0]):
            if most > self._best.value:
                top = max(top, self._searched(ranks, most))
        best = self._best
        return Combination(best.choice, best.thresholds, best.dropped, best.value, max(top, best.value))

    def _searched(self, ranks: Set, most: int) -> int:
        """Look for a better combination with these thresholds; what was missed at most, `most` being a bound."""
        self._give_up(ranks)
        for weights in self._prices(ranks) if self._layout.allowance.left > -RESERVE else ():
            most = min(most, self._weigh(ranks, weights))
            if most <= self._best.saved_minor * SAVED:
                return 0
        if most <= self._best.value:
            return 0
        if self._layout.allowance.left < 0 or self._value < self._bound:
            return most
        return min(most, self._try(ranks))

    def _try(self, ranks: Set) -> int:
        """Try the set with all components; what was missed at most."""
        loose = self._bound + sum(self._offs.most(rank) for rank in ranks) * SAVED
        trial = Trial(self._layout, self._offs, ranks, self._solved, self._plain)
        found, missed = trial.best(loose, self._best)
        self._best = found or self._best
        return missed

    def _offer(self, choice: Choice, value: int, ranks: Set, lowered: Sequence[int]) -> None:
        """Take what was found when it may be done and is better than the best so far."""
        extra = self._offs.off(ranks, lowered)
        if extra is not None and value + extra[0] > self._best.value:
            self._best = Combination(choice, extra[1], frozenset(), value + extra[0], 0)

    # --- bounds -------------------------------------------------------------------------------------------------------

    def _set_bound(self, ranks: Set) -> int:
        """What no basket with these thresholds saves.

        Plain components lower the bases by exactly what they save. A base that is too low by an amount costs them at
        least that amount of savings, and no more than that is won back on the order.
        """
        left = {rank: self._layout.bases[rank] - self._surely[rank] for rank in ranks}
        lack = max(max(0, self._offs.terms(rank).spend_minor - left[rank]) for rank in ranks)
        off = sum(self._offs.reduction(rank, min(self._layout.bases[rank], left[rank] + lack)) for rank in ranks)
        shares = sum(self._offs.terms(rank).share is not None for rank in ranks)
        slack = len(ranks) if shares > 1 else 0
        return self._bound + (off - lack + slack + (lack > 0)) * SAVED - (0 if lack else len(ranks))

    # --- a price on what lowers the bases ---------------------------------------------------------------------------

    def _prices(self, ranks: Set) -> Iterator[dict[int, Fraction]]:
        """Prices to put on the bases: what the order loses with them, and the whole where one is too small as it is."""
        shares = {rank: self._offs.share(rank) for rank in ranks}
        if 0 < sum(shares.values()) < 1:
            yield shares
        if len(ranks) == 1 and self._offs.lack(ranks[0], self._lows[ranks[0]]) > 0:
            yield {ranks[0]: Fraction(1)}

    def _weigh(self, ranks: Set, prices: Mapping[int, Fraction]) -> int:
        """Treat components with a price on the bases; what no combination with these thresholds saves.

        What is saved and the bases' prices add up over the components, so each can be treated by itself. At the
        order's own shares their rounding is all that may be missing, as long as the bases suffice. A price above the
        share gives back no more than what the base may fall by at most.
        """
        scale = math.lcm(*(price.denominator for price in prices.values()))
        weights = {rank: int(price * scale) for rank, price in prices.items() if price}
        if scale * sum(self._layout.kinds.values()) >= FINEST:
            return sum(kind.price * count for kind, count in self._layout.kinds.items()) * SAVED
        parts = [
            one if plain.issuperset(ranks) else self._layout.weighed(one, weights, scale)
            for one, plain in zip(self._solved, self._plain, strict=True)
        ]
        saved = Fraction(0)
        for place, (one, part) in enumerate(zip(self._solved, parts, strict=True)):
            bound = part.bound
            if part is one:
                bound = bound * scale - sum(w * self._low[rank][place] for rank, w in weights.items()) * SAVED
            saved += Fraction(-(-bound // SAVED), scale)
        for rank in ranks:
            base, share = self._layout.bases[rank], self._offs.share(rank)
            saved += base * share + Fraction(1, 2) if share else self._offs.most(rank)
            saved += (prices[rank] - share) * max(0, base - self._offs.terms(rank).spend_minor)
        choice = joined(part.choice for part in parts)
        lowered = [sum(self._layout.lows(part, rank) for part in parts) for rank in ranks]
        self._offer(choice, self._layout.worth(choice), ranks, lowered)
        return math.floor(saved) * SAVED

    # --- reductions given up ----------------------------------------------------------------------------------------

    def _give_up(self, ranks: Set) -> None:
        """Where the savings of lines leave a base too small, take back the cheapest reductions that suffice."""
        layout = self._layout
        choice = self._lines
        changed = False
        for rank in ranks:
            lack = self._offs.lack(rank, layout.lowered(choice, rank))
            if lack > 0:
                changed = True
                choice = self._without(choice, rank, lack)
        if changed:
            self._offer(choice, layout.worth(choice), ranks, [layout.lowered(choice, rank) for rank in ranks])

    def _without(self, choice: Choice, rank: int, lack: int) -> Choice:
        """A choice less the reductions that raise a base by `lack`: large ones as long as they fit, then one that ends
        it; single units by themselves, components with groups as a whole."""
        layout = self._layout
        pieces: list[tuple[int, Kind | None, Solved]] = []
        for one in self._solved:
            part = {kind: choice[kind] for kind, _ in one.kinds}
            if any(treatment.multi >= 0 for done in part.values() for treatment in done):
                pieces.append((layout.lowered(part, rank), None, one))
                continue
            for kind, done in part.items():
                pieces += [(layout.lowered({kind: [treatment]}, rank), kind, one) for treatment in done]
        pieces.sort(key=lambda piece: -piece[0])
        out = {kind: list(done) for kind, done in choice.items()}
        rest = [piece for piece in pieces if piece[0] > 0]
        while lack > 0 and rest:
            enough = [piece for piece in rest if piece[0] >= lack]
            piece = enough[-1] if enough else rest[0]
            rest.remove(piece)
            low, single, one = piece
            lack -= low
            if single is None:
                out.update({every: [NOTHING] * count for every, count in one.kinds})
            else:
                done = out[single]
                place = next(n for n, t in enumerate(done) if layout.lowered({single: [t]}, rank) == low)
                done[place] = NOTHING
        return out
