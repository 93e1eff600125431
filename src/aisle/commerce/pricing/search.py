"""The best way to treat the units of one component: dynamic programming over units, cut short by bounds.

A *component* is a set of kinds that promotions tie together. Its units are taken one after another, dearest first; what
matters of those already treated is only the state of the promotions' accounts, so of all ways into one state the best
is kept (R. Bellman, 1957). Small components are done like this at once. Large ones start from the best of a few greedy
orders and a narrow first pass; a second pass drops every state that even in the linear relaxation cannot become better
(R. E. Marsten, T. L. Morin, "A hybrid approach to discrete mathematical programming", 1978). States beyond the
allowance are dropped too, the best bound among them being kept: the difference to what was found is the most that was
missed.

Work is counted, never time (`labels.Allowance`), so that the same basket always has the same price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from aisle.commerce.pricing.accounts import Account, GroupAccount, Part, Slot
from aisle.commerce.pricing.fronts import SAVED, Lowered, Slopes
from aisle.commerce.pricing.greedy import Greed, Greedy, Way
from aisle.commerce.pricing.labels import (
    FIRST_WIDTH,
    KEEPING,
    Allowance,
    Found,
    Key,
    Label,
    State,
    by_lowered,
    ceiling,
    treated,
    undominated,
)
from aisle.commerce.pricing.treatments import Kind, Stakes, Treatment, treatments

MENDING_WORK = 15_000  # for the ends of one greedy basket
BULK = 8  # units of a kind on average from which its ends are mended
OPENING = 40  # work of laying out a component, for each choice of its kinds
PLAIN_WORK = 12_000  # up to here without bounds
DUAL_STEPS = 40


@dataclass(slots=True)
class _Stage:
    """The treatment of one unit, and what must hold after it.

    `choices` are (treatment, its moves as places in the state). `settled` are accounts whose reduced
    units must be earned by now, `ended` those that no later unit touches.
    """

    kind: Kind
    choices: tuple[tuple[Treatment, tuple[tuple[int, Part], ...]], ...]
    settled: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    next_prices: tuple[int, ...] = ()  # the dearest later unit of each account, -1 where there is none
    live: tuple[
        tuple[int, int, tuple[int, ...]], ...
    ] = ()  # (account in use, dearest later unit, later units by place)
    best_rest: float = 0.0


class Component:
    """Kinds with their counts, the accounts they share, and what is at stake."""

    def __init__(
        self,
        kinds: Sequence[tuple[Kind, int]],
        accounts: dict[int, Account],
        stakes: Stakes,
        whole: frozenset[tuple[int, int]] = frozenset(),
    ) -> None:
        """`whole`: (multi-buy, threshold) where a completed group's price counts towards the threshold."""
        self.kinds = sorted(kinds, key=lambda pair: (-pair[0].price, pair[0]))
        self.ranks = sorted(accounts)
        self.accounts = [accounts[rank] for rank in self.ranks]
        self.start: State = tuple(account.start for account in self.accounts)
        self._place = {rank: place for place, rank in enumerate(self.ranks)}
        self._treatments = {kind: treatments(kind, stakes) for kind, _ in self.kinds}
        self.clipped = any(kind in stakes.clipped for kind, _ in kinds)
        if len(self.kinds) > 3 and len(self.ranks) > 1:
            self.kinds = self._arranged()
        self._counts_in = {
            self._place[rank]: tuple((rank, threshold) in whole for threshold in stakes.tracked) for rank in self.ranks
        }
        self._tracked = len(stakes.tracked)
        self._scale = stakes.scale
        self._steps: list[dict[tuple[Part, Part], tuple[Part, int] | None]] = [{} for _ in self.accounts]
        self._slopes: Slopes = ()
        self._plain: dict[Slopes, dict[Lowered, Label] | None] = {}
        self._tuned = False
        self._most = 0
        self._dropped = -math.inf
        self._worths: dict[tuple[int, Part, int, tuple[int, ...]], float] = {}
        self._stages = self._staged()
        self._by_kind = list(self._first_stages())

    @property
    def size(self) -> tuple[int, float]:
        """How many units there are, and how many choices a unit has on average."""
        choices = sum(len(stage.choices) for stage in self._stages)
        return len(self._stages), choices / max(1, len(self._stages))

    def most_lowered(self, threshold: int) -> Fraction:
        """The most by which the tracked base in that place can be lowered here."""
        return sum(
            (
                count * max(self._net_lowered(treatment, threshold) for treatment in self._treatments[kind])
                for kind, count in self.kinds
            ),
            Fraction(0),
        )

    def _net_lowered(self, treatment: Treatment, threshold: int) -> Fraction:
        """By how much a unit lowers a base when its share of the group's price is counted."""
        share = Fraction(0)
        for place in (self._place[rank] for rank, _ in treatment.moves):
            account = self.accounts[place]
            if isinstance(account, GroupAccount) and self._counts_in[place][threshold]:
                share = Fraction(account.minor, sum(account.counts))
        return treatment.lowers[threshold] - share

    def best(self, allowance: Allowance) -> Found:
        """The best treatment, nothing being tracked."""
        allowance.left -= OPENING * sum(len(stage.choices) for stage, _ in self._by_kind)
        labels = self._pass(None, 0, PLAIN_WORK, allowance)
        if labels is not None:
            return Found(by_lowered(labels), 0)
        best = self._floor(allowance)
        self._tune(allowance)
        bound: float = self._most
        for width in (FIRST_WIDTH, 0):
            if bound > best.value and allowance.left > 0:
                width = width or allowance.width(*self.size)
                labels = self._pass(best.value + 1, width, None, allowance) or {}
                best = max((best, *labels.values()), key=lambda label: label.value)
                bound = min(bound, max(self._dropped, best.value))
        return Found({(0,) * self._tracked: best}, ceiling(bound))

    def _floor(self, allowance: Allowance) -> Label:
        """The best of a few orders in which promotions could be applied one after another, with its ends mended."""
        greedy = Greedy(self.kinds, self.accounts, self._treatments, self._place)
        allowance.left -= greedy.work
        best: Label | None = None
        loosest: Greed | None = None
        for greed in greedy.ways():
            label = self._replayed(greed.way)
            if label is not None and (best is None or label.value > best.value):
                best, loosest = label, greed
        assert best is not None and loosest is not None
        if len(self._stages) < BULK * len(self.kinds):
            return best
        mended = self._mended(loosest, allowance)
        return best if mended is None or mended.value < best.value else mended

    def _mended(self, greed: Greed, allowance: Allowance) -> Label | None:
        """A greedy basket whose loose units are treated in the best way, if that is little work."""
        state = self.start
        for kind, _ in self.kinds:
            for treatment in greed.fixed.get(kind, ()):
                moved = self._moved(state, self._moves(treatment))
                if moved is None:
                    return None
                state = moved[0]
        at, spent = 0, 0
        labels: dict[Key, Label] = {(state, ()): Label(0)}
        for kind, count in self.kinds:
            at += count
            for _ in range(greed.loose.get(kind, 0)):
                spent += (2 * len(self._stages[at - 1].choices) + KEEPING) * len(labels)
                labels = self._advance(labels, self._stages[at - 1]) if spent < MENDING_WORK else {}
            labels = self._checked(labels, self._stages[at - 1])
        allowance.left -= spent
        if not labels:
            return None
        steps = iter(treated(max(labels.values(), key=lambda label: label.value)))
        way = {
            kind: greed.fixed.get(kind, []) + [next(steps) for _ in range(greed.loose.get(kind, 0))]
            for kind, _ in self.kinds
        }
        return self._replayed(way)

    def _moves(self, treatment: Treatment) -> tuple[tuple[int, Part], ...]:
        return tuple((self._place[rank], role) for rank, role in treatment.moves)

    def _replayed(self, way: Way) -> Label | None:
        """The label of a way to treat all units, None when an account cannot end so."""
        label, state, at = Label(0), self.start, 0
        for kind, count in self.kinds:
            for treatment in sorted(way[kind], key=lambda treatment: (treatment.multi, treatment.role)):
                moved = self._moved(state, self._moves(treatment))
                if moved is None:
                    return None
                state = moved[0]
                label = Label(label.value + treatment.value - moved[1] * SAVED, label, treatment)
            at += count
            checked = self._checked({(state, ()): label}, self._stages[at - 1])
            if not checked:
                return None
            state = next(iter(checked))[0]
        return label

    def fronts(self, floor: int, slopes: Slopes, allowance: Allowance) -> Found:
        """The treatments worth at least `floor` none of which another beats, by how they lower the tracked bases."""
        if slopes not in self._plain:
            self._slopes = slopes
            labels = self._pass(None, 0, PLAIN_WORK, allowance)
            self._plain[slopes] = None if labels is None else by_lowered(labels)
        fronts = self._plain[slopes]
        if fronts is not None:
            return Found({lowered: label for lowered, label in fronts.items() if label.value >= floor}, 0)
        self._slopes = slopes
        self._tune(allowance)
        labels = self._pass(floor, allowance.width(*self.size), None, allowance)
        return Found(by_lowered(labels or {}), ceiling(self._dropped))

    def _pass(
        self, floor: float | None, width: int, most_work: int | None, allowance: Allowance
    ) -> dict[Key, Label] | None:
        """One run over all units; None when it took more than `most_work`. No floor: no bounds, no width."""
        self._dropped = -math.inf
        labels: dict[Key, Label] = {(self.start, (0,) * self._tracked): Label(0)}
        spent = 0
        for stage in self._stages:
            spent += 2 * len(labels) * len(stage.choices)
            if most_work is not None and spent > most_work:
                allowance.left -= spent
                return None
            labels = self._advance(labels, stage)
            if stage.settled or stage.ended:
                labels = self._checked(labels, stage)
            if self._tracked:
                labels = undominated(labels, self._slopes)
            spent += KEEPING * len(labels)
            if floor is not None:
                labels = self._pruned(labels, stage, floor, width if spent < allowance.left else 1)
        allowance.left -= spent
        return labels

    def _advance(self, labels: dict[Key, Label], stage: _Stage) -> dict[Key, Label]:
        new: dict[Key, Label] = {}
        for (state, lowered), label in labels.items():
            for treatment, moves in stage.choices:
                value = label.value + treatment.value
                after, lower = state, lowered
                if self._tracked:
                    lower = tuple(map(int.__add__, lowered, treatment.lowers))
                if moves:
                    moved = self._moved(state, moves)
                    if moved is None:
                        continue
                    after, paid, place = moved
                    if paid:
                        value -= paid * SAVED
                        if self._tracked:
                            counts = self._counts_in[place]
                            lower = tuple(low - paid if c else low for low, c in zip(lower, counts, strict=True))
                key = (after, lower)
                old = new.get(key)
                if old is None or old.value < value:
                    new[key] = Label(value, label, treatment)
        return new

    def _moved(self, state: State, moves: tuple[tuple[int, Part], ...]) -> tuple[State, int, int] | None:
        """The state after a treatment, what falls due, and of which account (at most one has groups at a price)."""
        parts, paid, payer = list(state), 0, -1
        for place, role in moves:
            known = self._steps[place]
            asked = (parts[place], role)
            if asked in known:
                step = known[asked]
            else:
                step = known[asked] = self.accounts[place].step(*asked)
            if step is None:
                return None
            parts[place] = step[0]
            if step[1]:
                paid, payer = step[1], place
        return tuple(parts), paid, payer

    def _checked(self, labels: dict[Key, Label], stage: _Stage) -> dict[Key, Label]:
        """Drop states that cannot stand after a stage; accounts that ended start afresh, so that states meet."""
        new: dict[Key, Label] = {}
        for (state, lowered), label in labels.items():
            if any(state[place][1] < 0 for place in stage.settled):
                continue
            if any(not self.accounts[place].closed(state[place]) for place in stage.ended):
                continue
            parts = list(state)
            for place in stage.ended:
                parts[place] = self.start[place]
            key = (tuple(parts), lowered)
            old = new.get(key)
            if old is None or old.value < label.value:
                new[key] = label
        return new

    def _pruned(self, labels: dict[Key, Label], stage: _Stage, floor: float, width: int) -> dict[Key, Label]:
        """Drop what cannot reach the floor, and the least promising beyond the width."""
        ranked = []
        worths = self._worths
        for key, label in labels.items():
            bound = label.value + stage.best_rest
            state = key[0]
            for place, price, rest in stage.live:
                asked = (place, state[place], price, rest)
                worth = worths.get(asked)
                if worth is None:
                    worth = worths[asked] = self._worth(*asked)
                bound += worth
            if bound + 0.5 >= floor:
                ranked.append((bound, key, label))
        if len(ranked) > width:
            ranked.sort(key=lambda entry: -entry[0])
            keep = ranked[:width]
            for bound, key, label in ranked[width:]:
                if key[0] == self.start and not any(kept[1][0] == self.start for kept in keep):
                    keep.append((bound, key, label))  # the way of doing nothing more is always open
                else:
                    self._dropped = max(self._dropped, bound)
            ranked = keep
        return {key: label for _, key, label in ranked}

    def _worth(self, place: int, part: Part, price: int, rest: tuple[int, ...]) -> float:
        account = self.accounts[place]
        return SAVED * account.worth(part, price) if account.can_close(part, rest) else -math.inf

    def _staged(self) -> list[_Stage]:
        touching = [
            [place for place, rank in enumerate(self.ranks) if self._touches(kind, rank)] for kind, _ in self.kinds
        ]
        stages: list[_Stage] = []
        for index, (kind, count) in enumerate(self.kinds):
            choices = tuple(
                (treatment, tuple((self._place[rank], role) for rank, role in treatment.moves))
                for treatment in self._treatments[kind]
            )
            later = [
                (other[0].price, set(touched))
                for other, touched in zip(self.kinds[index + 1 :], touching[index + 1 :], strict=True)
            ]
            following = [
                next((price for price, touched in later if place in touched), -1) for place in range(len(self.ranks))
            ]
            next_prices = tuple(following)
            ended = tuple(place for place in touching[index] if following[place] < 0)
            settled = tuple(
                place
                for place in touching[index]
                if self.accounts[place].in_price_order and following[place] < kind.price
            )
            inside = tuple(kind.price if place in touching[index] else price for place, price in enumerate(next_prices))
            stages += [_Stage(kind, choices, next_prices=inside)] * (count - 1)
            stages.append(_Stage(kind, choices, settled, ended, next_prices))
        return stages

    def _arranged(self) -> list[tuple[Kind, int]]:
        """The kinds in an order that has few accounts open at a time, prices falling where an account needs it."""
        touched = [
            [place for place, rank in enumerate(self.ranks) if self._touches(kind, rank)] for kind, _ in self.kinds
        ]
        waiting = [
            [number for number, places in enumerate(touched) if place in places] for place in range(len(self.ranks))
        ]
        left = list(range(len(self.kinds)))
        open_places: set[int] = set()
        order = []
        while left:
            chosen = min(
                (
                    number
                    for number in left
                    if all(waiting[p][0] == number for p in touched[number] if self.accounts[p].in_price_order)
                ),
                key=lambda number: (
                    sum((p not in open_places) - (len(waiting[p]) == 1) for p in touched[number]),
                    min((len(waiting[p]) for p in touched[number]), default=0),
                    number,
                ),
            )
            left.remove(chosen)
            order.append(self.kinds[chosen])
            for place in touched[chosen]:
                open_places.add(place)
                waiting[place].remove(chosen)
        return order

    def _first_stages(self) -> Iterator[tuple[_Stage, int]]:
        at = 0
        for _, count in self.kinds:
            yield self._stages[at], count
            at += count

    def _touches(self, kind: Kind, rank: int) -> bool:
        return any(rank == moved for treatment in self._treatments[kind] for moved, _ in treatment.moves)

    def _tune(self, allowance: Allowance) -> None:
        """Choose dual prices, and note at every stage what all later units can save at most at these."""
        if self._tuned:
            return
        self._tuned = True
        slots: list[list[Slot]] = [[] for _ in self.accounts]
        for kind, count in self.kinds:
            idle = max((t.value for t in self._treatments[kind] if not t.moves), default=0)
            for treatment in self._treatments[kind]:
                gain = (treatment.value - idle) / SAVED
                for rank, role in treatment.moves:
                    slots[self._place[rank]].append(
                        Slot(role, kind.price, _alone(treatment, rank, self._scale), gain, count)
                    )
        for account, found in zip(self.accounts, slots, strict=True):
            account.tune(found)
        self._most = math.floor(self._descend() * SAVED) + SAVED // 2
        allowance.left -= DUAL_STEPS * sum(len(stage.choices) for stage, _ in self._by_kind)
        self._note_rest()

    def _descend(self) -> float:
        """Lower the bound by subgradient steps on the dual prices; the bound (minor units).

        Source: M. Held, R. Karp, 1971; B. Polyak, 1969.
        """
        best, kept = math.inf, [account.duals() for account in self.accounts]
        eager = 0.05
        for _ in range(DUAL_STEPS):
            bound, used = self._relaxed()
            if bound < best - 1e-6:
                best, kept = bound, [account.duals() for account in self.accounts]
            else:
                eager *= 0.8
            pulls = [account.pull(taken) for account, taken in zip(self.accounts, used, strict=True)]
            norm = sum(pull * pull for found in pulls for pull in found)
            if norm < 1e-9:
                break
            step = eager * best / norm
            for account, found in zip(self.accounts, pulls, strict=True):
                account.move([step * pull for pull in found])
        for account, duals in zip(self.accounts, kept, strict=True):
            account.reset(duals)
        return best

    def _relaxed(self) -> tuple[float, list[list[tuple[Part, int, int]]]]:
        """The bound of the whole component (minor units), and what units at their best take of every account."""
        bound = sum(account.worth(account.start, 0) for account in self.accounts)
        used: list[list[tuple[Part, int, int]]] = [[] for _ in self.accounts]
        for stage, count in self._by_kind:
            best, moves = max((self._priced(choice, stage.kind), choice[1]) for choice in stage.choices)
            bound += best * count
            for place, role in moves:
                used[place].append((role, stage.kind.price, count))
        return bound, used

    def _priced(self, choice: tuple[Treatment, tuple[tuple[int, Part], ...]], kind: Kind) -> float:
        """What a treatment saves at the dual prices (minor units)."""
        value = choice[0].value / SAVED
        for place, role in choice[1]:
            value -= self.accounts[place].cost(role, kind.price)
        return value

    def _note_rest(self) -> None:
        """What all later units save at most at the dual prices, with the accounts that are still untouched."""
        opened = [-1] * len(self.accounts)
        for number, stage in enumerate(self._stages):
            for place in {place for _, moves in stage.choices for place, _ in moves}:
                if opened[place] < 0:
                    opened[place] = number
        rest = 0.0
        stages: list[_Stage] = []
        later = [[0] * account.places for account in self.accounts]
        rates = {stage.kind: max(self._priced(c, stage.kind) for c in stage.choices) for stage, _ in self._by_kind}
        for number in range(len(self._stages) - 1, -1, -1):
            stage = self._stages[number]
            untouched = sum(
                a.worth(a.start, 0) for a, first in zip(self.accounts, opened, strict=True) if first > number
            )
            live = tuple(
                (place, price, tuple(later[place]))
                for place, price in enumerate(stage.next_prices)
                if price >= 0 and opened[place] <= number
            )
            stages.append(
                _Stage(
                    stage.kind, stage.choices, stage.settled, stage.ended, live=live, best_rest=rest + SAVED * untouched
                )
            )
            rest += SAVED * rates[stage.kind]
            for place, role in {(place, role[0]) for _, moves in stage.choices for place, role in moves}:
                later[place][role] += 1
        self._stages = stages[::-1]


def _alone(treatment: Treatment, rank: int, scale: int) -> int:
    """What one promotion saves in a treatment; in a group at one price the whole unit."""
    mine = [minor for promotion, minor in treatment.savings if promotion == rank]
    return sum(mine) * scale if mine else treatment.value // SAVED + 1 if treatment.multi == rank else 0
