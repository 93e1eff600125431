"""The best combination of promotions for a basket: components, thresholds over all, promotions that stand alone.

First every component is treated for the largest savings. Where a threshold is met then, nothing better exists. Where
it is not, or takes a share of what is left, each set of thresholds that could still win is tried: every component gives
its front of savings against lowered bases, and the fronts are put together under the bound of the best so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from aisle.commerce.money import rounded
from aisle.commerce.pricing import reductions
from aisle.commerce.pricing.accounts import Account
from aisle.commerce.pricing.fronts import SAVED, Lowered, Slopes, front
from aisle.commerce.pricing.needs import account, can_start, surplus
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.search import Allowance, Component, Found, Label, treated
from aisle.commerce.pricing.treatments import Kind, Stakes, Treatment, treatments
from aisle.store.offers import Bundle, CountForPrice, Threshold

MOST_SETS = 128  # sets of thresholds tried
MOST_ENTRIES = 300  # ways to treat the components so far that are kept under a set of thresholds

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


@dataclass(frozen=True, slots=True)
class _Solved:
    """A component at its best: choice, value, bound."""

    kinds: tuple[tuple[Kind, int], ...]
    choice: Choice
    value: int
    bound: int
    lows: dict[object, int] = field(default_factory=dict)  # (threshold, what counts in part) -> lowered base


@dataclass(slots=True)
class Combiner:
    """Finds best combinations of one store's promotions under the limits of one basket.

    `limits`: rank of a promotion -> how often it may be applied. Components once treated are remembered, so a second
    basket that differs in one unit costs little more than that unit's component.
    """

    running: Running
    limits: Mapping[int, int]
    allowance: Allowance
    _known: dict[object, _Solved] = field(default_factory=dict)
    _parts: dict[object, Component] = field(default_factory=dict)
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
        table = _Table(self, kinds, dropped)
        return table.best()

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


class _Table:
    """A basket with the promotions in play laid out: components, bases, what is at stake."""

    def __init__(self, combiner: Combiner, kinds: Counts, dropped: frozenset[int]) -> None:
        self.combiner = combiner
        self.running = combiner.running
        self.kinds = kinds
        self.dropped = dropped
        units: dict[int, int] = {}
        for kind, count in kinds.items():
            for rank, _ in dict.fromkeys(kind.roles):
                units[rank] = units.get(rank, 0) + count
        self.thresholds = tuple(sorted(rank for rank in units if self.running.threshold[rank]))
        self.limited = frozenset(
            rank for rank, count in units.items()
            if self.running.by_unit[rank] and combiner.limits.get(rank, count) < count
        )  # fmt: skip
        self.whole, self.partly = self._shares_of_groups()
        self.groups = self._components()
        self._plain: list[frozenset[int]] = []
        self.bases = {
            rank: sum(kind.price * count for kind, count in kinds.items() if (rank, 0) in kind.roles)
            for rank in self.thresholds
        }

    def best(self) -> Combination:
        solved = [self._solved(group) for group in self.groups]
        value = sum(one.value for one in solved)
        bound = sum(max(one.value, one.bound) for one in solved)
        choice: Choice = {}
        for one in solved:
            choice.update(one.choice)
        best = Combination(choice, (), self.dropped, value, bound)
        if not self.thresholds:
            return best
        by_part = [{rank: self._lows(one, rank) for rank in self.thresholds} for one in solved]
        lowered = {rank: sum(part[rank] for part in by_part) for rank in self.thresholds}
        self._plain = [self._is_plain(one) for one in solved]
        surely = {
            rank: sum(low[rank] for low, plain in zip(by_part, self._plain, strict=True) if rank in plain)
            for rank in self.thresholds
        }
        sets = []
        top = bound
        for number, chosen in enumerate(self._sets()):
            if number >= MOST_SETS:
                top += sum(self._most(rank) for rank in self.thresholds) * SAVED
                break
            extra = self._off(chosen, [lowered[rank] for rank in chosen])
            if extra is not None and value + extra[0] > best.value:
                best = Combination(choice, extra[1], self.dropped, value + extra[0], 0)
            sets.append((self._bound(chosen, bound, surely), chosen))
        for most, chosen in sorted(sets, key=lambda entry: -entry[0]):
            if most <= best.value:
                continue
            if self.combiner.allowance.left < 0 or value < bound:
                top = max(top, most)
                continue
            loose = bound + sum(self._most(rank) for rank in chosen) * SAVED
            found, missed = self._tried(chosen, solved, loose, best)
            best, top = found or best, max(top, missed)
        return Combination(best.choice, best.thresholds, self.dropped, best.value, max(top, best.value))

    # --- components -------------------------------------------------------------------------------------------------

    def _components(self) -> list[tuple[tuple[Kind, int], ...]]:
        """Kinds tied together by a promotion that counts, in a fixed order."""
        ordered = sorted(self.kinds.items())
        parent = list(range(len(ordered)))

        def root(at: int) -> int:
            while parent[at] != at:
                parent[at] = parent[parent[at]]
                at = parent[at]
            return at

        first: dict[int, int] = {}
        for place, (kind, _) in enumerate(ordered):
            for rank, _ in kind.roles:
                if self.running.multi[rank] or rank in self.limited:
                    one, other = root(first.setdefault(rank, place)), root(place)
                    parent[max(one, other)] = min(one, other)
        groups: dict[int, list[tuple[Kind, int]]] = {}
        for place, entry in enumerate(ordered):
            groups.setdefault(root(place), []).append(entry)
        return [tuple(group) for group in groups.values()]

    def _solved(self, group: tuple[tuple[Kind, int], ...]) -> _Solved:
        limited = frozenset(r for kind, _ in group for r, _ in kind.roles if r in self.limited)
        key = (group, limited)
        known = self.combiner._known.get(key)
        if known is None:
            known = self.combiner._known[key] = self._solve(group)
        return known

    def _solve(self, group: tuple[tuple[Kind, int], ...]) -> _Solved:
        stakes = Stakes(self.running, self.limited)
        accounts = self._accounts(group, stakes)
        if not accounts:
            kind, count = group[0]
            best = max(treatments(kind, stakes), key=lambda treatment: treatment.value)
            clipped = kind.price * count * SAVED if stakes.clipped else 0
            return _Solved(group, {kind: [best] * count}, best.value * count, clipped)
        component = Component(group, accounts, stakes)
        found = component.best(self.combiner.allowance)
        label = found.best
        clipped = sum(k.price * n for k, n in group if k in stakes.clipped) * SAVED
        return _Solved(group, _choice(component, label), label.value, max(found.bound, label.value) + clipped)

    def _accounts(self, group: Sequence[tuple[Kind, int]], stakes: Stakes) -> dict[int, Account]:
        places: dict[int, dict[int, int]] = {}
        lacking: dict[int, int] = {}
        for kind, count in group:
            for rank, place in kind.roles:
                if self.running.multi[rank] or rank in self.limited:
                    held = places.setdefault(rank, {})
                    held[place] = held.get(place, 0) + count
                    if rank in stakes.capped:
                        lacking[rank] = lacking.get(rank, 0) + count * max(0, -surplus(self.running, rank, kind.price))
        return {
            rank: account(self.running, self.combiner.limits.get(rank), rank, held, lacking.get(rank, 0))
            for rank, held in sorted(places.items())
        }

    # --- thresholds -------------------------------------------------------------------------------------------------

    def _sets(self) -> Iterator[tuple[int, ...]]:
        """Sets of thresholds that may be applied together, small ones first, in order of ids."""

        sets: list[tuple[int, ...]] = [()]
        while sets:
            sets = [
                (*chosen, rank)
                for chosen in sets
                for rank in self.thresholds
                if (not chosen or rank > chosen[-1])
                and all(self.running.combine(rank, other) for other in chosen)
                and sum(self._share(one) for one in (*chosen, rank)) <= 1
            ]
            yield from sets

    def _terms(self, rank: int) -> Threshold:
        benefit = self.running.promotions[rank].benefit
        assert isinstance(benefit, Threshold)
        return benefit

    def _share(self, rank: int) -> Fraction:
        return Fraction(self._terms(rank).share or 0)

    def _reduction(self, rank: int, base: int) -> int:
        terms = self._terms(rank)
        return rounded(base * self._share(rank)) if terms.minor is None else min(terms.minor, base)

    def _most(self, rank: int) -> int:
        return self._reduction(rank, self.bases[rank])

    def _off(self, chosen: Sequence[int], lowered: Sequence[int]) -> tuple[int, tuple[tuple[int, int], ...]] | None:
        """What a set of thresholds is worth when its bases are lowered by so much, and what each takes off.

        None when the set may not be applied.
        """
        bases = [self.bases[rank] - low for rank, low in zip(chosen, lowered, strict=True)]
        if any(base < self._terms(rank).spend_minor for rank, base in zip(chosen, bases, strict=True)):
            return None
        off = [self._reduction(rank, base) for rank, base in zip(chosen, bases, strict=True)]
        if not all(off) or (len(off) > 1 and sum(off) > min(bases)):
            return None
        return sum(off) * SAVED - len(off), tuple(zip(chosen, off, strict=True))

    def _lows(self, one: _Solved, threshold: int) -> int:
        key = (threshold, self.partly)
        known = one.lows.get(key)
        if known is None:
            known = one.lows[key] = self._lowered(one.choice, threshold)
        return known

    def _lowered(self, choice: Choice, threshold: int) -> int:
        """By how much a choice lowers the base of a threshold."""
        makers = self.running.makers
        out = 0
        groups: dict[int, int] = {}
        for kind, chosen in choice.items():
            if (threshold, 0) not in kind.roles:
                continue
            for treatment in chosen:
                out += sum(minor for rank, minor in treatment.savings if not makers[rank])
                if treatment.multi < 0 or makers[treatment.multi]:
                    continue
                benefit = self.running.promotions[treatment.multi].benefit
                if isinstance(benefit, CountForPrice | Bundle):
                    partly = (treatment.multi, threshold) in self.partly
                    out += kind.price - (reductions.even_share(kind.price, benefit) if partly else 0)
                    groups[treatment.multi] = groups.get(treatment.multi, 0) + (not partly)
        for rank, units in groups.items():
            size, minor = reductions.group_terms(self._group_terms(rank))
            out -= units // size * minor
        return out

    def _group_terms(self, rank: int) -> CountForPrice | Bundle:
        benefit = self.running.promotions[rank].benefit
        assert isinstance(benefit, CountForPrice | Bundle)
        return benefit

    def _shares_of_groups(self) -> tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]:
        """(multi-buy, threshold) with all units of the multi-buy in the base, and with only some of them."""
        whole, partly = set(), set()
        groups = {
            rank
            for kind in self.kinds
            for rank, _ in kind.roles
            if self.running.at_one_price[rank] and not self.running.makers[rank]
        }
        for rank in sorted(groups) if self.thresholds else ():
            kinds = [kind for kind in self.kinds if any(r == rank for r, _ in kind.roles)]
            for threshold in self.thresholds:
                inside = {(threshold, 0) in kind.roles for kind in kinds}
                if inside == {True}:
                    whole.add((rank, threshold))
                elif len(inside) == 2:
                    partly.add((rank, threshold))
        return frozenset(whole), frozenset(partly)

    def _is_plain(self, one: _Solved) -> frozenset[int]:
        """Thresholds whose base a component lowers by exactly what it saves, or never, however it is treated."""
        ranks = {rank for kind, _ in one.kinds for rank, _ in kind.roles}
        partly = {threshold for rank, threshold in self.partly if rank in ranks}
        if any(self.running.makers[rank] and not self.running.threshold[rank] for rank in ranks):
            return frozenset(self.thresholds) - ranks
        inside = {rank: {(rank, 0) in kind.roles for kind, _ in one.kinds} for rank in self.thresholds}
        return frozenset(rank for rank in self.thresholds if len(inside[rank]) == 1 and rank not in partly)

    def _bound(self, chosen: Sequence[int], value: int, surely: Mapping[int, int]) -> int:
        """What no basket with these thresholds saves, `value` being the most that lines save.

        `surely` is what components lower the bases by that do so by exactly what they save. A base that is too low by
        an amount costs them at least that amount of savings, and no more than that is won back on the order.
        """
        lack = max(max(0, self._terms(rank).spend_minor - self.bases[rank] + surely[rank]) for rank in chosen)
        off = sum(
            self._reduction(rank, min(self.bases[rank], self.bases[rank] - surely[rank] + lack)) for rank in chosen
        )
        shares = sum(self._terms(rank).share is not None for rank in chosen)
        slack = len(chosen) if shares > 1 else 0
        return value + (off - lack + slack + (lack > 0)) * SAVED - (0 if lack else len(chosen))

    def _slope(self, rank: int) -> Fraction:
        """How fast the reduction falls with its base."""
        return self._share(rank) if self._terms(rank).minor is None else Fraction(1)

    def _tried(
        self, chosen: tuple[int, ...], solved: Sequence[_Solved], most: int, best: Combination
    ) -> tuple[Combination | None, int]:
        """The best combination with these thresholds when it is better than `best`, and a bound on what was missed."""
        stakes = Stakes(self.running, self.limited, chosen, self.partly, self._capped)
        parts = self._parts(chosen, solved, stakes)
        slopes = self._slopes(chosen, solved, parts)
        entries: list[tuple[int, Lowered, tuple[tuple[_Solved | Component, Label], ...]]]
        entries = [(0, (0,) * len(chosen), ())]
        rest, missed = most, 0
        for place, one in enumerate(solved):
            part, found = self._front(place, one, parts[place], stakes, slopes, best.value + 1 - (most - one.value))
            missed = max(missed, found.bound + most - one.value if found.bound else 0)
            if isinstance(part, Component) and part.clipped:
                missed = most
            rest -= max(one.value, one.bound)
            entries = [
                (value + label.value, tuple(map(int.__add__, lowered, more)), (*way, (part, label)))
                for value, lowered, way in entries
                for more, label in found.fronts.items()
                if value + label.value + rest > best.value
            ]
            self.combiner.allowance.left -= len(entries)
            entries = front(entries, lambda entry: (entry[0], entry[1]), slopes) if entries[1:] else entries
            if len(entries) > MOST_ENTRIES:
                missed = max(missed, entries[MOST_ENTRIES][0] + rest)
                entries = entries[:MOST_ENTRIES]
        result: Combination | None = None
        for value, lowered, way in entries:
            extra = self._off(chosen, lowered)
            if extra is not None and value + extra[0] > (result or best).value:
                choice: Choice = {}
                for part, label in way:
                    choice.update(part.choice if isinstance(part, _Solved) else _choice(part, label))
                result = Combination(choice, extra[1], self.dropped, value + extra[0], 0)
        return result, missed

    def _parts(self, chosen: Sequence[int], solved: Sequence[_Solved], stakes: Stakes) -> list[Component | None]:
        """The components that may have to be treated otherwise under these thresholds; None for the plain ones."""
        return [
            None if plain.issuperset(chosen) else self._component(one, stakes)
            for one, plain in zip(solved, self._plain, strict=True)
        ]

    def _component(self, one: _Solved, stakes: Stakes) -> Component:
        ranks = {rank for kind, _ in one.kinds for rank, _ in kind.roles}
        shared = [frozenset(pair for pair in pairs if pair[0] in ranks) for pairs in (self.whole, self.partly)]
        key = (one.kinds, self.limited & ranks, stakes.tracked, *shared, stakes.capped & ranks)
        part = self.combiner._parts.get(key)
        if part is None:
            part = Component(one.kinds, self._accounts(one.kinds, stakes), stakes, self.whole)
            self.combiner._parts[key] = part
        return part

    def _front(
        self, place: int, one: _Solved, part: Component | None, stakes: Stakes, slopes: Slopes, floor: int
    ) -> tuple[_Solved | Component, Found]:
        """What a component can do; where nothing but its best makes sense, that alone."""
        chosen = stakes.tracked
        if part is None:
            outside = not any((rank, 0) in kind.roles for kind, _ in one.kinds for rank in chosen)
            if outside or (None not in slopes and len(chosen) == 1):
                lowered = tuple(self._lows(one, rank) for rank in chosen)
                return one, Found({lowered: Label(one.value)}, 0)
            part = self._component(one, stakes)
        return part, part.fronts(floor, slopes, self.combiner.allowance)

    def _slopes(self, chosen: Sequence[int], solved: Sequence[_Solved], parts: Sequence[Component | None]) -> Slopes:
        """For each threshold what a lower base costs, None where it may cost the threshold itself."""
        together = sum(self._most(rank) for rank in chosen) if len(chosen) > 1 else 0
        slopes: list[Fraction | None] = []
        for place, rank in enumerate(chosen):
            least = Fraction(self.bases[rank])
            for one, part in zip(solved, parts, strict=True):
                if part is not None:
                    least -= part.most_lowered(place)
                elif (rank, 0) in one.kinds[0][0].roles:
                    least -= -(-max(one.value, one.bound) // SAVED)
            terms = self._terms(rank)
            if least < max(terms.spend_minor, together):
                slopes.append(None)
            else:
                slopes.append(Fraction(0) if least >= (terms.minor or 0) and terms.share is None else self._slope(rank))
        return tuple(slopes)

    @cached_property
    def _capped(self) -> frozenset[int]:
        """Multi-buys that a unit cheaper than its share of the group's price could make dearer."""
        return frozenset(
            rank for kind in self.kinds for rank, _ in kind.roles
            if self.running.at_one_price[rank] and surplus(self.running, rank, kind.price) < 0
        )  # fmt: skip


def _choice(component: Component, label: Label) -> Choice:
    out: Choice = {}
    steps: Iterable[Treatment] = iter(treated(label))
    for kind, count in component.kinds:
        out[kind] = [treatment for _, treatment in zip(range(count), steps, strict=False)]
    return out
