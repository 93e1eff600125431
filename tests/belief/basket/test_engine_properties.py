"""Whatever is shown, weighed, tapped and answered in whatever order: the odds stay odds and the beam its size."""

from __future__ import annotations

import math
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.belief.basket.engine import BasketBelief
from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.settings import BasketSettings
from aisle.belief.basket.state import Kind
from aisle.belief.basket.summary import summed
from aisle.scales.basket import Level
from cart.trip_kit import NS, PRODUCTS, T0

BEAM = 8
Step = Callable[[BasketBelief, int, int], None]  # belief, time, running number

STRANGER = "0000000000000"
gtins = st.sampled_from([*PRODUCTS, STRANGER])
grams = st.one_of(
    st.floats(-3000.0, 6000.0), st.sampled_from([0.0, 99.0, 158.0, 316.0, 455.0, 1062.0, 1220.0, 1e6, -1e6])
)


def showing(
    gtin: str, quantity: int | None, leaves: bool, typed: bool, printed: float | None, tare: float | None
) -> Step:
    def step(belief: BasketBelief, t_ns: int, number: int) -> None:
        belief.show(Shown(number, t_ns, gtin, quantity, leaves, typed, printed, tare_g=tare))

    return step


def levelled(weighs: float, sigma: float, rolling: bool, again: bool) -> Step:
    def step(belief: BasketBelief, t_ns: int, number: int) -> None:
        since = t_ns - 2 * NS
        belief.weigh(Level(number, since, t_ns - NS, t_ns, weighs, sigma, rolling))
        for _ in range(again):
            belief.weigh(Level(number, since, t_ns - NS, t_ns + NS // 2, weighs + sigma, sigma, rolling, True))

    return step


def seen(gtin: str, nats: float) -> Step:
    return lambda belief, t_ns, number: belief.see(Sight(number, t_ns - NS, t_ns, {gtin: nats}))


def counted(count: int) -> Step:
    return lambda belief, t_ns, number: belief.quantity(t_ns, count)


def own(moving: bool) -> Step:
    return lambda belief, t_ns, number: belief.own_things(t_ns, moving)


def named(back: int, gtin: str | None, kind: Kind, count: int) -> Step:
    return lambda belief, t_ns, number: belief.answer(number - back, gtin, kind, count)


def told_count(back: int, gtin: str, count: int) -> Step:
    return lambda belief, t_ns, number: belief.answer_count(number - back, gtin, count)


def told_gone(back: int, gtin: str) -> Step:
    return lambda belief, t_ns, number: belief.answer_gone(number - back, gtin)


def forgotten(back: int) -> Step:
    return lambda belief, t_ns, number: belief.forget_shown(number - back)


def failed() -> Step:
    return lambda belief, t_ns, number: belief.scale_failed(t_ns)


few, backs = st.integers(1, 12), st.integers(0, 4)
steps = st.one_of(
    st.builds(
        showing, gtins, st.none() | few, st.booleans(), st.booleans(),
        st.none() | st.floats(1.0, 3000.0), st.none() | st.floats(0.0, 50.0),
    ),
    st.builds(levelled, grams, st.floats(0.25, 40.0), st.booleans(), st.booleans()),
    st.builds(levelled, grams, st.just(0.6), st.just(False), st.just(False)),
    st.builds(seen, gtins, st.floats(-20.0, 20.0)),
    st.builds(counted, few),
    st.builds(own, st.booleans()),
    st.builds(named, backs, gtins, st.just(Kind.GOODS), few),
    st.builds(named, backs, st.none(), st.sampled_from([Kind.OWN, Kind.LOAD]), st.just(1)),
    st.builds(told_count, backs, gtins, few),
    st.builds(told_gone, backs, gtins),
    st.builds(forgotten, backs),
    st.builds(failed),
)  # fmt: skip
moments = st.tuples(steps, st.floats(0.0, 40.0))


def after(doings: list[tuple[Step, float]]) -> BasketBelief:
    belief, t_ns = BasketBelief(PRODUCTS, BasketSettings(beam=BEAM)), T0
    for number, (step, wait_s) in enumerate(doings, start=1):
        t_ns += int(wait_s * NS)
        step(belief, t_ns, number)
        belief.time(t_ns)
    return belief


@settings(max_examples=60, deadline=None)
@given(st.lists(moments, min_size=1, max_size=14))
def test_any_sequence_leaves_a_belief(doings: list[tuple[Step, float]]) -> None:
    belief = after(doings)
    odds = [h.logw for h in belief.hypotheses]
    assert 1 <= len(odds) <= BEAM
    assert math.isclose(math.fsum(map(math.exp, odds)), 1.0, abs_tol=1e-6)
    assert odds == sorted(odds, reverse=True)
    pieces = [piece for h in belief.hypotheses for piece in h.pieces]
    assert all(math.isfinite(p.mean_g) and math.isfinite(p.var_g) and p.var_g > 0.0 for p in pieces)
    assert all(p.count >= 1 for p in pieces)
    whole = summed(belief.hypotheses, belief.goods)
    assert 0.0 <= whole.probability <= 1.0
    assert all(0.0 <= line.probability <= 1.0 and 0 <= line.proven <= line.count for line in whole.lines)


@settings(max_examples=15, deadline=None)
@given(st.lists(moments, min_size=1, max_size=8))
def test_the_same_sequence_leaves_the_same_belief(doings: list[tuple[Step, float]]) -> None:
    assert after(doings).hypotheses == after(doings).hypotheses
