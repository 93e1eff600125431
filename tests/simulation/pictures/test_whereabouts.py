"""Items are in one place at a time, and where the deeds say."""

import math
from collections import defaultdict
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.pictures.whereabouts import Stay, stays_of
from aisle.simulation.scenes import SCENES
from aisle.simulation.stage import Stage
from aisle.simulation.world import Deed, World
from aisle.store.example import example_store

TOLD = ["short_list", "both_hands", "several_of_one", "restocking", "busy_shop"]


@cache
def world(kind: str) -> World:
    made = World.of(example_store(), Dynamics(), np.random.default_rng(5))
    SCENES[kind].play(Stage(made))
    made.run()
    return made


@cache
def lives(kind: str) -> dict[int, list[Stay]]:
    out: defaultdict[int, list[Stay]] = defaultdict(list)
    for stay in stays_of(world(kind), np.random.default_rng(1)):
        out[stay.item.ident].append(stay)
    return out


def deeds(kind: str, *which: str) -> list[Deed]:
    return [d for d in world(kind).deeds if d.kind in which and d.item is not None]


def at(kind: str, deed: Deed, after_s: float) -> list[Stay]:
    assert deed.item is not None
    return [s for s in lives(kind)[deed.item.ident] if s.since <= deed.t + after_s < s.until]


@pytest.mark.parametrize("kind", SCENES)
def test_nothing_is_in_two_places(kind: str) -> None:
    for stays in lives(kind).values():
        for before, after in pairwise(stays):
            assert before.until <= after.since + 1e-9


@pytest.mark.parametrize("kind", SCENES)
def test_in_the_end_things_stand_where_the_stock_says(kind: str) -> None:
    for item in world(kind).stock.items:
        last = [s for s in lives(kind)[item.ident] if s.place == "shelf" and math.isinf(s.until)]
        assert [s.spot for s in last] == ([item.spot] if item.spot is not None else [])


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_lifted_goes_from_the_board_into_the_hand_that_reached(kind: str) -> None:
    picks = deeds(kind, "pick")
    hands = [at(kind, d, 0.01) for d in picks]
    held = [h[0] for h in hands if h]
    assert [at(kind, d, -0.01)[0].place for d in picks if d.spot] == ["shelf"] * len(picks)
    assert {s.place for s in held} <= {"hand"}
    assert len(held) >= 0.8 * len(picks)  # a third thing in one hand is stowed at once
    for stay in held:
        who = world(kind).people[stay.person]
        reaching = {r.hand for r in who.reaches if r.t_there - 0.5 <= stay.since <= r.t_leave + 0.5}
        assert stay.hand in reaching


@pytest.mark.parametrize("kind", ["busy_shop", "restocking", "only_looks"])
def test_what_is_put_down_was_in_the_hand_before(kind: str) -> None:
    puts = deeds(kind, "put")
    before = [at(kind, d, -0.05) for d in puts]
    assert puts
    assert {s[0].place for s in before if s} == {"hand"}
    assert sum(1 for s in before if s) >= 0.8 * len(puts)
    assert {at(kind, d, 0.05)[0].place for d in puts} <= {"shelf", "hand"}


def test_a_hand_holds_two_at_most() -> None:
    events: list[tuple[float, int, tuple[int, int]]] = []
    for stays in lives("busy_shop").values():
        for stay in (s for s in stays if s.place == "hand"):
            events += [(stay.since, 1, (stay.person, stay.hand)), (stay.until, -1, (stay.person, stay.hand))]
    load: defaultdict[tuple[int, int], int] = defaultdict(int)
    most = 0
    for _, change, hand in sorted(events):
        load[hand] += change
        most = max(most, load[hand])
    assert 1 <= most <= 2


def test_what_falls_lies_near_who_let_it_fall() -> None:
    kind = next(k for k in SCENES if deeds(k, "drop"))
    for deed in deeds(kind, "drop"):
        lying = [s for s in at(kind, deed, 1.0) if s.place == "floor"]
        who = next(p for p in world(kind).people if p.ident == deed.person)
        feet = who.pose(np.array([deed.t]), 0.0).feet_m[0]
        assert math.dist(lying[0].floor_m, (float(feet[0]), float(feet[1]))) == pytest.approx(0.28, abs=0.1)


def test_what_is_handed_over_changes_hands() -> None:
    kind = next(k for k in SCENES if deeds(k, "handover"))
    people = world(kind).people
    for deed in deeds(kind, "handover"):
        giver, taker = at(kind, deed, 0.0)[0], at(kind, deed, 0.3)[0]
        assert people[giver.person].ident == deed.person
        assert people[taker.person].ident == deed.to
