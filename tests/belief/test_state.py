"""Groups: joined, cut, taken apart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.belief.state import (
    AS_PLANNED,
    NOBODY_HOLDS,
    Choice,
    Group,
    Held,
    Hypothesis,
    Item,
    ShelfState,
    merged,
    normalised,
    product,
    split,
)

A, B, C = ("p", "anna"), ("p", "bob"), ("s", 0)
ITEMS = {g: Item(g, 100.0, 1.0, 0) for g in "abcdef"}
ODDS = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=5)


def holding(gtins: str) -> Held:
    return Held(tuple(ITEMS[g] for g in gtins))


def group(key: tuple[str, str], weights: list[float], names: str) -> Group:
    hyps = [Hypothesis(math.log(w), (holding(n),), (None,)) for n, w in zip(names, weights, strict=False)]
    return Group((key,), merged(hyps, 80, -60.0))


def total(g: Group) -> float:
    return math.fsum(math.exp(h.logw) for h in g.hypotheses)


def probabilities(g: Group, key: tuple[str, str]) -> dict[tuple[object, ...], float]:
    return {s: p for s, (p, _) in g.marginal(key).items()}


@given(one=ODDS, two=ODDS)
def test_splitting_a_product_gives_the_parts_back(one: list[float], two: list[float]) -> None:
    a, b = group(A, one, "abcde"), group(B, two, "bcdef")
    joined = product([a, b], [], beam=1000, floor=-60.0)
    assert total(joined) == pytest.approx(1.0)
    parts = {g.keys: g for g in split(joined)}
    assert set(parts) == {(A,), (B,)}
    assert probabilities(parts[A,], A) == pytest.approx(probabilities(a, A))
    assert probabilities(parts[B,], B) == pytest.approx(probabilities(b, B))


def test_entangled_variables_stay_together() -> None:
    """One item, one of two people has it."""
    hyps = [
        Hypothesis(math.log(0.5), (holding("a"), NOBODY_HOLDS), (None, None)),
        Hypothesis(math.log(0.5), (NOBODY_HOLDS, holding("a")), (None, None)),
    ]
    assert [g.keys for g in split(Group((A, B), hyps))] == [(A, B)]


def test_a_third_variable_is_let_go_of_alone() -> None:
    hyps = [
        Hypothesis(math.log(p * q), (*pair, x), (None,) * 3)
        for p, pair in ((0.6, (holding("a"), NOBODY_HOLDS)), (0.4, (NOBODY_HOLDS, holding("a"))))
        for q, x in ((0.7, AS_PLANNED), (0.3, AS_PLANNED.relabel(0, "b")))
    ]
    assert sorted(len(g.keys) for g in split(Group((A, B, C), hyps))) == [1, 2]


@given(weights=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=30), names=st.data())
def test_merging_keeps_the_weight_of_what_says_the_same(weights: list[float], names: st.DataObject) -> None:
    held = [names.draw(st.sampled_from("abc")) for _ in weights]
    hyps = [Hypothesis(math.log(w), (holding(n),), (None,)) for w, n in zip(weights, held, strict=True)]
    out = merged(hyps, 80, -60.0)
    want = {n: math.fsum(w for w, m in zip(weights, held, strict=True) if m == n) for n in set(held)}
    got = {str(h.values[0].signature[0]): math.exp(h.logw) for h in out}
    assert got == pytest.approx({n: w / math.fsum(weights) for n, w in want.items()})
    assert [h.logw for h in out] == sorted((h.logw for h in out), reverse=True)


def test_merging_keeps_the_most_probable_history() -> None:
    likely, rare = Choice(1, 0, None), Choice(1, 1, None)
    hyps = [
        Hypothesis(math.log(0.3), (holding("a"),), (rare,)),
        Hypothesis(math.log(0.7), (holding("a"),), (likely,)),
    ]
    assert merged(hyps, 80, -60.0)[0].choices == (likely,)


@pytest.mark.parametrize(
    ("beam", "floor", "left"),
    [
        pytest.param(2, -60.0, 2, id="the beam"),
        pytest.param(80, -1.0, 2, id="too far below the best"),
        pytest.param(80, -60.0, 4, id="everything"),
    ],
)
def test_cutting(beam: int, floor: float, left: int) -> None:
    hyps = [Hypothesis(-float(i), (holding(n),), (None,)) for i, n in enumerate("abcd")]
    out = merged(hyps, beam, floor)
    assert len(out) == left
    assert math.fsum(math.exp(h.logw) for h in out) == pytest.approx(1.0)


def test_free_variables_join_untouched() -> None:
    joined = product([group(A, [1.0, 1.0], "ab")], [A, B, C], beam=80, floor=-30.0)
    assert set(joined.keys) == {A, B, C}
    at = joined.keys.index(B)
    assert {h.values[at] for h in joined.hypotheses} == {NOBODY_HOLDS}


def test_very_small_weights_are_normalised() -> None:
    out = normalised([Hypothesis(-4000.0, (holding("a"),), (None,)), Hypothesis(-4001.0, (holding("b"),), (None,))])
    assert math.fsum(math.exp(h.logw) for h in out) == pytest.approx(1.0)
    assert normalised([]) == []


def test_only_the_very_item_is_given_up() -> None:
    twin = Item("a", 100.0, 1.0, 0)
    held = Held((ITEMS["a"], twin))
    assert held.minus(twin).items == (ITEMS["a"],)
    assert held.signature == ("a", "a")


def test_shelf_states_say_what_differs() -> None:
    one = AS_PLANNED.relabel(2, "b").relabel(1, "c")
    assert one.relabelled == ((1, "c"), (2, "b"))
    assert one.signature == ShelfState(relabelled=((1, "c"), (2, "b"))).signature
    assert one.signature != AS_PLANNED.signature
