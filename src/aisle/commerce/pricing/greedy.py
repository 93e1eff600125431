"""A good basket without a search: promotions applied one after another, each as long as it gains, dearest units first.

It is what tills do; here several orders are tried, and the best is the floor under a search that could not look at
everything. Alike units are taken in bulk, so that a line of hundreds costs no more than one of three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aisle.commerce.pricing.accounts import BUY, GET, Account, BuyGetAccount, GroupAccount, LimitAccount
from aisle.commerce.pricing.fronts import SAVED
from aisle.commerce.pricing.treatments import Kind, Treatment

LOOSE = 20  # units let go of a greedy basket to be treated better
LOOSE_OF_KIND = 4  # of those of one kind that serve in nothing

Way = dict[Kind, list[Treatment]]


class Option(NamedTuple):
    """A kind in one role of one promotion: what a unit gains there above what it saves by itself."""

    gain: int
    price: int
    kind: Kind
    treatment: Treatment


class Application(NamedTuple):
    """One application of a promotion: what it gains, and the units it takes."""

    gain: int
    units: tuple[tuple[Option, int], ...]


@dataclass(slots=True)
class _Till:
    """What is still free while promotions are applied."""

    free: dict[Kind, int]
    left: list[int]  # how often each promotion may still be applied
    applied: list[tuple[Application, int]] = field(default_factory=list)


class Greed(NamedTuple):
    """A basket of one order: all units, and the same with some units left open: those `fixed`, how many are `loose`."""

    way: Way
    fixed: Way
    loose: dict[Kind, int]


class Greedy:
    """Orders of applying the promotions of one component.

    `options` holds for every account the kinds in each of its roles.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[Kind, int]],
        accounts: Sequence[Account],
        treatments: Mapping[Kind, Sequence[Treatment]],
        places: Mapping[int, int],
    ) -> None:
        self._counts = dict(kinds)
        self._accounts = accounts
        self._idle = {
            kind: max((t for t in treatments[kind] if not t.moves), key=lambda t: t.value) for kind in self._counts
        }
        self._more: list[dict[tuple[Kind, frozenset[object]], Treatment]] = [{} for _ in accounts]
        best: list[list[dict[Kind, Option]]] = [[{} for _ in range(account.places)] for account in accounts]
        for kind in self._counts:
            for treatment in treatments[kind]:
                for move in treatment.moves:
                    if isinstance(accounts[places[move[0]]], LimitAccount):
                        self._note_more(places[move[0]], kind, frozenset(treatment.moves) - {move}, treatment)
                if len(treatment.moves) == 1:
                    rank, role = treatment.moves[0]
                    here = best[places[rank]][role[0]]
                    gain = treatment.value - self._idle[kind].value
                    if kind not in here or here[kind].gain < gain:
                        here[kind] = Option(gain, kind.price, kind, treatment)
        self._options = [
            [
                sorted(role.values(), key=lambda o: (-o.price if account.in_price_order else -o.gain, o))
                for role in roles
            ]
            for account, roles in zip(accounts, best, strict=True)
        ]

    def _note_more(self, place: int, kind: Kind, others: frozenset[object], treatment: Treatment) -> None:
        """Remember how a limited promotion joins what else is done with a unit."""
        known = self._more[place].get((kind, others))
        if known is None or known.value < treatment.value:
            self._more[place][kind, others] = treatment

    @property
    def work(self) -> int:
        """What all orders cost at most, roughly, in transitions."""
        return 40 * sum(len(role) for roles in self._options for role in roles)

    def ways(self) -> Iterator[Greed]:
        """The baskets of a few orders: by gain for each unit, by gain of an application, and by the order of ids."""
        everywhere = range(len(self._accounts))
        yield self._steepest(lambda found: found.gain / sum(count for _, count in found.units))
        yield self._steepest(lambda found: found.gain)
        yield self._in_turn(everywhere)
        yield self._in_turn(everywhere[::-1])
        groups = [place for place in everywhere if not isinstance(self._accounts[place], LimitAccount)]
        if 0 < len(groups) < len(everywhere):
            yield self._steepest(lambda found: found.gain / sum(count for _, count in found.units), groups)

    def _opened(self) -> _Till:
        return _Till(dict(self._counts), [self._limit(account) for account in self._accounts])

    def _limit(self, account: Account) -> int:
        units = sum(self._counts.values())
        match account:
            case GroupAccount(limit=limit):
                return units if limit is None else limit
            case BuyGetAccount(start=start, get=get):
                return units if start[2] < 0 else start[2] // get
            case LimitAccount(limit=limit):
                return limit
            case _:
                return 0

    def _in_turn(self, order: Sequence[int]) -> Greed:
        till = self._opened()
        for place in order:
            while (found := self._next(till, place)) is not None:
                self._apply(till, place, found)
        return self._closed(till)

    def _steepest(self, worth: Callable[[Application], float], places: Sequence[int] | None = None) -> Greed:
        till = self._opened()
        found = {place: self._next(till, place) for place in places or range(len(self._accounts))}
        while True:
            open_ = [(worth(one), -place) for place, one in found.items() if one is not None]
            if not open_:
                return self._closed(till)
            place = -max(open_)[1]
            one = found[place]
            assert one is not None
            if self._times(till, place, one):
                self._apply(till, place, one)
            else:
                found[place] = self._next(till, place)

    def _times(self, till: _Till, place: int, found: Application) -> int:
        """How often the same units can be taken again."""
        needs: dict[Kind, int] = {}
        for option, count in found.units:
            needs[option.kind] = needs.get(option.kind, 0) + count
        return min(till.left[place], *(till.free[kind] // count for kind, count in needs.items()))

    def _apply(self, till: _Till, place: int, found: Application) -> None:
        times = self._times(till, place, found)
        till.left[place] -= times
        for option, count in found.units:
            till.free[option.kind] -= times * count
        till.applied.append((found, times))

    def _closed(self, till: _Till) -> Greed:
        """The basket so far; everything free is treated by itself."""
        way = _units(till.applied)
        for kind, free in till.free.items():
            way[kind] = way.get(kind, []) + [self._idle[kind]] * free
        for place, left in enumerate(till.left):
            self._join(way, place, left)
        return Greed(way, *self._loosened(till))

    def _join(self, way: Way, place: int, left: int) -> None:
        """Let a limited promotion join where it adds most to what is done with a unit already."""
        more = self._more[place]
        joins = []
        for kind, done in way.items() if more else ():
            for old in dict.fromkeys(done):
                new = more.get((kind, frozenset(old.moves)))
                if new is not None and new.value > old.value:
                    joins.append((new.value - old.value, kind, old, new))
        for _, kind, old, new in sorted(joins, reverse=True):
            while left > 0 and old in way[kind]:
                way[kind][way[kind].index(old)] = new
                left -= 1

    def _loosened(self, till: _Till) -> tuple[Way, dict[Kind, int]]:
        """The basket with an application of each sort taken back, later ones first, as long as few units are loose."""
        loose = {kind: min(LOOSE_OF_KIND, free) for kind, free in till.free.items()}
        times = [count for _, count in till.applied]
        taken = True
        while taken:
            taken = False
            for place in reversed(range(len(times))):
                found = till.applied[place][0]
                units = sum(count for _, count in found.units)
                if times[place] and sum(loose.values()) + units <= LOOSE:
                    taken = True
                    times[place] -= 1
                    for option, count in found.units:
                        loose[option.kind] += count
        fixed = _units([(found, count) for (found, _), count in zip(till.applied, times, strict=True)])
        for kind, free in till.free.items():
            fixed[kind] = fixed.get(kind, []) + [self._idle[kind]] * max(0, free - LOOSE_OF_KIND)
        return fixed, loose

    def _next(self, till: _Till, place: int) -> Application | None:
        """The next application of a promotion, None when it would gain nothing."""
        account = self._accounts[place]
        if till.left[place] <= 0:
            return None
        roles = self._options[place]
        used: dict[Kind, int] = {}
        match account:
            case GroupAccount(counts=counts, minor=minor):
                needs = [_picked(till, role, count, used) for role, count in zip(roles, counts, strict=True)]
                if any(sum(n for _, n in units) < count for units, count in zip(needs, counts, strict=True)):
                    return None
                due = minor * SAVED
            case BuyGetAccount(buy=buy, get=get, in_price_order=in_order):
                needs = [_picked(till, roles[BUY[0]], buy, used), _picked(till, roles[GET[0]], get, used)]
                if sum(n for _, n in needs[0]) < buy or not needs[1]:
                    return None
                if in_order and needs[0][-1][0].price < needs[1][0][0].price:
                    return None
                due = 0
            case _:
                needs, due = [_picked(till, roles[0], 1, used)], 0
        units = tuple(unit for picked in needs for unit in picked)
        gain = sum(option.gain * count for option, count in units) - due
        return Application(gain, units) if gain > 0 else None


def _units(applied: Sequence[tuple[Application, int]]) -> Way:
    """What applications do with every unit, bought ones of a kind before reduced ones."""
    way: Way = {}
    for found, times in applied:
        for option, count in found.units:
            way.setdefault(option.kind, []).extend([option.treatment] * (count * times))
    for done in way.values():
        done.sort(key=lambda treatment: (treatment.multi, treatment.role))
    return way


def _picked(till: _Till, options: Sequence[Option], count: int, used: dict[Kind, int]) -> list[tuple[Option, int]]:
    """The first `count` free units of these, as far as there are so many; `used` notes them."""
    out = []
    for option in options:
        have = min(count, till.free[option.kind] - used.get(option.kind, 0))
        if have > 0:
            out.append((option, have))
            used[option.kind] = used.get(option.kind, 0) + have
            count -= have
        if not count:
            break
    return out
