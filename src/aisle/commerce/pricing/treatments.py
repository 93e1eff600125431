"""What can be done with one unit: which promotions it may serve in, and what each such choice saves.

A *kind* is a set of units that differ in nothing that matters: same price, same roles. A *treatment* of a unit is at
most one multi-buy in one role and a set of promotions on single units, all of which combine with each other. More
reductions never make a unit dearer, so of unlimited promotions only sets that cannot be enlarged are of interest,
unless a threshold is at stake: then giving up a reduction may be best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from aisle.commerce.money import rounded
from aisle.commerce.pricing import accounts, reductions
from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.running import Role, Running
from aisle.store.offers import AmountOff, Bundle, BuyGet, CountForPrice, FixedPrice, Percent

MOST_REMEMBERED = 20_000
MOST_STACKS = 256  # sets of promotions tried on one unit in one role; more are not looked at, and the result says so


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """Units of one price and one set of roles; `grams` tells weighed lines, which are kinds of their own."""

    price: int
    roles: tuple[Role, ...]
    grams: int = -1


class Treatment(NamedTuple):
    """One way to treat a unit.

    `value` is what it saves in units of 1/SAVED, less one for each promotion it serves in; a unit in a group at one
    price saves its whole price, the group's price falls due when the group is full. `moves` are the steps of accounts
    (promotion, role), `savings` what each promotion on the single unit takes off, `lowers` by how much it lowers the
    base of each threshold at stake.
    """

    value: int
    moves: tuple[tuple[int, accounts.Role], ...]
    savings: tuple[tuple[int, int], ...]
    multi: int
    role: int
    lowers: tuple[int, ...]


@dataclass(slots=True)
class Stakes:
    """What treatments depend on besides the unit.

    `limited`: promotions on single units whose limit may bind. `tracked`: thresholds whose base must be watched.
    `weights`: thresholds whose base has a price instead, so many `scale`-ths of what it is lowered by; values then
    count `scale`-ths. `partly`: (multi-buy, threshold) where only some of the goods count towards the threshold.
    `capped`: multi-buys whose surplus must be watched. `clipped` is set when sets of promotions were left out.
    """

    running: Running
    limited: frozenset[int] = frozenset()
    tracked: tuple[int, ...] = ()
    partly: frozenset[tuple[int, int]] = frozenset()
    capped: frozenset[int] = frozenset()
    weights: Mapping[int, int] = field(default_factory=dict)
    scale: int = 1
    clipped: set[Kind] = field(default_factory=set)

    def weight(self, kind: Kind) -> int:
        """What it costs that a unit of the kind lowers the bases it counts towards."""
        return sum(weight for rank, weight in self.weights.items() if (rank, 0) in kind.roles)

    def shared(self, kind: Kind, multi: int) -> int:
        """The part of this for bases to which only some of the goods of a multi-buy count."""
        return sum(w for rank, w in self.weights.items() if (rank, 0) in kind.roles and (multi, rank) in self.partly)

    def key(self, kind: Kind) -> object:
        """All that the treatments of a kind depend on, nothing being tracked."""
        limited = tuple(rank for rank, _ in kind.roles if rank in self.limited)
        capped = tuple(rank for rank, _ in kind.roles if rank in self.capped)
        if not self.weights:
            return kind, limited, capped
        at_one_price = self.running.at_one_price
        partly = tuple(self.shared(kind, rank) for rank, _ in kind.roles if at_one_price[rank])
        return kind, limited, capped, self.scale, self.weight(kind), partly


class _Base(NamedTuple):
    """The multi-buy of a treatment: -1 for none."""

    multi: int
    place: int
    move: accounts.Role


_NO_BASE = _Base(-1, 0, ())


def treatments(kind: Kind, stakes: Stakes) -> tuple[Treatment, ...]:
    """Every treatment of a unit that could be part of a best basket, in a fixed order.

    What does not track thresholds is remembered for the next basket.
    """
    if stakes.tracked:
        return _made(kind, stakes)
    memo = stakes.running.treatments
    key = stakes.key(kind)
    known = memo.get(key)
    if known is None:
        if len(memo) >= MOST_REMEMBERED:
            memo.clear()
        found = _made(kind, stakes)
        known = memo[key] = (found, kind in stakes.clipped)
    if known[1]:
        stakes.clipped.add(kind)
    return known[0]


def _made(kind: Kind, stakes: Stakes) -> tuple[Treatment, ...]:
    running = stakes.running
    single = [rank for rank, _ in kind.roles if running.by_unit[rank]]
    single.sort(key=lambda rank: reductions.order(running.promotions[rank]))
    best: dict[tuple[tuple[int, accounts.Role], ...], list[Treatment]] = {}
    for base in _bases(kind, stakes):
        allowed = [rank for rank in single if base.multi < 0 or running.combine(rank, base.multi)]
        for number, stack in enumerate(_stacks(allowed, stakes)):
            if number >= MOST_STACKS:
                stakes.clipped.add(kind)
                break
            found = _treated(kind, base, stack, stakes)
            if found is not None:
                _keep(best.setdefault(found.moves, []), found)
    idle = best.get((), [])
    useful = [t for moves, found in best.items() if moves for t in found if t.multi >= 0 or not _beaten(t, idle)]
    return (*idle, *useful)


def _bases(kind: Kind, stakes: Stakes) -> Iterator[_Base]:
    yield _NO_BASE
    for rank, place in kind.roles:
        match stakes.running.promotions[rank].benefit:
            case CountForPrice() | Bundle() as benefit:
                size, minor = reductions.group_terms(benefit)
                yield _Base(rank, place, (place, size * kind.price - minor if rank in stakes.capped else 0))
            case BuyGet(get_goods=None):
                yield _Base(rank, 0, accounts.BUY)
                yield _Base(rank, 1, accounts.GET)
            case BuyGet():
                yield _Base(rank, place, accounts.GET if place else accounts.BUY)
            case _:
                continue


def _stacks(allowed: Sequence[int], stakes: Stakes) -> Iterator[tuple[int, ...]]:
    """Sets of promotions that may share a unit, in their order on it."""
    combine = stakes.running.combine
    if stakes.tracked:
        return _cliques(allowed, combine)
    makers = [rank for rank in allowed if stakes.running.makers[rank]] if stakes.weights else []
    if makers:  # a reduction may be given up for a coupon that lowers no base, such a coupon itself never
        free = [rank for rank in makers if rank not in stakes.limited]
        return (
            chosen
            for chosen in _cliques(allowed, combine)
            if not any(rank not in chosen and all(combine(rank, other) for other in chosen) for rank in free)
        )
    free = [rank for rank in allowed if rank not in stakes.limited]
    bound = [rank for rank in allowed if rank in stakes.limited]
    return (
        tuple(rank for rank in allowed if rank in chosen or rank in full)
        for chosen in _cliques(bound, combine)
        for full in _full_cliques([r for r in free if all(combine(r, c) for c in chosen)], (), (), combine)
    )


def _cliques(ranks: Sequence[int], combine: Callable[[int, int], bool]) -> Iterator[tuple[int, ...]]:
    """All sets whose members combine pairwise, the empty one first."""
    yield ()
    for place, rank in enumerate(ranks):
        others = [other for other in ranks[place + 1 :] if combine(rank, other)]
        for clique in _cliques(others, combine):
            yield (rank, *clique)


def _full_cliques(
    ranks: Sequence[int], chosen: tuple[int, ...], passed: tuple[int, ...], combine: Callable[[int, int], bool]
) -> Iterator[tuple[int, ...]]:
    """The sets that cannot be enlarged. Source: C. Bron, J. Kerbosch, algorithm 457, 1973."""
    if not ranks:
        if not passed:
            yield chosen
        return
    pivot = max((*ranks, *passed), key=lambda p: sum(combine(p, rank) for rank in ranks if rank != p))
    left = list(ranks)
    for rank in ranks:
        if rank != pivot and combine(pivot, rank):
            continue
        left.remove(rank)
        inside = [other for other in left if combine(rank, other)]
        yield from _full_cliques(
            inside, (*chosen, rank), tuple(other for other in passed if combine(rank, other)), combine
        )
        passed = (*passed, rank)


def _treated(kind: Kind, base: _Base, stack: tuple[int, ...], stakes: Stakes) -> Treatment | None:
    """The treatment, or None when a limit or a reward would be spent on nothing."""
    promotions = stakes.running.promotions
    left, group = kind.price, 0
    benefit = promotions[base.multi].benefit if base.multi >= 0 else None
    if isinstance(benefit, CountForPrice | Bundle):
        left, group = reductions.even_share(kind.price, benefit), kind.price
    reward = benefit.share if isinstance(benefit, BuyGet) and base.move == accounts.GET else None
    savings: list[tuple[int, int]] = []
    grams = kind.grams if kind.grams >= 0 else None
    for rank in stack:
        if reward is not None and reductions.order(promotions[rank])[0] > reductions.BUY_GET_RANK:
            left, reward = _rewarded(base.multi, left, Fraction(reward), savings), None
        single = promotions[rank].benefit
        assert isinstance(single, Percent | AmountOff | FixedPrice)
        minor = reductions.reduction(single, left, grams)
        if minor:
            savings.append((rank, minor))
            left -= minor
        elif rank in stakes.limited:
            return None
    if reward is not None:
        left = _rewarded(base.multi, left, Fraction(reward), savings)
    if any(minor == 0 for _, minor in savings):
        return None
    moves = [(rank, accounts.USE) for rank in stack if rank in stakes.limited]
    if base.multi >= 0:
        moves.append((base.multi, base.move))
    value = (group + sum(minor for _, minor in savings)) * SAVED - len(savings) - (base.multi >= 0)
    if stakes.weights:
        value = value * stakes.scale - _weighed(kind, base.multi, group, savings, stakes) * SAVED
    lowers = _lowers(kind, base.multi, group, savings, stakes)
    return Treatment(value, tuple(moves), tuple(savings), base.multi, base.place, lowers)


def _rewarded(multi: int, left: int, share: Fraction, savings: list[tuple[int, int]]) -> int:
    minor = rounded(left * share)
    savings.append((multi, minor))
    return left - minor


def _lowers(kind: Kind, multi: int, group: int, savings: Sequence[tuple[int, int]], stakes: Stakes) -> tuple[int, ...]:
    """By how much the base of each tracked threshold falls; manufacturers' coupons do not touch it."""
    if not stakes.tracked:
        return ()
    makers = stakes.running.makers
    single = sum(minor for rank, minor in savings if not makers[rank])
    out = []
    for threshold in stakes.tracked:
        whole = 0
        if group and not makers[multi]:
            benefit = stakes.running.promotions[multi].benefit
            assert isinstance(benefit, CountForPrice | Bundle)
            even = reductions.even_share(kind.price, benefit) if (multi, threshold) in stakes.partly else 0
            whole = group - even
        out.append(whole + single if (threshold, 0) in kind.roles else 0)
    return tuple(out)


def _weighed(kind: Kind, multi: int, group: int, savings: Sequence[tuple[int, int]], stakes: Stakes) -> int:
    """What it costs that the bases fall, at their weights."""
    makers = stakes.running.makers
    lowered = sum(minor for rank, minor in savings if not makers[rank])
    share = 0
    if group and not makers[multi]:
        benefit = stakes.running.promotions[multi].benefit
        assert isinstance(benefit, CountForPrice | Bundle)
        lowered += group
        share = reductions.even_share(kind.price, benefit) * stakes.shared(kind, multi)
    return stakes.weight(kind) * lowered - share


def _keep(found: list[Treatment], new: Treatment) -> None:
    """Keep only treatments that are not beaten in both what they save and what they lower."""
    if not _beaten(new, found):
        found[:] = [old for old in found if not _beaten(old, [new])]
        found.append(new)


def _beaten(one: Treatment, others: Sequence[Treatment]) -> bool:
    return any(
        other.value >= one.value and all(a <= b for a, b in zip(other.lowers, one.lowers, strict=True))
        for other in others
    )
