"""The rows of `aisle bench commerce` about pricing: how fast, how exact, how much better than taking offers in turn.

Random shops, promotions and baskets; only the processor time of `Till.price` counts. The oracle tries everything and
shares no code with what it judges.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from aisle.bench.baskets import Recipe, basket, shop
from aisle.bench.claims import Row, judged
from aisle.bench.pricing_oracle import Oracle, greedy
from aisle.commerce.pricing.basket import Basket
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store

P99_MS = 10.0
LARGE_MS = 50.0
SMALL = Recipe(products=5, categories=2, brands=2, promotions=5, spread=3, spend=4)
LARGE = Recipe(products=300, categories=25, brands=25, promotions=30, spread=4, spend=150, rich=False)
TANGLED = replace(LARGE, spread=8)
BULK = Recipe(products=12, categories=3, brands=3, promotions=12, spend=200)
TYPICAL = Recipe(spend=40)
DENSE = replace(TYPICAL, products=2000, categories=120, brands=80)
MOST_WAYS = 50_000  # of a small basket, so that trying everything takes less than a second


@dataclass(frozen=True, slots=True)
class PricingLoad:
    """How much is measured: baskets for speed, large ones, for the oracle, for the sums; random orders per basket."""

    timed: int = 1000
    large: int = 40
    enumerated: int = 3000
    summed: int = 100_000
    orders: int = 10_000
    seed: int = 1


def judge_pricing(load: PricingLoad, tell: Callable[[float], None]) -> list[Row]:
    """All rows; `tell` hears how far it is (0 to 1)."""
    rows = [
        *_speed_rows("500 promotions, 30 lines", TYPICAL, load, reach=P99_MS),
        *_speed_rows("500 promotions, four on every product, 30 lines", DENSE, replace(load, timed=load.timed // 5)),
    ]
    tell(0.2)
    rows += _large_rows("30 overlapping promotions, 100 lines", LARGE, load, reach=0.5)
    rows += _large_rows("30 promotions, most of them tangled, 100 lines", TANGLED, load)
    tell(0.3)
    rows += _large_rows("12 overlapping promotions, 8 lines of up to 99", BULK, load, lines=8, most=99)
    rows += [*_oracle_rows(load), *_greedy_rows(load)]
    tell(0.6)
    rows.append(_sums_row(load, tell))
    tell(1.0)
    return rows


def _speed_rows(on: str, recipe: Recipe, load: PricingLoad, *, reach: float | None = None) -> list[Row]:
    rng = Random(load.seed)
    store = shop(rng, recipe)
    till = Till(store)
    baskets = [basket(rng, store, 30) for _ in range(load.timed)]
    rows = []
    gc.collect()
    gc.freeze()  # as a served shop does with what it has loaded
    for hints, name in ((True, "pricing with hints, p99"), (False, "pricing without hints, p99")):
        spent = sorted(_timed(till, one, hints)[1] for one in baskets)
        rows.append(judged(name, on, _p99(spent), reach=reach, side="most", unit="ms", counted=len(spent)))
    return rows


def _timed(till: Till, one: Basket, hints: bool) -> tuple[PricedBasket, float]:
    before = time.process_time()
    priced = till.price(one, hints=hints)
    return priced, 1e3 * (time.process_time() - before)


def _p99(ordered: Sequence[float]) -> float:
    return ordered[math.ceil(0.99 * len(ordered)) - 1]


def _large_rows(
    on: str, recipe: Recipe, load: PricingLoad, *, reach: float | None = None, lines: int = 100, most: int = 3
) -> list[Row]:
    """Large baskets under promotions that overlap: a new shop for every basket."""
    runs = []
    for seed in range(load.large):
        rng = Random(load.seed * 1000 + seed)
        store = shop(rng, recipe)
        runs.append(_timed(Till(store), basket(rng, store, lines, most), False))
    median = sorted(ms for _, ms in runs)[len(runs) // 2]
    proven = sum(priced.optimal for priced, _ in runs)
    both = sum(priced.optimal and ms <= LARGE_MS for priced, ms in runs)
    slowest = max((ms for priced, ms in runs if not priced.optimal), default=0.0)
    gaps = [priced.gap_minor / max(1, priced.saved_minor) for priced, _ in runs if not priced.optimal]
    return [
        judged("median time", on, median, reach=LARGE_MS if reach else None, side="most", unit="ms", counted=len(runs)),
        judged("proven optimal", on, proven / len(runs), counted=len(runs)),
        judged("proven optimal within 50 ms", on, both / len(runs), reach=reach, counted=len(runs)),
        judged("proven gap of the others, mean share of the savings", on, sum(gaps) / max(1, len(gaps)), side="most"),
        judged("longest of the others", on, slowest, side="most", unit="ms", counted=len(gaps)),
    ]


def small_case(seed: int) -> tuple[Store, Basket, Oracle] | None:
    """A basket that can be enumerated, with promotions of every kind; None when it came out too large."""
    rng = Random(seed)
    dearest = rng.choice((60, 300, 1000))
    recipe = replace(SMALL, promotions=rng.randint(1, 5), us=seed % 2 == 0, dearest=dearest)
    store = shop(rng, recipe)
    one = basket(rng, store, rng.randint(1, 4), 2)
    oracle = Oracle(store, one)
    ways = math.prod(len(oracle.ways(unit, oracle.promotions)) for unit in oracle.units)
    return (store, one, oracle) if ways <= MOST_WAYS and len(oracle.units) <= 6 else None


def _oracle_rows(load: PricingLoad) -> list[Row]:
    same = counted = 0
    for seed in range(load.enumerated):
        case = small_case(seed)
        if case is not None:
            store, one, oracle = case
            priced = Till(store).price(one, hints=False)
            counted += 1
            same += priced.optimal and priced.saved_minor == oracle.best()
    return [judged("same savings as trying everything", "small baskets", same / counted, reach=1.0, counted=counted)]


def _greedy_rows(load: PricingLoad) -> list[Row]:
    """Random orders of taking offers one after another, spread over twenty baskets."""
    rows = []
    few, many = replace(LARGE, rich=True, products=60), BULK
    for on, recipe, lines, most, orders in (
        ("12 lines", few, 12, 3, load.orders),
        ("3 lines of up to 60", many, 3, 60, load.orders // 20),
    ):
        worse = counted = 0
        for seed in range(20):
            rng = Random(load.seed * 7919 + seed)
            store = shop(rng, recipe)
            one = basket(rng, store, lines, most)
            best = Till(store).price(one, hints=False)
            oracle = Oracle(store, one)
            for _ in range(orders // 20):
                order = rng.sample(oracle.promotions, len(oracle.promotions))
                counted += 1
                worse += greedy(oracle, order) > best.saved_minor
        rows.append(judged("baskets worse than a greedy order", on, worse, reach=0, side="most", counted=counted))
    return rows


def _sums_row(load: PricingLoad, tell: Callable[[float], None]) -> Row:
    """Random baskets in shops of both tax systems whose parts do not add up."""
    wrong = 0
    per_shop = 500
    for number in range(0, load.summed, per_shop):
        rng = Random(load.seed * 104_729 + number)
        products = rng.choice((100, 300, 1000))
        recipe = Recipe(products, products // 8, products // 10, 40, us=number // per_shop % 2 == 0, spend=40)
        store = shop(rng, recipe)
        till = Till(store)
        for _ in range(min(per_shop, load.summed - number)):
            one = basket(rng, store, rng.randint(1, 12))
            wrong += bool(faults(till.price(one, hints=False)))
        tell(0.6 + 0.4 * number / load.summed)
    return judged("baskets whose parts do not add up", "US and EU", wrong, reach=0, side="most", counted=load.summed)


def faults(priced: PricedBasket) -> list[str]:
    """What does not add up in a priced basket; nothing when all is right."""
    lines = priced.lines
    tax = sum(line.tax_minor + line.deposit_tax_minor for line in lines)
    total = sum(line.paid_minor + line.deposit_minor for line in lines) - priced.tender_minor
    tenders = [coupon.minor for line in lines for coupon in line.tenders]
    savings = [saving.minor for line in lines for saving in line.savings]
    checks = {
        "lines, deposits and tax are the total": total + (0 if priced.tax_included else tax) == priced.total_minor,
        "taxes of the lines are the tax": tax == priced.tax_minor == sum(one.tax_minor for one in priced.taxes),
        "deposits of the lines are the deposits": sum(n.deposit_minor for n in lines) == priced.deposits_minor,
        "savings explain each line": all(
            line.regular_minor - sum(saving.minor for saving in line.savings) == line.paid_minor for line in lines
        ),
        "no line is negative": all(line.paid_minor >= sum(c.minor for c in line.tenders) for line in lines),
        "savings are positive": all(minor > 0 for minor in (*savings, *tenders)),
        "tenders are the tender": sum(tenders) == priced.tender_minor,
        "savings are all that is saved": sum(savings) + sum(tenders) == priced.saved_minor,
    }
    return [name for name, right in checks.items() if not right]
