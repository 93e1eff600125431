"""Who has what after small scenes, and what must hold after any scene."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.belief.engine import BeliefEngine, BeliefSettings
from aisle.belief.snapshot import snapshot
from aisle.scales.change import Episode
from aisle.store.model import Facing, Product, Shelf, Store
from aisle.store.shelving import even_edges
from belief.shop_kit import GRAMS, PLACE, Shop, plateaus, shares, small_shop
from belief.simulated import Item, feed, recorded, stream

HANDS = pytest.mark.parametrize("hands", [pytest.param(True, id="hands"), pytest.param(False, id="heads only")])


# ------------------------------------------------------------------ one shopper
@HANDS
@pytest.mark.parametrize("cells", [pytest.param(False, id="plates"), pytest.param(True, id="one cell a shelf")])
@pytest.mark.parametrize("gtin", ["soap", "rice", "honey", "tea", "jam", "oil", "wine", "salt"])
def test_what_is_taken_is_billed(gtin: str, cells: bool, hands: bool) -> None:
    shop = Shop(small_shop(cells=cells), hands=hands)
    shop.takes("anna", gtin)
    assert shop.basket("anna") == (gtin,)
    assert shop.sure("anna") > 0.9


@HANDS
def test_what_is_put_back_is_not_billed(hands: bool) -> None:
    shop = Shop(hands=hands)
    shop.takes("anna", "soap")
    shop.takes("anna", "honey")
    shop.puts("anna", "soap")
    assert shop.basket("anna") == ("honey",)
    assert shop.sure("anna") > 0.9


@HANDS
@pytest.mark.parametrize("count", [2, 3])
def test_several_units_in_one_movement(count: int, hands: bool) -> None:
    shop = Shop(hands=hands)
    shop.takes("anna", "jam", count)
    shop.engine.settle(shop.engine.events[-1].t1_ns + 60 * 10**9)  # no hand rested there: nobody came back
    assert shop.basket("anna") == ("jam",) * count


def test_two_products_in_one_movement() -> None:
    shop = Shop()
    shop.stand("anna", "soap")
    shop.watch(3.0)
    shelf = shop.store.shelves[0]
    hand = {"anna": shelf.world(0.2, 0.1, 0.1)}
    t_ns = shop.t_ns
    shop.watch(0.6, hand)
    shop.watch(2.9)
    shop.engine.explain(shop.episode("soap", ("soap", -GRAMS["soap"]), ("rice", -GRAMS["rice"]), t_ns=t_ns))
    assert shop.basket("anna") == ("rice", "soap")


def test_two_takes_on_one_chain_of_plateaus() -> None:
    shop = Shop()
    shop.stand("anna", "jam")
    shop.watch(3.0)
    hand = {"anna": shop.store.shelves[1].world(0.75, 0.1, 0.1)}
    t_ns = shop.t_ns
    shop.watch(5.0, hand)
    shop.watch(2.0)
    shop.engine.explain(shop.episode("jam", ("jam", -2 * GRAMS["jam"]), steps=2, t_ns=t_ns))
    assert shop.basket("anna") == ("jam", "jam")


@HANDS
def test_a_misplaced_item_is_billed_to_whoever_takes_it_next(hands: bool) -> None:
    shop = Shop(hands=hands)
    shop.takes("anna", "honey")
    shop.puts("anna", "honey", at="oil")
    assert shop.basket("anna") == ()
    shop.takes("bob", "honey", at="oil")
    assert (shop.basket("anna"), shop.basket("bob")) == ((), ("honey",))
    assert min(shop.sure("anna"), shop.sure("bob")) > 0.9


def test_weight_outvotes_a_wrong_planogram() -> None:
    shop = Shop()
    for who in ("anna", "bob"):
        shop.act(who, "salt", -GRAMS["honey"])
    assert shop.basket("bob") == ("honey",)


def test_something_the_shop_does_not_know_is_not_billed() -> None:
    shop = Shop()
    shop.act("anna", "soap", -205.0)
    assert shop.basket("anna") == ()


@pytest.mark.parametrize(
    ("grams", "why"),
    [pytest.param(2.0, "settling", id="a shelf settles"), pytest.param(-2.5, "settling", id="a shelf lifts a little")],
)
def test_nothing_happened_is_an_explanation(grams: float, why: str) -> None:
    shop = Shop()
    shop.act("anna", "soap", grams)
    assert shop.basket("anna") == (), why
    assert shop.sure("anna") > 0.99


# ---------------------------------------------------------- who, and who else
def test_a_hand_at_the_place_beats_a_bystander() -> None:
    shop = Shop()
    shop.stand("bob", "soap", 0.35)
    shop.takes("anna", "soap")
    assert (shop.basket("anna"), shop.basket("bob")) == (("soap",), ())
    assert shop.sure("anna") > 0.95


def test_heads_tell_the_near_from_the_far() -> None:
    shop = Shop(hands=False)
    shop.stand("bob", "honey", 0.3)
    shop.takes("anna", "soap")
    assert shop.basket("anna") == ("soap",)


def test_heads_side_by_side_leave_doubt() -> None:
    shop = Shop(hands=False)
    shop.stand("bob", "soap", 0.15)
    shop.act(None, "soap", 0.0, tell=False)
    shop.where["anna"] = (PLACE["soap"][2] - 0.15, shop.where["bob"][1])
    shop.watch(6.0)
    t_ns = shop.t_ns
    shop.watch(3.0)
    shop.engine.explain(shop.episode("soap", ("soap", -GRAMS["soap"]), t_ns=t_ns))
    assert 0.2 < dict(shop.engine.posterior("anna").baskets)[("soap",)] < 0.8
    assert 0.2 < dict(shop.engine.posterior("bob").baskets)[("soap",)] < 0.8


def test_nobody_seen_is_nobody_billed() -> None:
    shop = Shop()
    shop.stand("bob", "wine")
    shop.act(None, "soap", -GRAMS["soap"])
    assert shop.basket("bob") == ()
    assert shop.sure("bob") > 0.95


def test_staff_restock_and_removal_bill_nobody() -> None:
    shop = Shop(small_shop(staff=frozenset({"sue"})))
    shop.stand("anna", "wine")
    shop.act("sue", "jam", GRAMS["jam"])
    shop.act("sue", "jam", 2 * GRAMS["jam"])
    shop.takes("sue", "soap")
    assert (shop.basket("anna"), shop.basket("sue")) == ((), ())


def test_staff_restock_while_a_shopper_takes_from_the_same_load_cell() -> None:
    """Honey comes while soap goes: the cell shows the difference, two hands show the rest."""
    shop = Shop(small_shop(cells=True, staff=frozenset({"sam"})))
    shop.stand("anna", "soap")
    shop.stand("sam", "honey")
    shop.watch(2.5)
    board = shop.store.shelves[0]
    reaching = {"anna": board.world(0.1, 0.1, 0.05), "sam": board.world(0.9, 0.1, 0.05)}
    t_ns = shop.t_ns
    shop.watch(0.8, reaching)
    shop.watch(3.0)
    shop.engine.explain(shop.episode("soap", ("soap", -GRAMS["soap"]), ("honey", GRAMS["honey"]), t_ns=t_ns))
    assert shop.basket("anna") == ("soap",)


@pytest.mark.parametrize(
    ("grams", "basket"), [pytest.param(-130.0, ("tea",), id="gone"), pytest.param(-12.0, (), id="still there")]
)
def test_a_hand_without_a_noticed_change_may_have_taken_something(grams: float, basket: tuple[str, ...]) -> None:
    shop = Shop(small_shop(cells=True))
    shop.stand("anna", "tea")
    shop.watch(2.5)
    t_ns = shop.t_ns
    shop.watch(0.8, {"anna": shop.store.shelf_at[1, 2].world(0.25, 0.1, 0.05)})
    shop.watch(3.0)
    e = shop.episode("tea", ("tea", grams), t_ns=t_ns)
    noisy = tuple(replace(p, head_var=p.head_var + 1500.0, tail_var=p.tail_var + 1500.0) for p in e.plateaus)
    shop.engine.explain(replace(e, plateaus=noisy, asked=True))
    assert shop.basket("anna") == basket
    assert 0.5 < shop.sure("anna") < 0.999


def test_what_staff_restocked_is_billed_when_taken() -> None:
    shop = Shop(small_shop(staff=frozenset({"sue"})))
    shop.act("sue", "jam", GRAMS["jam"])
    shop.stand("sue", "wine")
    shop.takes("anna", "jam")
    assert shop.basket("anna") == ("jam",)


# ---------------------------------------------------------------- doubt, kept
def test_equal_weights_keep_hypotheses_alive_until_told_apart() -> None:
    """Beans and corn weigh the same; both held, one is put on a third shelf: which one, only the next act can tell."""
    shop = Shop()
    shop.takes("anna", "beans")
    shop.takes("anna", "corn")
    shop.puts("anna", "corn", at="wine")
    doubt = dict(shop.engine.posterior("anna").baskets)
    assert doubt[("beans",)] > 0.2
    assert doubt[("corn",)] > 0.2
    shop.puts("anna", "beans", at="beans")
    assert shop.basket("anna") == ()
    assert shop.sure("anna") > 0.9


def test_sequential_mode_keeps_one_hypothesis() -> None:
    shop = Shop(settings=BeliefSettings(sequential=True))
    shop.takes("anna", "beans")
    shop.takes("anna", "corn")
    shop.puts("anna", "corn", at="wine")
    assert [len(g.hypotheses) for g in shop.engine.groups] == [1] * len(shop.engine.groups)
    assert shop.sure("anna") == pytest.approx(1.0)


def test_a_hand_at_the_floor_makes_the_basket_unsure() -> None:
    shop = Shop()
    shop.takes("anna", "soap")
    sure = shop.sure("anna")
    x, y = shop.where["anna"]
    shop.where["anna"] = (x, y - 1.0)
    shop.watch(2.0)
    shop.watch(1.5, {"anna": (x, y - 1.2, 0.1)})
    shop.watch(6.0)
    shop.engine.settle(shop.t_ns)
    assert sure > 0.98
    assert dict(shop.engine.posterior("anna").baskets)[("soap",)] < 0.9


def test_an_unfinished_touch_is_forgotten_in_the_end() -> None:
    shop = Shop()
    shop.takes("anna", "soap")
    shop.watch(30.0)
    shop.engine.settle(shop.t_ns)
    assert all(getattr(v, "resting", None) is None for g in shop.engine.groups for h in g.hypotheses for v in h.values)


# ------------------------------------------------------------ whatever happens
def checked(items: tuple[Item, ...], engine: BeliefEngine) -> None:
    """Feed, and look at every group after every event."""
    for item in items:
        feed(engine, [item])
        if isinstance(item, Episode):
            for g in engine.groups:
                assert math.fsum(math.exp(h.logw) for h in g.hypotheses) == pytest.approx(1.0, abs=1e-9)
                assert all(len(h.values) == len(g.keys) for h in g.hypotheses)
            assert max(Counter(k for g in engine.groups for k in g.keys).values(), default=1) == 1


@given(
    kind=st.sampled_from(("swaps", "hand_rests", "restocking", "side_by_side", "batches_lost")),
    seed=st.integers(0, 3),
    tracks=st.sampled_from(("clean", "rough")),
    cells=st.sampled_from(("plate", "shelf")),
)
@settings(max_examples=10)
def test_probabilities_sum_to_at_most_one_after_every_event(kind: str, seed: int, tracks: str, cells: str) -> None:
    store, items = stream(kind, seed, tracks, cells)
    engine = BeliefEngine(store)
    checked(items, engine)
    for who in engine.people.tracks:
        posterior = engine.posterior(who, most=10_000)
        assert 0.0 <= math.fsum(p for _, p in posterior.baskets) <= 1.0 + 1e-9  # the rest holds something unknown
        assert all(b == tuple(sorted(b)) for b, _ in posterior.baskets)
        rest = [p for _, p in posterior.baskets[1:]]
        assert rest == sorted(rest, reverse=True)


@pytest.mark.parametrize("hands", [True, False])
def test_order_of_independent_events_does_not_matter(hands: bool) -> None:
    """Two shoppers at two gondolas far apart, two events each: every order that keeps each shopper's own."""
    results = []
    for order in sorted(set(permutations("aabb"))):
        shop = Shop(hands=hands)
        shop.stand("bob", "oil")
        theirs = {
            "a": [shop.act("anna", "soap", -410.0, tell=False), shop.act("anna", "beans", -300.0, tell=False)],
            "b": [shop.act("bob", "oil", -893.0, tell=False), shop.act("bob", "corn", -600.0, tell=False)],
        }
        for who in order:
            shop.engine.explain(theirs[who].pop(0))
        results.append([dict(shop.engine.posterior(who).baskets) for who in ("anna", "bob")])
    first = results[0]
    assert first[0].keys() > {("beans", "soap")}
    for other in results[1:]:
        for mine, theirs_now in zip(first, other, strict=True):
            assert set(mine) == set(theirs_now)
            assert [theirs_now[b] for b in mine] == pytest.approx(list(mine.values()), abs=1e-9)


def test_the_same_stream_gives_the_same_bytes() -> None:
    store, items = stream("same_product", 0)
    one, two = BeliefEngine(store), BeliefEngine(store)
    feed(one, items)
    feed(two, items)
    assert snapshot(one) == snapshot(two)


PROGRAM = """
import hashlib
from belief.simulated import feed, stream
from aisle.belief.engine import BeliefEngine
from aisle.belief.snapshot import snapshot
store, items = stream("given_and_put_back", 1, "rough")
engine = BeliefEngine(store)
feed(engine, items)
print(hashlib.sha256(snapshot(engine)).hexdigest())
"""


def test_another_process_gives_the_same_bytes() -> None:
    prints = set()
    for seed in ("1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        prints.add(done.stdout)
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        pytest.param("one_item", 0.9, id="one item"),
        pytest.param("back_where_it_was", 0.8, id="put back"),
        pytest.param("stray_is_taken", 0.6, id="a stray is taken"),
        pytest.param("leans", 0.7, id="leaning on a board"),
    ],
)
def test_simulated_receipts_are_mostly_right(kind: str, least: float) -> None:
    right = []
    for seed in range(4):
        store, items = stream(kind, seed)
        engine = BeliefEngine(store)
        feed(engine, items)
        truth = recorded(kind, seed).truth
        for who, lines in truth.receipts.items():
            right.append(engine.posterior(who).baskets[0][0] == tuple(sorted(Counter(lines).elements())))
    assert np.mean(right) >= least


def test_shares_of_the_kit_sum_to_one() -> None:
    assert shares(small_shop().shelves[0], 0.33).sum() == pytest.approx(1.0)


@HANDS
@pytest.mark.parametrize("seconds", [3.0, 8.0])
def test_a_hand_that_rests_and_goes_bills_nobody(seconds: float, hands: bool) -> None:
    """The scales settle under a still hand: it comes as one change, and goes as another."""
    shop = Shop(hands=hands)
    shop.takes("anna", "honey")
    shop.stand("anna", "soap")
    shop.watch(2.5)
    point = {"anna": shop.store.shelves[0].world(0.1, 0.1, 0.05)}
    came_ns = shop.t_ns
    shop.watch(seconds, point)
    left_ns = shop.t_ns
    shop.watch(0.3, point)
    shop.watch(4.0)
    shop.engine.explain(shop.episode("soap", ("soap", 260.0), t_ns=came_ns))
    shop.engine.explain(shop.episode("soap", ("soap", -260.0), t_ns=left_ns))
    shop.watch(40.0)
    shop.engine.settle(shop.t_ns)
    assert shop.basket("anna") == ("honey",)


def test_an_item_weighed_in_the_hand_and_left_is_not_billed() -> None:
    """Lifted by half, held three seconds, set down: the same plateaus backwards."""
    shop = Shop()
    shop.stand("anna", "soap")
    shop.watch(2.5)
    point = {"anna": shop.store.shelves[0].world(0.1, 0.1, 0.05)}
    t_ns = shop.t_ns
    shop.watch(3.0, point)
    shop.watch(4.0)
    half, none = np.asarray(-230.0 * shares(shop.store.shelves[0], 0.1)), np.zeros(10)
    shop.engine.explain(Episode(0, 0, plateaus([none, half, none], t_ns), True))
    assert shop.basket("anna") == ()


def _large_shop() -> Store:
    """The small shop and, out of reach, a long board of a hundred heavy products."""
    store = small_shop()
    edges = even_edges(100, 0.1)
    board = Shelf(3, 1, (30.0, 0.0, 0.6), 0.0, 0.4, edges)
    heavy = {f"sack {i}": Product(f"sack {i}", f"sack {i}", 3000.0 + 40.0 * i, 900) for i in range(100)}
    facings = tuple(Facing(g, 3, 1, edges[i], edges[i + 1], (i + 1,)) for i, g in enumerate(heavy))
    return replace(
        store,
        products={**store.products, **heavy},
        shelves=(*store.shelves, board),
        facings=(*store.facings, *facings),
    )


def _part(shop: Shop, grams: float, t_ns: int, plates: slice) -> Episode:
    """Rice grows lighter by `grams`, on noisy plates, told by an episode of these plates."""
    none = np.zeros(10)
    noisy = tuple(
        replace(p, head_g=p.head_g[plates], head_var=np.full(10, 30.0)[plates], tail_g=p.tail_g[plates])
        for p in plateaus([none, -grams * shares(shop.store.shelves[0], 0.3)], t_ns, 1.2)
    )
    return Episode(0, plates.start, tuple(replace(p, tail_var=p.head_var) for p in noisy), True)


@pytest.mark.parametrize(
    ("plates", "seconds", "basket"),
    [
        pytest.param(slice(0, 8), 8.0, ("rice",), id="the hand stays"),
        pytest.param(slice(2, 4), 8.0, ("rice",), id="the hand stays, fewer plates tell of the rest"),
        pytest.param(slice(0, 8), 0.6, ("salt", "salt"), id="the hand goes and comes again"),
        pytest.param(slice(2, 4), 0.6, ("salt", "salt"), id="the hand goes, fewer plates"),
    ],
)
def test_a_half_lifted_item_is_no_lighter_one(plates: slice, seconds: float, basket: tuple[str, ...]) -> None:
    """Half of rice weighs what salt does: a hand that stayed held the rice, one that went took salt twice."""
    shop = Shop(_large_shop())
    shop.stand("anna", "rice")
    shop.watch(2.5)
    point = {"anna": shop.store.shelves[0].world(0.3, 0.1, 0.05)}
    gripped_ns = shop.t_ns
    shop.watch(seconds, point)
    shop.watch(8.0 - seconds)
    taken_ns = shop.t_ns
    shop.watch(0.4, point)
    shop.watch(3.0)
    shop.engine.explain(_part(shop, 507.0, gripped_ns, slice(0, 8)))
    shop.engine.explain(_part(shop, 503.0, taken_ns, plates))
    assert shop.basket("anna") == basket


def test_two_taken_by_a_hand_that_stays_are_two() -> None:
    shop = Shop(_large_shop())
    shop.stand("anna", "rice")
    shop.watch(2.5)
    point = {"anna": shop.store.shelves[0].world(0.3, 0.1, 0.05)}
    first_ns = shop.t_ns
    shop.watch(6.0, point)
    second_ns = shop.t_ns
    shop.watch(0.4, point)
    shop.watch(3.0)
    shop.engine.explain(_part(shop, 1010.0, first_ns, slice(0, 8)))
    shop.engine.explain(_part(shop, 1010.0, second_ns, slice(2, 4)))
    assert shop.basket("anna") == ("rice", "rice")
    assert shop.sure("anna") > 0.9
