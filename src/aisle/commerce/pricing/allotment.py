"""From the best combination to the lines: what each promotion takes off each line, to the unit.

What a group at one price saves is shared out over its units: each is charged its even share or its own price where that
is less, and what is then left of the group's price goes to the dearer ones by largest remainder. What comes off the
order is shared out over the lines of its base by largest remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aisle.commerce.money import allocate
from aisle.commerce.pricing import reductions
from aisle.commerce.pricing.choice import Combination
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.treatments import Kind, Treatment
from aisle.store.offers import Bundle, BuyGet, CountForPrice


@dataclass(frozen=True, slots=True)
class Lot:
    """The units of one line as promotions see them: a kind and a count."""

    kind: Kind
    count: int


@dataclass(slots=True)
class Allotted:
    """What promotions do to the lines: per line promotion -> minor units; how often each promotion was applied.

    `lost_minor` is what order-level reductions could not take off, because makers' coupons had left too little.
    """

    savings: list[dict[int, int]]
    uses: dict[int, int] = field(default_factory=dict)
    lost_minor: int = 0

    def saved(self, line: int, ranks: Sequence[bool]) -> int:
        """What promotions with a true entry in `ranks` take off a line."""
        return sum(minor for rank, minor in self.savings[line].items() if ranks[rank])


def allot(lots: Sequence[Lot], combination: Combination, running: Running) -> Allotted:
    """The savings of each line. Units of a kind are handed out to its lines in the order of the basket."""
    out = Allotted([{} for _ in lots])
    waiting = {kind: iter(chosen) for kind, chosen in combination.choice.items()}
    groups: dict[int, list[tuple[int, int]]] = {}
    for line, lot in enumerate(lots):
        kind = combination.kind_of(lot.kind)
        for _ in range(lot.count):
            treatment = next(waiting[kind])
            _note(out, line, treatment)
            if treatment.multi >= 0:
                groups.setdefault(treatment.multi, []).append(
                    (line, kind.price if _reduced(running, treatment) else -1)
                )
    for rank, members in sorted(groups.items()):
        _share_group(out, rank, members, running)
    for rank, minor in sorted(combination.thresholds, key=lambda off: (running.makers[off[0]], off[0])):
        _share_order(out, rank, minor, lots, combination)
    out.uses = dict(sorted(out.uses.items()))
    return out


def _note(out: Allotted, line: int, treatment: Treatment) -> None:
    for rank, minor in treatment.savings:
        savings = out.savings[line]
        savings[rank] = savings.get(rank, 0) + minor
        if rank != treatment.multi:
            out.uses[rank] = out.uses.get(rank, 0) + 1


def _reduced(running: Running, treatment: Treatment) -> bool:
    benefit = running.promotions[treatment.multi].benefit
    return treatment.role == 1 if isinstance(benefit, BuyGet) else True


def _share_group(out: Allotted, rank: int, members: Sequence[tuple[int, int]], running: Running) -> None:
    """`members` are (line, price) of the units, price -1 for those that are only bought."""
    benefit = running.promotions[rank].benefit
    if isinstance(benefit, BuyGet):
        reduced = sum(price >= 0 for _, price in members)
        if reduced:
            out.uses[rank] = -(-reduced // benefit.get)
        return
    assert isinstance(benefit, CountForPrice | Bundle)
    size, minor = reductions.group_terms(benefit)
    out.uses[rank] = len(members) // size
    even = [reductions.even_share(price, benefit) for _, price in members]
    above = [price - share for (_, price), share in zip(members, even, strict=True)]
    rest = allocate(out.uses[rank] * minor - sum(even), above)
    for (line, _), most, more in zip(members, above, rest, strict=True):
        if most > more:
            out.savings[line][rank] = out.savings[line].get(rank, 0) + most - more


def _share_order(out: Allotted, rank: int, minor: int, lots: Sequence[Lot], combination: Combination) -> None:
    lines = [line for line, lot in enumerate(lots) if (rank, 0) in combination.kind_of(lot.kind).roles]
    left = [lots[line].kind.price * lots[line].count - sum(out.savings[line].values()) for line in lines]
    off = min(minor, sum(left))
    out.lost_minor += minor - off
    for line, part in zip(lines, allocate(off, left), strict=True):
        if part:
            out.savings[line][rank] = part
    out.uses[rank] = 1
