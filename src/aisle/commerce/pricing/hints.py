"""What one more item, or a little more spent, would save: only what is true, because it was priced.

Every hint is an experiment: the basket with one more unit of something already in it (or of the goods a buy-get gives)
is combined afresh, and the difference told. Components the unit does not touch are remembered, so an experiment costs
little; only promotions one step short are tried, and only so many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aisle.commerce.pricing.allotment import Allotted, Lot
from aisle.commerce.pricing.choice import Combination
from aisle.commerce.pricing.combination import Combiner
from aisle.commerce.pricing.priced import Hint
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.treatments import Kind
from aisle.store.offers import Bundle, BuyGet, CountForPrice, Threshold

MOST_EXPERIMENTS = 3
MOST_UNMET = 1
MOST_HINTS = 3


@dataclass(frozen=True, slots=True)
class Adviser:
    """Finds the hints of a basket that has been combined.

    `kind_of` says what one unit of a product that is not in the basket would be, None when it has no price.
    """

    running: Running
    combiner: Combiner
    counts: Mapping[Kind, int]
    combination: Combination
    allotted: Allotted
    kind_of: Callable[[str], Kind | None]

    def hints(self, lots: Sequence[Lot], gtins: Sequence[str]) -> tuple[Hint, ...]:
        """Up to three hints, those that save most first; `gtins` runs beside `lots`."""
        by_kind: dict[Kind, list[str]] = {}
        for lot, gtin in zip(lots, gtins, strict=True):
            if lot.kind.grams < 0 and gtin not in by_kind.setdefault(lot.kind, []):
                by_kind[lot.kind].append(gtin)
        found = []
        for rank, kind, named in self._one_short()[:MOST_EXPERIMENTS]:
            found.append(self._one_more(rank, kind, by_kind.get(kind) or [named]))
        for rank in self._unmet()[:MOST_UNMET]:
            found.append(self._spend_more(rank, lots))
        true = [hint for hint in found if hint is not None]
        return tuple(sorted(true, key=lambda hint: (-hint.saves_minor, hint.promotion_id))[:MOST_HINTS])

    def _one_short(self) -> list[tuple[int, Kind, str]]:
        """(promotion, kind to add, a product of it) where units serving in no multi-buy are one short of a group."""
        idle: dict[int, dict[int, int]] = {}
        kinds: dict[int, dict[int, Kind]] = {}
        serving = self._serving()
        for kind, count in sorted(self.counts.items(), reverse=True):
            if kind.grams >= 0:
                continue
            free = count - serving.get(self.combination.kind_of(kind), 0)
            for rank, place in kind.roles:
                if self.running.multi[rank]:
                    here = idle.setdefault(rank, {})
                    here[place] = here.get(place, 0) + max(0, free)
                    kinds.setdefault(rank, {})[place] = kind  # the cheapest last
        out = []
        for rank in sorted(idle):
            missing = self._missing(rank, idle[rank])
            if missing is None:
                continue
            if missing in kinds[rank]:
                out.append((rank, kinds[rank][missing], ""))
                continue
            for gtin in sorted(self.running.goods(rank, missing).gtins)[:1]:
                one = self.kind_of(gtin)
                if one is not None and (rank, missing) in one.roles:
                    out.append((rank, one, gtin))
        return out

    def _serving(self) -> dict[Kind, int]:
        return {
            kind: sum(treatment.multi >= 0 for treatment in chosen) for kind, chosen in self.combination.choice.items()
        }

    def _missing(self, rank: int, idle: Mapping[int, int]) -> int | None:
        """The place of which exactly one more unit is missing to another group."""
        if self.combiner.limits.get(rank, self.allotted.uses.get(rank, 0) + 1) <= self.allotted.uses.get(rank, 0):
            return None
        match self.running.promotions[rank].benefit:
            case CountForPrice(count=count):
                return 0 if idle.get(0, 0) % count == count - 1 else None
            case BuyGet(buy=buy, get=get, get_goods=None):
                return 0 if buy <= idle.get(0, 0) % (buy + get) < buy + get else None
            case BuyGet(buy=buy):
                return 1 if idle.get(0, 0) >= buy and idle.get(1, 0) == 0 else None
            case Bundle(parts=parts):
                short = [(place, part.count - idle.get(place, 0)) for place, part in enumerate(parts)]
                missing = [(place, lack) for place, lack in short if lack > 0]
                return missing[0][0] if len(missing) == 1 and missing[0][1] == 1 else None
            case _:
                return None

    def _one_more(self, rank: int, kind: Kind, gtins: Sequence[str]) -> Hint | None:
        more = dict(self.counts)
        more[kind] = more.get(kind, 0) + 1
        found = self.combiner.best(more)
        if not self._gains(found, rank):
            return None
        saves = found.saved_minor - self.combination.saved_minor
        return self._hint(rank, 1, tuple(gtins), saves, free=saves >= kind.price)

    def _gains(self, found: Combination, rank: int) -> bool:
        """Whether more units are reduced by the promotion, and more is saved."""
        if found.saved_minor <= self.combination.saved_minor:
            return False
        return self._served(found, rank) > self._served(self.combination, rank)

    def _unmet(self) -> list[int]:
        """Thresholds that touch the basket and are not applied yet."""
        applied = {rank for rank, _ in self.combination.thresholds}
        ranks = sorted({rank for kind in self.counts for rank, _ in kind.roles if self.running.threshold[rank]})
        return [rank for rank in ranks if rank not in applied and self.combiner.limits.get(rank, 1) > 0]

    def _spend_more(self, rank: int, lots: Sequence[Lot]) -> Hint | None:
        terms = self.running.promotions[rank].benefit
        assert isinstance(terms, Threshold)
        on_lines = [
            not threshold and not maker
            for threshold, maker in zip(self.running.threshold, self.running.makers, strict=True)
        ]
        base = sum(
            lot.kind.price * lot.count - self.allotted.saved(line, on_lines)
            for line, lot in enumerate(lots)
            if (rank, 0) in lot.kind.roles
        )
        lack = terms.spend_minor - base
        if not 0 < lack <= max(terms.minor or 0, terms.spend_minor // 5):
            return None
        filler = Kind(lack, ((rank, 0),))
        found = self.combiner.best({**self.counts, filler: self.counts.get(filler, 0) + 1})
        saves = found.saved_minor - self.combination.saved_minor
        if saves <= 0 or rank not in {applied for applied, _ in found.thresholds}:
            return None
        return self._hint(rank, 0, (), saves, spend=lack)

    def _hint(
        self, rank: int, more: int, gtins: tuple[str, ...], saves: int, *, free: bool = False, spend: int = 0
    ) -> Hint:
        promotion = self.running.promotions[rank]
        return Hint(promotion.promotion_id, promotion.name, more, gtins, saves, free, spend)

    def _served(self, combination: Combination, rank: int) -> int:
        """How many units a promotion reduces."""
        rewards = isinstance(self.running.promotions[rank].benefit, BuyGet)
        return sum(
            treatment.multi == rank and (treatment.role == 1 or not rewards)
            for chosen in combination.choice.values()
            for treatment in chosen
        )
