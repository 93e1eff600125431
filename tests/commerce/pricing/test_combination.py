"""The best combination: never beaten by trying everything or by a greedy order, adding up, always the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aisle.bench.baskets import Recipe, basket, shop
from aisle.bench.pricing import BULK, LARGE, TANGLED, faults, small_case
from aisle.bench.pricing_oracle import Oracle, greedy
from aisle.commerce.pricing.basket import Basket
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store

seeds = st.integers(0, 10**9)


def large(seed: int, lines: int, recipe: Recipe = LARGE, most: int = 3) -> tuple[Store, Basket]:
    rng = Random(seed)
    store = shop(rng, recipe)
    return store, basket(rng, store, lines, most)


@settings(max_examples=250)
@given(seeds)
def test_the_savings_are_those_of_trying_everything(seed: int) -> None:
    case = small_case(seed)
    assume(case is not None)
    assert case is not None
    store, one, oracle = case
    priced = Till(store).price(one, hints=False)
    assert (priced.saved_minor, priced.optimal) == (oracle.best(), True)


@settings(max_examples=20)
@given(seeds)
def test_no_greedy_order_saves_more(seed: int) -> None:
    rng = Random(seed)
    store, one = large(seed, 6, replace(LARGE, rich=True, products=60, promotions=15))
    best = Till(store).price(one, hints=False).saved_minor
    oracle = Oracle(store, one)
    orders = [rng.sample(oracle.promotions, len(oracle.promotions)) for _ in range(50)]
    assert max(greedy(oracle, order) for order in orders) <= best


def wrongly_added(us: bool, count: int) -> list[PricedBasket]:
    rng = Random(count)
    store = shop(rng, Recipe(400, 50, 40, 40, us=us, spend=40))
    till = Till(store)
    priced = (till.price(basket(rng, store, rng.randint(1, 8)), hints=False) for _ in range(count))
    return [one for one in priced if faults(one)]


def test_a_thousand_baskets_add_up_under_sales_tax() -> None:
    assert wrongly_added(True, 1000) == []


def test_a_thousand_baskets_add_up_under_value_added_tax() -> None:
    assert wrongly_added(False, 1000) == []


def test_hints_are_true() -> None:
    """Taking what a hint asks for saves what it says."""
    rng = Random(5)
    store = shop(rng, Recipe(120, 12, 10, 40, spend=40))
    till = Till(store)
    told = []
    for _ in range(40):
        one = basket(rng, store, 6)
        before = till.price(one)
        for hint in before.hints:
            for gtin in hint.gtins:
                item = replace(one.items[0], line_id="more", gtin=gtin, quantity=1, weight_g=None, taken_at=one.at)
                after = till.price(replace(one, items=(*one.items, item)), hints=False)
                told.append((hint.saves_minor, after.saved_minor - before.saved_minor))
    assert len(told) > 10
    assert [pair for pair in told if pair[0] != pair[1]] == []


def test_the_same_basket_has_the_same_price() -> None:
    store, one = large(11, 40)
    assert Till(store).price(one) == Till(store).price(one)


def test_a_hundred_lines_of_overlapping_promotions_are_proven() -> None:
    store, one = large(3, 100)
    assert Till(store).price(one, hints=False).optimal


def test_what_could_not_be_proven_is_flagged_with_a_true_gap() -> None:
    store, one = large(4, 60, replace(TANGLED, products=200))
    found = Till(store, allowance=500).price(one, hints=False)
    better = Till(store, allowance=400_000).price(one, hints=False)
    assert not found.optimal
    assert found.saved_minor <= better.saved_minor <= found.saved_minor + found.gap_minor
    assert faults(found) == []


@settings(max_examples=6)
@given(seeds)
def test_no_greedy_order_saves_more_on_lines_of_many_units(seed: int) -> None:
    """With a tenth of the search, so that the floor must hold."""
    rng = Random(seed)
    store, one = large(seed, 3, BULK, 60)
    found = Till(store, allowance=8000).price(one, hints=False)
    oracle = Oracle(store, one)
    orders = [rng.sample(oracle.promotions, len(oracle.promotions)) for _ in range(5)]
    assert max(greedy(oracle, order) for order in orders) <= found.saved_minor
    assert faults(found) == []


def test_more_work_narrows_the_gap() -> None:
    store, one = large(1, 100, TANGLED)
    gaps = [Till(store, allowance=allowance).price(one, hints=False).gap_minor for allowance in (1, 10**4, 10**5)]
    assert gaps == sorted(gaps, reverse=True)
