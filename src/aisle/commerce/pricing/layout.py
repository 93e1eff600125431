"""A basket laid out: which units promotions tie together, each such component at its best, the bases of thresholds.

A component is treated for the largest savings, or with a price on what it lowers the bases by: then what it saves on
the lines and what it costs on the order are weighed in one search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aisle.commerce.pricing import reductions
from aisle.commerce.pricing.accounts import Account
from aisle.commerce.pricing.choice import Choice, Counts
from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.labels import Allowance, Label, treated
from aisle.commerce.pricing.needs import account, surplus
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.search import Component
from aisle.commerce.pricing.treatments import Kind, Stakes, Treatment, treatments
from aisle.store.offers import Bundle, CountForPrice

Group = tuple[tuple[Kind, int], ...]


@dataclass(frozen=True, slots=True)
class Solved:
    """A component at its best: choice, value, bound (in 1/SAVED of what the stakes count)."""

    kinds: Group
    choice: Choice
    value: int
    bound: int
    lows: dict[object, int] = field(default_factory=dict)  # (threshold, what counts in part) -> lowered base


@dataclass(slots=True)
class Known:
    """Components once treated, so that a second basket that differs in one unit costs little more than its component.

    `solved` are those at their best, `tracked` those searched for fronts.
    """

    solved: dict[object, Solved] = field(default_factory=dict)
    tracked: dict[object, Component] = field(default_factory=dict)


class Layout:
    """The units of a basket with the promotions in play: components, bases, what is at stake."""

    def __init__(
        self, running: Running, limits: Mapping[int, int], allowance: Allowance, known: Known, kinds: Counts
    ) -> None:
        self.running = running
        self.allowance = allowance
        self.kinds = kinds
        self._limits = limits
        self._known = known
        units: dict[int, int] = {}
        for kind, count in kinds.items():
            for rank in dict.fromkeys(rank for rank, _ in kind.roles):
                units[rank] = units.get(rank, 0) + count
        self.thresholds = tuple(sorted(rank for rank in units if running.threshold[rank]))
        self.limited = frozenset(
            rank for rank, count in units.items() if running.by_unit[rank] and limits.get(rank, count) < count
        )
        self.whole, self.partly = self._shares_of_groups()
        self.bases = {
            rank: sum(kind.price * count for kind, count in kinds.items() if (rank, 0) in kind.roles)
            for rank in self.thresholds
        }

    def components(self) -> list[Solved]:
        """Every component at its best, nothing being at stake on the order."""
        return [self._at_best(group, Stakes(self.running, self.limited)) for group in self._groups()]

    def weighed(self, one: Solved, weights: Mapping[int, int], scale: int) -> Solved:
        """A component at its best when thresholds' bases have a price: `weights` / `scale` of what they fall by."""
        return self._at_best(
            one.kinds, Stakes(self.running, self.limited, (), self.partly, self.capped, weights, scale)
        )

    def tracked(self, one: Solved, thresholds: tuple[int, ...]) -> Component:
        """A component ready to be searched for what it saves against the bases it lowers."""
        stakes = Stakes(self.running, self.limited, thresholds, self.partly, self.capped)
        ranks = {rank for kind, _ in one.kinds for rank, _ in kind.roles}
        shared = [frozenset(pair for pair in pairs if pair[0] in ranks) for pairs in (self.whole, self.partly)]
        key = (one.kinds, self.limited & ranks, thresholds, *shared, self.capped & ranks)
        part = self._known.tracked.get(key)
        if part is None:
            part = Component(one.kinds, self._accounts(one.kinds, stakes), stakes, self.whole)
            self._known.tracked[key] = part
        return part

    def lows(self, one: Solved, threshold: int) -> int:
        """By how much a component at its best lowers the base of a threshold."""
        key = (threshold, self.partly)
        known = one.lows.get(key)
        if known is None:
            known = one.lows[key] = self.lowered(one.choice, threshold)
        return known

    def lowered(self, choice: Choice, threshold: int) -> int:
        """By how much a choice lowers the base of a threshold."""
        makers = self.running.makers
        out = 0
        groups: dict[int, int] = {}
        for kind, chosen in choice.items():
            if (threshold, 0) not in kind.roles:
                continue
            for treatment in chosen:
                out += sum(minor for rank, minor in treatment.savings if not makers[rank])
                multi = treatment.multi
                if multi < 0 or makers[multi] or not self.running.at_one_price[multi]:
                    continue
                partly = (multi, threshold) in self.partly
                out += kind.price - (reductions.even_share(kind.price, self._terms(multi)) if partly else 0)
                groups[multi] = groups.get(multi, 0) + (not partly)
        return out - sum(self._due(rank, units) for rank, units in groups.items())

    def worth(self, choice: Choice) -> int:
        """What a choice saves on the lines (1/SAVED minor units, less one for each application)."""
        out = 0
        groups: dict[int, int] = {}
        for kind, chosen in choice.items():
            for treatment in chosen:
                multi = treatment.multi
                out += sum(minor for _, minor in treatment.savings) * SAVED - len(treatment.savings) - (multi >= 0)
                if multi >= 0 and self.running.at_one_price[multi]:
                    out += kind.price * SAVED
                    groups[multi] = groups.get(multi, 0) + 1
        return out - sum(self._due(rank, units) for rank, units in groups.items()) * SAVED

    def is_plain(self, one: Solved) -> frozenset[int]:
        """Thresholds whose base a component lowers by exactly what it saves, or never, however it is treated."""
        ranks = {rank for kind, _ in one.kinds for rank, _ in kind.roles}
        if any(self.running.makers[rank] and not self.running.threshold[rank] for rank in ranks):
            return frozenset(self.thresholds) - ranks
        partly = {threshold for rank, threshold in self.partly if rank in ranks}
        everywhere = set.intersection(*({rank for rank, _ in kind.roles} for kind, _ in one.kinds))
        return frozenset(
            rank for rank in self.thresholds if (rank in everywhere or rank not in ranks) and rank not in partly
        )

    @cached_property
    def capped(self) -> frozenset[int]:
        """Multi-buys that a unit cheaper than its share of the group's price could make dearer."""
        return frozenset(
            rank for kind in self.kinds for rank, _ in kind.roles
            if self.running.at_one_price[rank] and surplus(self.running, rank, kind.price) < 0
        )  # fmt: skip

    def _groups(self) -> list[Group]:
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

    def _at_best(self, group: Group, stakes: Stakes) -> Solved:
        ranks = {rank for kind, _ in group for rank, _ in kind.roles}
        dues = tuple(self._factor(rank, stakes) for rank in sorted(ranks) if self.running.at_one_price[rank])
        key = (tuple((stakes.key(kind), count) for kind, count in group), dues)
        known = self._known.solved.get(key)
        if known is None:
            known = self._known.solved[key] = self._solve(group, stakes)
        return known

    def _solve(self, group: Group, stakes: Stakes) -> Solved:
        accounts = self._accounts(group, stakes)
        if not accounts:
            kind, count = group[0]
            best = max(treatments(kind, stakes), key=lambda treatment: treatment.value)
            clipped = kind.price * count * SAVED * stakes.scale if stakes.clipped else 0
            return Solved(group, {kind: [best] * count}, best.value * count, best.value * count + clipped)
        component = Component(group, accounts, stakes)
        found = component.best(self.allowance)
        label = found.best
        clipped = sum(k.price * n for k, n in group if k in stakes.clipped) * SAVED * stakes.scale
        return Solved(group, chosen(component, label), label.value, max(found.bound, label.value) + clipped)

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
            rank: account(
                self.running, self._limits.get(rank), rank, held, lacking.get(rank, 0), self._factor(rank, stakes)
            )
            for rank, held in sorted(places.items())
        }

    def _factor(self, rank: int, stakes: Stakes) -> int:
        """What a minor unit of a group's price counts: it falls due, and raises the bases it counts towards."""
        return stakes.scale - sum(weight for one, weight in stakes.weights.items() if (rank, one) in self.whole)

    def _terms(self, rank: int) -> CountForPrice | Bundle:
        benefit = self.running.promotions[rank].benefit
        assert isinstance(benefit, CountForPrice | Bundle)
        return benefit

    def _due(self, rank: int, units: int) -> int:
        """The price of the groups that so many units make."""
        size, minor = reductions.group_terms(self._terms(rank))
        return units // size * minor

    def _shares_of_groups(self) -> tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]:
        """(multi-buy, threshold) with all units of the multi-buy in the base, and with only some of them."""
        inside: dict[int, list[frozenset[int]]] = {}
        for kind in self.kinds if self.thresholds else ():
            ranks = {rank for rank, _ in kind.roles}
            bases = frozenset(rank for rank in ranks if self.running.threshold[rank])
            for rank in ranks:
                if self.running.at_one_price[rank] and not self.running.makers[rank]:
                    inside.setdefault(rank, []).append(bases)
        whole = {(rank, t) for rank, bases in inside.items() for t in frozenset.intersection(*bases)}
        touched = {(rank, t) for rank, bases in inside.items() for t in frozenset.union(*bases)}
        return frozenset(whole), frozenset(touched - whole)


def chosen(component: Component, label: Label) -> Choice:
    """What a label of a component does with each unit."""
    out: Choice = {}
    steps: Iterable[Treatment] = iter(treated(label))
    for kind, count in component.kinds:
        out[kind] = [treatment for _, treatment in zip(range(count), steps, strict=False)]
    return out
