"""In whole afternoons people keep apart: at shelves, in aisles and at the gates."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest

from aisle.simulation import acts
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.people import Person
from aisle.simulation.shop import simulate_afternoon, simulate_scene
from aisle.simulation.stage import Stage
from aisle.simulation.world import ENTRY_APART_M, ENTRY_GAP_S, Script, World
from aisle.store.example import example_store

STORE = example_store()
HZ = 10.0


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """The worlds that have run; what devices would have made of them does not matter here."""
    kept: list[World] = []
    monkeypatch.setattr("aisle.simulation.shop.record", lambda world, **_: kept.append(world))
    return kept


def feet(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Moments (n,) and everybody's places (people, n, 2), NaN outside the shop."""
    t = np.arange(0.0, max(who.t_out for who in world.people), 1.0 / HZ)
    places = np.full((len(world.people), len(t), 2), np.nan)
    for k, who in enumerate(world.people):
        inside = (t >= who.t_in) & (t <= who.t_out)
        places[k, inside] = who.pose(t[inside], phase=0.0).feet_m
    return t, places


def apart(world: World) -> np.ndarray:
    """Distances of all pairs at all moments at which both are within 3 m, those who hand something over left out."""
    _, places = feet(world)
    close = {frozenset((d.person, d.to)) for d in world.deeds if d.kind == "handover"}
    pairs = [
        np.hypot(*(places[a] - places[b]).T)
        for (a, one), (b, other) in itertools.combinations(enumerate(world.people), 2)
        if frozenset((one.ident, other.ident)) not in close
    ]
    every = np.concatenate(pairs)
    return np.asarray(every[every < 3.0])


def afternoons(worlds: list[World], *wishes: tuple[int, float, int]) -> Iterator[World]:
    for seed, minutes, visitors in wishes:
        simulate_afternoon(STORE, seed=seed, minutes=minutes, visitors=visitors)
        yield worlds[-1]


@pytest.mark.parametrize(
    ("wishes", "half_a_metre", "least"),
    [
        pytest.param([(s, 1.75, 6) for s in range(900, 904)], 0.99, 0.995, id="six within half a minute"),
        pytest.param([(s, 8.0, 32) for s in (910,)], 0.99, 0.995, id="an afternoon"),
        pytest.param([(920, 3.0, 18)], 0.98, 0.99, id="a rush"),
    ],
)
def test_people_keep_apart(
    wishes: list[tuple[int, float, int]], half_a_metre: float, least: float, worlds: list[World]
) -> None:
    distances = np.concatenate([apart(world) for world in afternoons(worlds, *wishes)])
    assert len(distances) > 1000
    assert (distances >= 0.5).mean() >= half_a_metre
    assert (distances >= 0.4).mean() >= least


def test_people_come_in_one_after_another(worlds: list[World]) -> None:
    for world in afternoons(worlds, (930, 1.4, 6), (931, 2.0, 14)):
        gaps = np.diff([who.t_in for who in world.people])
        t, places = feet(world)
        entered = [(k, int(np.searchsorted(t, who.t_in))) for k, who in enumerate(world.people)]
        nearest = [np.nanmin(np.r_[np.hypot(*(places[:k, n] - places[k, n]).T), 9.0]) for k, n in entered]
        assert gaps.min() >= ENTRY_GAP_S - 1e-9
        assert min(nearest) >= ENTRY_APART_M - 0.1


def test_everybody_gets_through_a_crowd_and_leaves(worlds: list[World]) -> None:
    (world,) = afternoons(worlds, (940, 1.75, 14))
    stays = [who.t_out - who.t_in for who in world.people]
    assert len(world.people) >= 14
    assert max(stays) < 240.0


def test_a_crowd_is_the_same_every_time(worlds: list[World]) -> None:
    one, two = afternoons(worlds, (950, 1.5, 5), (950, 1.5, 5))
    assert [who.steps for who in one.people] == [who.steps for who in two.people]


def test_people_mean_to_stand_shoulder_to_shoulder(worlds: list[World]) -> None:
    for seed in range(3):
        simulate_scene(STORE, "same_product", seed)
        picks = [d for d in worlds[-1].deeds if d.kind == "pick"]
        t, places = feet(worlds[-1])
        n = int(np.searchsorted(t, picks[0].t))
        assert 0.35 < math.dist(*places[:, n]) < 0.8


def test_who_finds_no_room_waits_and_then_squeezes_in() -> None:
    """Five people want the same item of one facing and stay there."""
    world = World.of(STORE, Dynamics(), np.random.default_rng(5))
    stage = Stage(world)
    facing = stage.facing()
    spot = stage.place(facing)

    def errand(who: Person) -> Script:
        yield from acts.approach(world, who, spot)
        yield from acts.pause(world, who, 25.0, 26.0)

    for k in range(5):
        stage.enter(errand, 2.0 * k)
    world.run()
    t, places = feet(world)
    n = int(np.searchsorted(t, max(who.t_in for who in world.people) + 16.0))
    there = np.array(world.shelf(spot).world(spot.x_m, 0.0)[:2])
    assert np.hypot(*(places[:, n] - there).T).max() < 1.2
