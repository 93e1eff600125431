"""What the search must remember about a promotion that ties units together: how far its groups are filled.

An account is a small automaton. Its *part* of the search's state is a tuple of integers, `step` says what one more unit
in some role makes of it and what falls due then (the price of a completed group), `closed` whether it may end so. Each
account also prices its slots (`tune`, `cost`, `worth`): the dual prices of the linear relaxation, from which the search
has its bound. Of several multipliers the fair ones are taken: every unit of a group bears the same share.

Source of the bound: weak duality of Lagrangian relaxation (A. M. Geoffrion, "Lagrangean relaxation for integer
programming", 1974).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

Part = tuple[int, ...]
Role = tuple[int, ...]
Step = tuple[Part, int]  # the new part, and what falls due (minor units)

BUY: Role = (0,)
GET: Role = (1,)
USE: Role = (0,)


class Slot(NamedTuple):
    """Units that could fill a role: which role, their price, what they would save in it by itself, how many there are.

    `gain` is what a unit saves in it above what it saves without; a unit in a group at one price saves its whole price.
    """

    role: Role
    price: int
    saves: int
    gain: float
    units: int


class Account(Protocol):
    """What the search asks of an account."""

    start: Part
    places: int
    in_price_order: bool  # whether bought units must not be cheaper than the reduced ones

    def step(self, part: Part, role: Role) -> Step | None:
        """One more unit in a role; None when that is impossible."""

    def closed(self, part: Part) -> bool:
        """Whether the basket may end like this."""

    def tune(self, slots: Sequence[Slot]) -> None:
        """Choose the dual prices for these units."""

    def pull(self, used: Sequence[tuple[Role, int, int]]) -> list[float]:
        """How far units at their best (role, price, count) are from what the account allows: the subgradient."""

    def move(self, steps: Sequence[float]) -> None:
        """Change the dual prices; they stay what they may be."""

    def duals(self) -> list[float]:
        """The dual prices."""

    def reset(self, duals: Sequence[float]) -> None:
        """Take dual prices back."""

    def cost(self, role: Role, price: int) -> float:
        """The dual price of a role for a unit of that price (minor units)."""

    def worth(self, part: Part, next_price: int) -> float:
        """What a part adds to the bound, when no later unit is dearer than `next_price` (minor units)."""

    def can_close(self, part: Part, rest: Sequence[int]) -> bool:
        """Whether it may still end well, when so many later units could fill each place."""


class GroupAccount:
    """Groups at one price: `counts` units of each place together cost `minor`.

    The part is the units waiting in each place, the groups left (-1: any number), and, where `cap` is positive, what
    the units so far are worth above the group's price, times the size of a group, but never more than `cap`: a
    promotion must not make dearer what it is applied to. `cap` is the most that later units can lack.
    """

    in_price_order = False

    def __init__(self, counts: tuple[int, ...], minor: int, limit: int | None, cap: int) -> None:
        self.counts = counts
        self.places = len(counts)
        self.minor = minor
        self.limit = limit
        self.cap = cap
        self.start: Part = (*([0] * len(counts)), -1 if limit is None else limit, 0)
        self._slot_costs = [minor / sum(counts)] * len(counts)
        self._group_cost = 0.0

    def step(self, part: Part, role: Role) -> Step | None:
        left = part[-2]
        if left == 0:
            return None
        waiting = list(part[:-2])
        waiting[role[0]] += 1
        surplus = min(self.cap, part[-1] + role[1]) if self.cap else 0
        if any(have < need for have, need in zip(waiting, self.counts, strict=True)):
            return (*waiting, left, surplus), 0
        rest = [have - need for have, need in zip(waiting, self.counts, strict=True)]
        return (*rest, left - 1 if left > 0 else left, surplus), self.minor

    def closed(self, part: Part) -> bool:
        return not any(part[:-2]) and part[-1] >= 0

    def tune(self, slots: Sequence[Slot]) -> None:
        """Places with units to spare are priced at the first unit left over, the scarcest bears the rest."""
        size, places = sum(self.counts), range(len(self.counts))
        gains = [_spread((slot.gain, slot.units) for slot in slots if slot.role[0] == place) for place in places]
        room = [sum(units for _, units in here) // count for here, count in zip(gains, self.counts, strict=True)]
        groups = min(room) if self.limit is None else min(self.limit, *room)
        if len(self.counts) > 1:
            scarce = min(places, key=lambda place: (room[place], place))
            costs = [_nth(here, groups * count) for here, count in zip(gains, self.counts, strict=True)]
            others = sum(costs[place] * self.counts[place] for place in places if place != scarce)
            costs[scarce] = (self.minor - others) / self.counts[scarce]
            self._slot_costs = costs
        else:
            self._slot_costs = [self.minor / size]
        self._group_cost = 0.0
        if self.limit is not None:
            nets = _spread((slot.gain - self._slot_costs[slot.role[0]], slot.units) for slot in slots)
            self._group_cost = size * max(0.0, _nth(nets, self.limit * size))
            self._slot_costs = [cost + self._group_cost / size for cost in self._slot_costs]

    def pull(self, used: Sequence[tuple[Role, int, int]]) -> list[float]:
        size = sum(self.counts)
        taken = [0] * len(self.counts)
        for role, _, units in used:
            taken[role[0]] += units
        groups = sum(taken) / size
        uneven = [have / count - groups for have, count in zip(taken, self.counts, strict=True)]
        return [*uneven, 0.0 if self.limit is None else groups - self.limit]

    def move(self, steps: Sequence[float]) -> None:
        more = max(-self._group_cost, steps[-1])
        self._group_cost += more
        self._slot_costs = [
            cost + step + more / sum(self.counts) for cost, step in zip(self._slot_costs, steps, strict=False)
        ]

    def duals(self) -> list[float]:
        return [*self._slot_costs, self._group_cost]

    def reset(self, duals: Sequence[float]) -> None:
        self._slot_costs, self._group_cost = list(duals[:-1]), duals[-1]

    def cost(self, role: Role, price: int) -> float:
        return self._slot_costs[role[0]]

    def worth(self, part: Part, next_price: int) -> float:
        owed = sum(have * cost for have, cost in zip(part, self._slot_costs, strict=False))
        return max(0, part[-2]) * self._group_cost - owed

    def can_close(self, part: Part, rest: Sequence[int]) -> bool:
        groups = max(-(-have // count) for have, count in zip(part, self.counts, strict=False))
        lacks = (groups * count - have for have, count in zip(part, self.counts, strict=False))
        return all(lack <= there for lack, there in zip(lacks, rest, strict=True))


class BuyGetAccount:
    """Every `buy` units bought earn `get` reduced ones.

    The part is the units bought towards the next group, the reduced units earned and not yet taken (negative while
    others were taken first), and the reduced units left under a limit (-1: any number). `most` bounds what can be
    earned to any use, and so does what is left. With `same_goods` units come in falling order of price, and at the end
    of each price no more may have been taken than earned; so no reduced unit is dearer than those bought for it.
    """

    def __init__(self, buy: int, get: int, limit: int | None, most: int, *, same_goods: bool) -> None:
        self.places = 2
        self.buy = buy
        self.get = get
        self.most = most
        self.in_price_order = same_goods
        self.start: Part = (0, 0, -1 if limit is None else limit * get)
        self._share = 0.0  # of a unit's price that a slot is worth, in price order
        self._flat = 0.0  # what a slot is worth otherwise
        self._scarce = 0.0  # what a slot costs because of the limit
        self._dearest = 1  # unit there is: brings both to one scale

    def step(self, part: Part, role: Role) -> Step | None:
        filled, earned, left = part
        if left == 0 and (earned >= 0 or role == GET):
            return None
        if role == GET:
            after = (filled, earned - 1, left - 1 if left > 0 else left)
            return ((0, 0, 0) if after[1:] == (0, 0) else after), 0
        if filled + 1 < self.buy:
            return (filled + 1, earned, left), 0
        return (0, min(self.most if left < 0 else left, earned + self.get), left), 0

    def closed(self, part: Part) -> bool:
        return part[1] >= 0

    def tune(self, slots: Sequence[Slot]) -> None:
        gets = [slot for slot in slots if slot.role == GET]
        self._dearest = max((slot.price for slot in slots), default=1) or 1
        if self.in_price_order:
            share = max((slot.saves / slot.price for slot in gets if slot.price), default=0.0)
            self._share = share * self.buy / (self.buy + self.get)
            self._limit_priced(slots)
            return
        bought = sum(slot.units for slot in slots if slot.role == BUY)
        values = _spread((slot.gain, slot.units) for slot in gets)
        self._flat = max(0.0, _nth(values, bought // self.buy * self.get))
        self._limit_priced(slots)

    def _limit_priced(self, slots: Sequence[Slot]) -> None:
        """A slot costs what the first unit beyond the limit would gain; when that is scarce, bought units are not."""
        left = self.start[2]
        if left >= 0:
            groups = sum(slot.units for slot in slots if slot.role == BUY) // (
                self.buy + self.get * self.in_price_order
            )
            if groups * self.get >= left:
                self._share = self._flat = 0.0
            gets = [slot for slot in slots if slot.role == GET]
            nets = _spread((slot.gain - self._flat - self._share * slot.price, slot.units) for slot in gets)
            self._scarce = max(0.0, _nth(nets, left))

    def pull(self, used: Sequence[tuple[Role, int, int]]) -> list[float]:
        earn = self.get / self.buy
        over = [(units if role == GET else -units * earn, price) for role, price, units in used]
        beyond = sum(units for role, _, units in used if role == GET) - self.start[2] if self.start[2] >= 0 else 0.0
        if self.in_price_order:
            return [0.0, sum(units * price for units, price in over) / self._dearest, beyond]
        return [sum(units for units, _ in over), 0.0, beyond]

    def move(self, steps: Sequence[float]) -> None:
        self._scarce = max(0.0, self._scarce + steps[2])
        self._flat = max(0.0, self._flat + steps[0])
        self._share = max(0.0, self._share + steps[1] / self._dearest)

    def duals(self) -> list[float]:
        return [self._flat, self._share, self._scarce]

    def reset(self, duals: Sequence[float]) -> None:
        self._flat, self._share, self._scarce = duals

    def cost(self, role: Role, price: int) -> float:
        each = self._flat + self._share * price
        return each + self._scarce if role == GET else -each * self.get / self.buy

    def worth(self, part: Part, next_price: int) -> float:
        each = self._flat + self._share * next_price
        return each * (part[1] + part[0] * self.get / self.buy) + self._scarce * max(0, part[2])

    def can_close(self, part: Part, rest: Sequence[int]) -> bool:
        return part[1] + (part[0] + rest[0]) // self.buy * self.get >= 0


class LimitAccount:
    """A promotion on single units that may be applied `limit` times."""

    in_price_order = False
    places = 1

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.start: Part = (limit,)
        self._each = 0.0

    def step(self, part: Part, role: Role) -> Step | None:
        return None if part[0] == 0 else ((part[0] - 1,), 0)

    def closed(self, part: Part) -> bool:
        return True

    def tune(self, slots: Sequence[Slot]) -> None:
        values = _spread((slot.gain, slot.units) for slot in slots)
        self._each = max(0.0, _nth(values, self.limit))

    def pull(self, used: Sequence[tuple[Role, int, int]]) -> list[float]:
        return [sum(units for _, _, units in used) - self.limit]

    def move(self, steps: Sequence[float]) -> None:
        self._each = max(0.0, self._each + steps[0])

    def duals(self) -> list[float]:
        return [self._each]

    def reset(self, duals: Sequence[float]) -> None:
        self._each = duals[0]

    def cost(self, role: Role, price: int) -> float:
        return self._each

    def worth(self, part: Part, next_price: int) -> float:
        return self._each * part[0]

    def can_close(self, part: Part, rest: Sequence[int]) -> bool:
        return True


def _spread(values: Iterable[tuple[float, int]]) -> list[tuple[float, int]]:
    return sorted(values, reverse=True)


def _nth(values: Sequence[tuple[float, int]], place: int) -> float:
    """The value at a 0-based place of a falling list of (value, how often); 0 behind its end."""
    for value, count in values:
        if place < count:
            return value
        place -= count
    return 0.0
