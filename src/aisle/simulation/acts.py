"""What people do, as scripts: walk, reach, take, put back, touch, lean, hand over, drop, restock, leave.

Each act writes feet and hands into the person, forces into the world's effects
and the truth into its deeds, and yields whenever time passes.  An item is the
taker's from the moment the hand goes for it, so that two people never get the
same one.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace

import numpy as np

from aisle.simulation.crossing import Crowd, way_through
from aisle.simulation.floor import Point
from aisle.simulation.people import LEFT, RIGHT, Person, Reach, Role
from aisle.simulation.stock import Item, Spot
from aisle.simulation.world import APART_M, Deed, Load, Press, Script, Sway, World

STRONG_STEP_G = 150.0
AT_THE_GATE_S = 20.0
"""So long people wait outside for room behind the entrance, then they squeeze in."""
FOR_ROOM_S = 6.0
"""So long people wait for others to make room at a shelf, then they squeeze in."""
BEHIND_M = (0.95, 1.35)
"""So far before a shelf people wait."""


# ------------------------------------------------------------------- on foot
def come_in(world: World, role: Role = "customer") -> Generator[float, None, Person]:
    """Come through the entrance once those before have made room; who it is, is the script's result."""
    who = world.person(role)
    patience = world.now + AT_THE_GATE_S
    while world.now < patience and not world.can_enter(who):
        yield world.now + 0.2
    world.enter(who)
    return who


def walk(world: World, who: Person, goal: Point) -> Script:
    """Walk to `goal` by a short way that keeps apart from the others."""
    yield set_out(world, who, goal)


def set_out(world: World, who: Person, goal: Point) -> float:
    """Decide on the way to `goal`; returns when one is there."""
    world.stations[who.ident] = goal
    now, here = world.now, who.xy
    others = Crowd.of((p for p in world.people if p is not who), now)
    t = now
    who.steps.append((t, *here))
    for after_s, point in way_through(world.floor, here, goal, who.body.pace_m_s, others):
        if math.dist(here, point) > 1e-6:
            who.turns.append((t, math.atan2(point[1] - here[1], point[0] - here[0])))
        t = now + after_s
        who.steps.append((t, *point))
        here = who.xy = point
    return t


def pause(world: World, who: Person, low_s: float, high_s: float) -> Script:
    """Stand, for a time between the two, stretched by the person's own pace."""
    t = world.now + float(world.rng.uniform(low_s, high_s)) * who.body.hurry
    who.steps.append((t, *who.xy))
    yield t


def wait_until(world: World, who: Person, t: float) -> Script:
    """Stand until `t` (at once when it is past)."""
    if t > world.now:
        who.steps.append((t, *who.xy))
        yield t


def approach(world: World, who: Person, spot: Spot, aside_m: float | None = None, off_m: float | None = None) -> Script:
    """Walk to where `spot` can be reached, turn to it and look a moment; the gondola may tremble.

    Where others stand too near, one stands back for a while, unless it is said where to stand.
    """
    place = world.standing_point(who, spot, aside_m, off_m)
    patience = world.now + FOR_ROOM_S if aside_m is None else 0.0
    while world.now < patience and world.room(who, place) < APART_M:
        yield from _stand_back(world, who, spot)
        place = world.standing_point(who, spot, aside_m, off_m)
    yield from walk(world, who, place)
    face(world, who, spot)
    for _ in range(int(world.rng.poisson(world.dynamics.sway_per_stop))):
        sway(world, spot.gondola, world.now + float(world.rng.uniform(-0.8, 4.0)))
    yield from pause(world, who, 0.4, 1.6)


def _stand_back(world: World, who: Person, spot: Spot) -> Script:
    """Let others finish before `spot`, behind them."""
    back = world.standing_point(who, spot, None, float(world.rng.uniform(*BEHIND_M)))
    if world.room(who, back) >= APART_M and math.dist(back, who.xy) > 2 * APART_M:
        yield from walk(world, who, back)
        face(world, who, spot)
    yield from pause(world, who, 0.6, 1.6)


def face(world: World, who: Person, spot: Spot) -> None:
    x, y, _ = world.shelf(spot).world(spot.x_m, spot.depth_m)
    who.turns.append((world.now, math.atan2(y - who.xy[1], x - who.xy[0])))


def leave(world: World, who: Person) -> Script:
    """Walk out."""
    yield from pause(world, who, 0.2, 0.8)
    who.t_out = set_out(world, who, world.gate_point("exit"))
    yield who.t_out
    world.stations.pop(who.ident, None)


def sway(world: World, gondola: int, t: float) -> None:
    d, rng = world.dynamics, world.rng
    rms = float(d.sway_g[0] * math.exp(rng.normal(0, d.sway_g[1])))
    world.effects.append(Sway(gondola, max(0.0, t), float(rng.uniform(*d.sway_s)), rms))


# ---------------------------------------------------------------- with hands
def reach(
    world: World,
    who: Person,
    spot: Spot,
    t_there: float,
    stay_s: float,
    hand: int | None = None,
    above_m: float = 0.08,
) -> float:
    """Bring a hand to `spot` from `t_there` on for `stay_s`; returns when it is back."""
    rng = world.rng
    if hand is None:
        hand = who.body.first_hand if rng.random() < 0.8 else 1 - who.body.first_hand
    point = np.array(world.shelf(spot).world(spot.x_m + float(rng.normal(0, 0.015)), max(0.0, spot.depth_m), above_m))
    facing = who.turns[-1][1]
    wrist, lean = who.arm_to(hand, point, facing)
    go = min(t_there - 0.25, max(world.now - 0.2, t_there - float(rng.uniform(0.35, 0.8)) * who.body.hurry))
    leaves = t_there + max(0.05, stay_s)
    back = leaves + float(rng.uniform(0.35, 0.7)) * who.body.hurry
    who.reaches.append(Reach(hand, go, t_there, leaves, back, tuple(wrist), tuple(lean)))
    return back


def take(
    world: World,
    who: Person,
    items: list[Item],
    at: float | None = None,
    hand: int | None = None,
    one_grip: bool | None = None,
) -> Script:
    """Lift items, in one grip (all within a moment) or one after the other.

    `at` is the time of the first lift where several people act together; it is
    postponed when the hand cannot be there yet.
    """
    rng, d = world.rng, world.dynamics
    items = [i for i in items if i.spot is not None]
    grip = (len(items) <= 2 and rng.random() < 0.5) if one_grip is None else one_grip
    spots = [i.spot for i in items if i.spot is not None]
    for item in items:
        item.spot, item.owner = None, who.ident
        who.held.append(item)
    lift = max(world.now + float(rng.uniform(0.5, 1.1)) * who.body.hurry, at or 0.0)
    busy = lift
    for n, (item, spot) in enumerate(zip(items, spots, strict=True)):
        rise = float(rng.uniform(*d.lift_s)) * (1.6 if rng.random() < 0.1 else 1.0)
        if n == 0 or not grip:
            grips = float(rng.uniform(0.1, 0.45))
            face(world, who, spot)
            stays = grips + rise * float(rng.uniform(0.6, 1.2))
            busy = reach(world, who, spot, lift - grips, stays, hand, _grip_height(item))
            _hand_contacts(world, spot, lift, lift + rise)
        world.effects.append(
            Load(
                spot,
                item.width_m,
                item.slant,
                lift,
                rise,
                -item.grams,
                ring_share=float(rng.uniform(*d.ring_share)) * 0.6,
                course=float(rng.uniform(0.7, 2.4)),
            )
        )
        world.deeds.append(Deed("pick", lift, who.ident, item, spot))
        if item.grams > STRONG_STEP_G and rng.random() < d.sway_after_step:
            sway(world, spot.gondola, lift + float(rng.uniform(0.2, 1.5)))
        again = max(0.0, busy - lift) + float(rng.uniform(0.3, 0.9)) * who.body.hurry
        lift += float(rng.uniform(0.02, 0.2)) if grip else again
    who.steps.append((busy, *who.xy))
    yield busy


def take_with_both_hands(world: World, who: Person, left: Item, right: Item) -> Script:
    """Two items at once, one in each hand, a moment apart."""
    rng, d = world.rng, world.dynamics
    first = world.now + float(rng.uniform(0.7, 1.2))
    ends = []
    for hand, item in ((LEFT, left), (RIGHT, right)):
        spot = item.spot
        if spot is None:
            continue
        item.spot, item.owner = None, who.ident
        who.held.append(item)
        lift, rise = first + float(rng.uniform(0.0, 0.35)), float(rng.uniform(*d.lift_s))
        ends.append(reach(world, who, spot, lift - 0.2, 0.2 + rise, hand, _grip_height(item)))
        _hand_contacts(world, spot, lift, lift + rise)
        world.effects.append(
            Load(
                spot,
                item.width_m,
                item.slant,
                lift,
                rise,
                -item.grams,
                float(rng.uniform(*d.ring_share)) * 0.6,
                float(rng.uniform(0.7, 2.4)),
            )
        )
        world.deeds.append(Deed("pick", lift, who.ident, item, spot))
    done = max(ends, default=world.now)
    who.steps.append((done, *who.xy))
    yield done


def put(world: World, who: Person, item: Item, spot: Spot, at: float | None = None) -> Script:
    """Stand an item on a board: right place or wrong, it is nobody's then."""
    rng, d = world.rng, world.dynamics
    shelf = world.shelf(spot)
    low, high = shelf.plate_edges_m[0] + item.width_m / 2, shelf.plate_edges_m[-1] - item.width_m / 2
    x = float(np.clip(spot.x_m + rng.normal(0, 0.012), min(low, high), max(low, high)))
    spot = replace(spot, x_m=x, depth_m=float(rng.uniform(0.03, 0.10)))
    down = max(world.now + float(rng.uniform(0.5, 1.1)) * who.body.hurry, at or 0.0)
    face(world, who, spot)
    busy = reach(world, who, spot, down - 0.1, float(rng.uniform(0.2, 0.6)), None, _grip_height(item))
    world.effects.append(
        Load(
            spot,
            item.width_m,
            item.slant,
            down,
            float(rng.uniform(*d.place_s)),
            item.grams,
            ring_share=float(rng.uniform(*d.ring_share)),
            course=float(rng.uniform(0.6, 1.5)),
        )
    )
    if rng.random() < d.brush_after:
        _press(world, spot, down + float(rng.uniform(0.1, 0.4)), 0.6)
    if item.grams > STRONG_STEP_G and rng.random() < d.sway_after_step:
        sway(world, spot.gondola, down + float(rng.uniform(0.2, 1.5)))
    who.held.remove(item)
    world.deeds.append(Deed("put", down, who.ident, item, spot))
    who.steps.append((busy, *who.xy))
    yield down + 0.3
    item.spot, item.owner = spot, None
    yield busy


def weigh_up(world: World, who: Person, item: Item) -> Script:
    """Take an item, look at it and set it down where it stood."""
    spot = item.spot
    if spot is None:
        return
    yield from take(world, who, [item])
    yield from pause(world, who, 0.2, 2.5)
    yield from put(world, who, item, spot)


def touch(world: World, who: Person, spot: Spot, times: int = 1) -> Script:
    """Touch goods and let go."""
    for _ in range(times):
        t = world.now + float(world.rng.uniform(0.4, 0.8))
        face(world, who, spot)
        busy = reach(world, who, spot, t, float(world.rng.uniform(0.2, 0.7)))
        _press(world, spot, t, 1.3)
        world.deeds.append(Deed("touch", t, who.ident, None, spot))
        who.steps.append((busy, *who.xy))
        yield busy


def hold(world: World, who: Person, spot: Spot, lasts_s: float, grams: float) -> Script:
    """Rest a hand on goods (`grams` > 0) or hold one half lifted (< 0), and let go."""
    t = world.now + float(world.rng.uniform(0.5, 0.9))
    face(world, who, spot)
    busy = reach(world, who, spot, t, lasts_s)
    world.effects.append(Press(spot, 0.08, t, lasts_s, grams, waver=float(world.rng.uniform(0.05, 0.25)), peak=0.5))
    world.deeds.append(Deed("hold", t, who.ident, None, spot, lasts_s=lasts_s))
    who.steps.append((busy, *who.xy))
    yield busy


def lean(world: World, who: Person, spot: Spot, lasts_s: float) -> Script:
    """Prop oneself on the board's front edge: a kilogram or several, over several plates."""
    rng = world.rng
    spot = replace(spot, depth_m=0.0)
    t = world.now + float(rng.uniform(0.4, 0.8))
    face(world, who, spot)
    busy = reach(world, who, spot, t, lasts_s, above_m=0.02)
    width, grams = float(rng.uniform(0.12, 0.45)), float(rng.uniform(600, 4500))
    world.effects.append(Press(spot, width, t, lasts_s, grams, waver=0.12, peak=0.5))
    sway(world, spot.gondola, t)
    sway(world, spot.gondola, t + lasts_s)
    world.deeds.append(Deed("lean", t, who.ident, None, spot, lasts_s=lasts_s))
    who.steps.append((busy, *who.xy))
    yield busy


def slide(world: World, who: Person, item: Item, by_m: float) -> Script:
    """Push an item sideways along its board; nobody takes anything."""
    rng, spot = world.rng, item.spot
    if spot is None:
        return
    shelf = world.shelf(spot)
    low, high = shelf.plate_edges_m[0] + item.width_m / 2, shelf.plate_edges_m[-1] - item.width_m / 2
    there = replace(spot, x_m=float(np.clip(spot.x_m + by_m, min(low, high), max(low, high))))
    t, rise = world.now + float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.3, 0.9))
    busy = reach(world, who, spot, t, rise)
    for at, grams in ((spot, -item.grams), (there, item.grams)):
        world.effects.append(Load(at, item.width_m, item.slant, t, rise, grams, 0.05, 1.0))
    _press(world, spot, t - 0.1, 0.8)
    item.spot = there
    world.deeds.append(Deed("slide", t, who.ident, item, there))
    who.steps.append((busy, *who.xy))
    yield busy


def hand_over(world: World, giver: Person, taker: Person, item: Item) -> Script:
    """Give an item to somebody standing near: it stays on the bill of whoever lifted it from the shelf."""
    t = world.now + 0.8
    dx, dy = taker.xy[0] - giver.xy[0], taker.xy[1] - giver.xy[1]
    middle = np.array([giver.xy[0] + dx / 2, giver.xy[1] + dy / 2, 0.62 * giver.body.stature_m])
    for who, angle in ((giver, math.atan2(dy, dx)), (taker, math.atan2(-dy, -dx))):
        who.turns.append((world.now, angle))
        hand = who.body.first_hand
        wrist, leaning = who.arm_to(hand, middle, angle)
        who.reaches.append(Reach(hand, t - 0.5, t, t + 0.4, t + 0.9, tuple(wrist), tuple(leaning)))
        who.steps.append((t + 0.9, *who.xy))
    giver.held.remove(item)
    taker.held.append(item)
    world.deeds.append(Deed("handover", t, giver.ident, item, to=taker.ident))
    yield t + 0.9


def drop(world: World, who: Person, item: Item) -> Script:
    """Let an item fall or leave it on the floor: nobody pays for it."""
    t = world.now + 0.6
    who.held.remove(item)
    item.owner = None
    world.deeds.append(Deed("drop", t, who.ident, item))
    yield from pause(world, who, 1.0, 1.6)


def restock(world: World, who: Person, items: list[Item], spot: Spot) -> Script:
    """Staff stand fresh items on a facing, one after the other or two at a time."""
    for item in items:
        who.held.append(item)
        yield from put(world, who, item, replace(spot, x_m=spot.x_m + float(world.rng.uniform(-0.03, 0.03))))


# -------------------------------------------------------------------- inside
def _grip_height(item: Item) -> float:
    """Heavier things are taller: hold them higher above the board (metres)."""
    return 0.05 + min(0.13, item.grams / 8000.0)


def _press(world: World, spot: Spot, t: float, scale: float, grams: tuple[float, float] | None = None) -> None:
    rng, d = world.rng, world.dynamics
    size = float(rng.uniform(*(grams or d.press_g))) * scale * (1.0 if grams or rng.random() < 0.8 else -0.4)
    at = replace(spot, x_m=spot.x_m + float(rng.normal(0, 0.02)))
    width, lasts, peak = (float(rng.uniform(*r)) for r in ((0.04, 0.12), d.press_s, (0.2, 0.9)))
    world.effects.append(Press(at, width, t, lasts, size, waver=0.1, peak=peak))


def _hand_contacts(world: World, spot: Spot, t: float, t_end: float) -> None:
    """What the hand does to the board before and after a lift at `t`."""
    rng, d = world.rng, world.dynamics
    if rng.random() < d.press_before:
        _press(world, spot, t - float(rng.uniform(*d.press_s)), 1.0)
    if rng.random() < d.tug_chance:
        _press(world, spot, t - 0.1, 1.0, d.tug_g)
    if rng.random() < d.brush_after:
        _press(world, spot, t_end + float(rng.uniform(0.02, 0.4)), 0.5)
