"""The best price of a small basket by trying everything: what pricing is held against.

Written apart from `commerce.pricing` and from its words alone (docs/pricing.md): every way in which every unit can
serve in promotions is laid out and reckoned. Slow on purpose; meant for half a dozen units.
"""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from aisle.commerce.pricing.basket import Basket
from aisle.store.model import Product, Store
from aisle.store.offers import (
    AmountOff,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Percent,
    Promotion,
    Threshold,
)

_MULTI = (CountForPrice, BuyGet, Bundle)
Service = tuple[Promotion, str]  # a promotion and what a unit does in it: "use", "buy", "get" or "part 0"
Served = tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, or one weighed line: its price before promotions and the promotions that run for it."""

    product: Product
    price: int
    grams: int | None
    promotions: tuple[Promotion, ...]

    def meant(self, goods: Goods) -> bool:
        product = self.product
        named = product.gtin in goods.gtins or product.category in goods.categories or product.brand in goods.brands
        everything = not (goods.gtins or goods.categories or goods.brands)
        out = product.gtin in goods.without or product.category in goods.without_categories
        return (named or everything) and not out


def units_of(store: Store, basket: Basket) -> list[Unit]:
    """The units of a basket without dated prices or labels."""
    zone = zoneinfo.ZoneInfo(store.time_zone)
    out = []
    for item in basket.items:
        product = store.products[item.gtin]
        running = []
        for promotion in store.promotions:
            moments = [basket.at] if isinstance(promotion.benefit, Threshold) else [basket.at, item.taken_at]
            if (promotion.members and not basket.member) or (promotion.coupon or "") not in {"", *basket.coupons}:
                continue
            if any(_runs(promotion, moment.astimezone(zone)) for moment in moments):
                running.append(promotion)
        price = product.price_minor
        if product.sold_by_weight:
            price = _round(Decimal(price * (item.weight_g or 0)) / 1000)
        grams = item.weight_g if product.sold_by_weight else None
        out += [Unit(product, price, grams, tuple(running))] * item.quantity
    return out


def _runs(promotion: Promotion, local: dt.datetime) -> bool:
    if promotion.starts and local.date() < promotion.starts:
        return False
    if promotion.ends and local.date() > promotion.ends:
        return False
    fits = [
        (not w.days or local.weekday() in w.days)
        and (w.opens is None or w.opens <= local.time())
        and (w.closes is None or local.time() < w.closes)
        for w in promotion.windows
    ]
    return not fits or any(fits)


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def combine(one: Promotion, other: Promotion) -> bool:
    """Whether each names the group of the other."""
    named = one.group != "" and other.group != ""
    return named and one.group in other.combines and other.group in one.combines


class Oracle:
    """Every price a basket can have."""

    def __init__(self, store: Store, basket: Basket) -> None:
        self.units = units_of(store, basket)
        self.remaining = basket.remaining
        self.promotions = sorted(
            {p.promotion_id: p for unit in self.units for p in unit.promotions}.values(), key=lambda p: p.promotion_id
        )

    def best(self) -> int:
        """The largest saving there is."""
        alone = [p for p in self.promotions if p.exclusive]
        together = [p for p in self.promotions if not p.exclusive]
        return max(self._best_of(allowed) for allowed in [together, *([p] for p in alone)])

    def ways(self, unit: Unit, allowed: Sequence[Promotion]) -> list[Served]:
        """Everything a unit can serve in."""
        services: list[Service] = []
        for promotion in allowed:
            if promotion in unit.promotions:
                services += [(promotion, what) for what in self.parts(promotion, unit)]
        out: list[Served] = []
        for size in range(len(services) + 1):
            for chosen in itertools.combinations(services, size):
                pairs = itertools.combinations([promotion for promotion, _ in chosen], 2)
                multis = sum(isinstance(p.benefit, _MULTI) for p, _ in chosen)
                if multis <= 1 and all(combine(a, b) for a, b in pairs):
                    out.append(chosen)
        return out

    def parts(self, promotion: Promotion, unit: Unit) -> Iterator[str]:
        """What a unit could do in a promotion."""
        benefit = promotion.benefit
        weighed = unit.grams is not None
        if isinstance(benefit, Percent | AmountOff) and unit.meant(promotion.goods):
            yield "use"
        elif isinstance(benefit, FixedPrice) and unit.meant(promotion.goods):
            if (unit.grams or 0) >= benefit.from_g:
                yield "use"
        elif isinstance(benefit, CountForPrice) and unit.meant(promotion.goods) and not weighed:
            yield "part 0"
        elif isinstance(benefit, Bundle) and not weighed:
            yield from (f"part {place}" for place, part in enumerate(benefit.parts) if unit.meant(part.goods))
        elif isinstance(benefit, BuyGet) and not weighed:
            if unit.meant(promotion.goods):
                yield "buy"
            if unit.meant(benefit.get_goods or promotion.goods):
                yield "get"

    def _best_of(self, allowed: Sequence[Promotion]) -> int:
        lines = [p for p in allowed if not isinstance(p.benefit, Threshold)]
        orders = [p for p in allowed if isinstance(p.benefit, Threshold) and self.limit(p) > 0]
        sets = [chosen for n in range(len(orders) + 1) for chosen in itertools.combinations(orders, n)]
        sets = [chosen for chosen in sets if all(combine(a, b) for a, b in itertools.combinations(chosen, 2))]
        best = 0
        for served in itertools.product(*(self.ways(unit, lines) for unit in self.units)):
            best = max(best, *(self.saving(served, chosen) for chosen in sets), 0)
        return best

    def saving(self, served: Sequence[Served], orders: Sequence[Promotion]) -> int:
        """What this way saves; -1 when it is not allowed."""
        by_promotion: dict[str, tuple[Promotion, list[tuple[Unit, str]]]] = {}
        for unit, services in zip(self.units, served, strict=True):
            for promotion, what in services:
                by_promotion.setdefault(promotion.promotion_id, (promotion, []))[1].append((unit, what))
        if not all(self._allowed(promotion, members) for promotion, members in by_promotion.values()):
            return -1
        total, kept = 0, []
        for unit, services in zip(self.units, served, strict=True):
            saved, shop = _on_unit(unit, services)
            total += saved
            kept.append(shop)
        for promotion, members in by_promotion.values():
            total += _group_saving(promotion, members)
        off = self._off_order(served, kept, by_promotion, orders)
        return -1 if off < 0 else total + off

    def limit(self, promotion: Promotion) -> int:
        """How often a promotion may be applied."""
        limits = promotion.limits
        known = self.remaining.get(promotion.promotion_id)
        others = [known] if known is not None else [limits.customer, limits.campaign]
        return min([bound for bound in [limits.visit, *others] if bound is not None], default=10**9)

    def _allowed(self, promotion: Promotion, members: Sequence[tuple[Unit, str]]) -> bool:
        benefit, limit = promotion.benefit, self.limit(promotion)
        prices = [unit.price for unit, _ in members]
        if isinstance(benefit, CountForPrice):
            groups, rest = divmod(len(members), benefit.count)
            return rest == 0 and groups <= limit and sum(prices) >= groups * benefit.minor
        if isinstance(benefit, Bundle):
            have = [sum(what == f"part {place}" for _, what in members) for place in range(len(benefit.parts))]
            groups = have[0] // benefit.parts[0].count
            whole = all(n == groups * part.count for n, part in zip(have, benefit.parts, strict=True))
            return whole and groups <= limit and sum(prices) >= groups * benefit.minor
        if isinstance(benefit, BuyGet):
            bought = sorted((unit.price for unit, what in members if what == "buy"), reverse=True)
            reduced = sorted((unit.price for unit, what in members if what == "get"), reverse=True)
            for number, price in enumerate(reduced):
                last = (number // benefit.get + 1) * benefit.buy - 1
                if last >= len(bought) or (benefit.get_goods is None and bought[last] < price):
                    return False
            return -(-len(reduced) // benefit.get) <= limit
        return len(members) <= limit

    def _off_order(
        self,
        served: Sequence[Served],
        kept: Sequence[int],
        by_promotion: dict[str, tuple[Promotion, list[tuple[Unit, str]]]],
        orders: Sequence[Promotion],
    ) -> int:
        offs, bases = [], []
        for order in orders:
            terms = order.benefit
            assert isinstance(terms, Threshold)
            base = sum(
                shop for unit, shop in zip(self.units, kept, strict=True)
                if order in unit.promotions and unit.meant(order.goods)
            )  # fmt: skip
            base += sum(self._group_base(order, p, members) for p, members in by_promotion.values())
            off = min(terms.minor, base) if terms.minor is not None else _round(base * (terms.share or Decimal(0)))
            if base < terms.spend_minor:
                return -1
            offs.append(off)
            bases.append(base)
        shares = sum(o.benefit.share or Decimal(0) for o in orders if isinstance(o.benefit, Threshold))
        if len(offs) > 1 and (sum(offs) > min(bases) or shares > 1):
            return -1
        return sum(offs)

    def _group_base(self, order: Promotion, promotion: Promotion, members: Sequence[tuple[Unit, str]]) -> int:
        """What the group prices of a promotion add to a base; reductions on its units are in `kept` already."""
        benefit = promotion.benefit
        if not isinstance(benefit, CountForPrice | Bundle):
            return 0
        size = _size(benefit)
        inside = [order in unit.promotions and unit.meant(order.goods) for unit, _ in members]
        if promotion.issuer == "manufacturer":
            return sum(unit.price for (unit, _), here in zip(members, inside, strict=True) if here)
        meant = [
            order in unit.promotions and unit.meant(order.goods)
            for unit in self.units
            if promotion in unit.promotions and any(self.parts(promotion, unit))
        ]
        if all(meant):
            return len(members) // size * benefit.minor
        even = [min(unit.price, benefit.minor // size) for unit, _ in members]
        return sum(share for share, here in zip(even, inside, strict=True) if here)


_TURNS: dict[type, int] = {FixedPrice: 0, AmountOff: 1, BuyGet: 2, Percent: 3}


def _turn(service: Service) -> tuple[int, int, str]:
    promotion = service[0]
    kind = _TURNS[type(promotion.benefit)]
    if isinstance(promotion.benefit, BuyGet):
        return (2, 0, "")
    if promotion.issuer == "manufacturer":
        return (5, kind, promotion.promotion_id)
    return (4, kind, promotion.promotion_id) if promotion.coupon else (kind, 0, promotion.promotion_id)


def _on_unit(unit: Unit, services: Served) -> tuple[int, int]:
    """(what comes off the unit by itself, what the shop still asks for it); a group's price comes on top of that."""
    group = [p.benefit for p, _ in services if isinstance(p.benefit, CountForPrice | Bundle)]
    left = min([unit.price, *(terms.minor // _size(terms) for terms in group)])
    saved = shop = 0
    single = [s for s in services if not isinstance(s[0].benefit, CountForPrice | Bundle) and s[1] != "buy"]
    for promotion, _ in sorted(single, key=_turn):
        benefit = promotion.benefit
        per = Decimal(unit.grams) / 1000 if unit.grams is not None else Decimal(1)
        match benefit:
            case Percent(share=share) | BuyGet(share=share):
                off = _round(left * share)
            case AmountOff(minor=minor):
                off = min(left, _round(minor * per))
            case FixedPrice(minor=minor):
                off = max(0, left - _round(minor * per))
            case _:
                off = 0
        left -= off
        saved += off
        shop += 0 if promotion.issuer == "manufacturer" else off
    return saved, (0 if group else unit.price) - shop


def _size(terms: CountForPrice | Bundle) -> int:
    return terms.count if isinstance(terms, CountForPrice) else sum(part.count for part in terms.parts)


def _group_saving(promotion: Promotion, members: Sequence[tuple[Unit, str]]) -> int:
    benefit = promotion.benefit
    if not isinstance(benefit, CountForPrice | Bundle):
        return 0
    return sum(unit.price for unit, _ in members) - len(members) // _size(benefit) * benefit.minor


def greedy(oracle: Oracle, order: Sequence[Promotion]) -> int:
    """What a till saves that applies promotions one after another, each as often as it can, dearest units first."""
    served: list[Served] = [() for _ in oracle.units]
    orders: list[Promotion] = []
    saved = 0
    for promotion in order:
        if promotion.exclusive:
            continue
        if isinstance(promotion.benefit, Threshold):
            tried, after = [*orders, promotion], -1
            if oracle.limit(promotion) > 0 and all(combine(promotion, other) for other in orders):
                after = oracle.saving(served, tried)
            if after > saved:
                orders, saved = tried, after
            continue
        while (more := _applied(oracle, promotion, served)) is not None:
            after = oracle.saving(more, orders)
            if after <= saved:
                break
            served, saved = more, after
    return saved


def _applied(oracle: Oracle, promotion: Promotion, served: Sequence[Served]) -> list[Served] | None:
    """One more application of a promotion to units that are free for it; None when there are too few."""
    dear = sorted(range(len(oracle.units)), key=lambda place: -oracle.units[place].price)
    free = {place: set(oracle.parts(promotion, oracle.units[place])) for place in dear}
    multi = isinstance(promotion.benefit, _MULTI)
    for place in dear:
        others = [other for other, _ in served[place]]
        busy = multi and any(isinstance(other.benefit, _MULTI) for other in others)
        if busy or not all(combine(promotion, other) for other in others) or promotion in others:
            free[place] = set()
    more = list(served)
    for what, count in _needs(promotion):
        chosen = [place for place in dear if what in free[place]][:count]
        if len(chosen) < count or promotion not in oracle.units[chosen[0]].promotions:
            return None
        for place in chosen:
            more[place] = (*more[place], (promotion, what))
            free[place] = set()
    return more


def _needs(promotion: Promotion) -> list[tuple[str, int]]:
    """The units of one application, in the order in which they are looked for."""
    match promotion.benefit:
        case CountForPrice(count=count):
            return [("part 0", count)]
        case Bundle(parts=parts):
            return [(f"part {place}", part.count) for place, part in enumerate(parts)]
        case BuyGet(buy=buy, get=get):
            return [("buy", buy), ("get", get)]
        case _:
            return [("use", 1)]
