"""People doing all that people do in shops, without an aim: what pictures for learning are taken of.

Scenes and afternoons tell stories about who takes what; here it only matters that every posture occurs often: standing,
walking, reaching high and low, holding on, stooping, carrying, close together.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from aisle.simulation import acts
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.people import Person, Role
from aisle.simulation.stage import Stage
from aisle.simulation.stock import Item
from aisle.simulation.world import Script, World
from aisle.store.model import Store

ROUTINE = Dynamics(stand_off_m=(0.28, 0.7), stature_m=(1.48, 1.97), rows=(1, 4), second_facing=0.0)
"""A little more varied than a shop; nothing is weighed here."""


def bustling(store: Store, people: int, seconds: float, rng: np.random.Generator) -> World:
    """A world in which `people` come in one after the other and keep busy until `seconds`; it has run."""
    world = World.of(store, ROUTINE, rng)
    stage = Stage(world, 0.0)
    boards = _boards(world)
    for k in range(people):
        role: Role = "staff" if rng.random() < 0.1 else "customer"
        stage.enter(lambda who: _busy(stage, who, boards, seconds), after_s=1.5 * k, role=role)
    world.run()
    return world


def _boards(world: World) -> list[list[Item]]:
    """The items in reach from the front, board by board: high, middle and low boards are gone to equally often."""
    fronts: defaultdict[tuple[int, int], list[Item]] = defaultdict(list)
    for item, spot in world.stock.start:
        if spot.depth_m < 0.16:
            fronts[spot.key].append(item)
    return [fronts[key] for key in sorted(fronts)]


def _busy(s: Stage, who: Person, boards: list[list[Item]], until: float) -> Script:
    while s.world.now < until - 6.0:
        yield from _something(s, who, boards)


def _something(s: Stage, who: Person, boards: list[list[Item]]) -> Script:
    """One thing, drawn at random."""
    world, rng = s.world, s.rng
    mood = float(rng.random())
    board = boards[int(rng.integers(len(boards)))]
    item = board[int(rng.integers(len(board)))]
    spot = item.spot
    if mood < 0.16:
        yield from _stroll(s, who)
    elif mood < 0.26:
        yield from _join(s, who)
    elif mood < 0.33 or spot is None:
        yield from acts.pause(world, who, 0.8, 3.0)
    elif mood < 0.40 and who.held:
        yield from _part_with(s, who)
    elif mood < 0.62:
        yield from acts.approach(world, who, spot)
        yield from acts.take(world, who, [item])
        yield from acts.pause(world, who, 0.2, 1.5)
    elif mood < 0.70 and who.held:
        yield from s.put(who, who.held[int(rng.integers(len(who.held)))], spot)
    elif mood < 0.82:
        yield from acts.approach(world, who, spot)
        yield from acts.hold(world, who, spot, float(rng.uniform(0.8, 3.0)), 60.0)
    elif mood < 0.90:
        yield from acts.approach(world, who, spot)
        yield from acts.touch(world, who, spot, s.several(1, 2))
    else:
        yield from acts.approach(world, who, spot)
        yield from acts.weigh_up(world, who, item)


def _stroll(s: Stage, who: Person) -> Script:
    """Walk to some free place."""
    outline = np.array(s.world.store.floor_m)
    low, high = outline.min(axis=0), outline.max(axis=0)
    for _ in range(20):
        x, y = (float(v) for v in s.rng.uniform(low + 0.3, high - 0.3))
        if s.world.floor.inside((x, y), 0.25) and float(s.world.floor.clearance(np.array([x, y]))) > 0.25:
            try:
                yield from acts.walk(s.world, who, (x, y))
            except ValueError:  # a nook no way leads to
                continue
            return


def _join(s: Stage, who: Person) -> Script:
    """Go and stand close beside somebody, turned to them."""
    others = [p for key, p in sorted(s.world.stations.items()) if key != who.ident]
    if not others:
        yield from acts.pause(s.world, who, 0.5, 1.0)
        return
    x, y = others[int(s.rng.integers(len(others)))]
    for _ in range(12):
        turn, far = float(s.rng.uniform(0, 2 * math.pi)), float(s.rng.uniform(0.38, 0.75))
        beside = (x + far * math.cos(turn), y + far * math.sin(turn))
        if s.world.floor.inside(beside, 0.2) and float(s.world.floor.clearance(np.array(beside))) > 0.2:
            try:
                yield from acts.walk(s.world, who, beside)
            except ValueError:  # a nook no way leads to
                continue
            who.turns.append((s.world.now, turn + math.pi + float(s.rng.normal(0.0, 0.6))))
            yield from acts.pause(s.world, who, 0.8, 4.0)
            return
    yield from acts.pause(s.world, who, 0.3, 1.0)


def _part_with(s: Stage, who: Person) -> Script:
    """Give what one holds to somebody near, or let it fall."""
    item = who.held[-1]
    near = [
        p
        for p in s.world.people
        if p is not who and p.ident in s.world.stations and 0.4 < math.dist(p.xy, who.xy) < 1.1
    ]
    if near:
        yield from acts.hand_over(s.world, who, near[0], item)
    elif s.chance(0.3):
        yield from acts.drop(s.world, who, item)
    else:
        yield from acts.pause(s.world, who, 0.5, 1.5)
