"""Where every single item is at every moment: on a board, in a hand, on the floor, or out of sight in a bag.

A world that has run only keeps where things ended.  Their history is retold here from the stock at the start and the
deeds: a lifted item stays in the hand that took it until it is stowed a few seconds later or the hand is needed
again, and is taken out again shortly before it is put back, handed over or dropped.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aisle.simulation.people import Person, Reach
from aisle.simulation.stock import Item, Spot
from aisle.simulation.world import Deed, World

Place = Literal["shelf", "hand", "floor"]
HELD_S = (1.5, 9.0)
"""How long people look at what they took before it goes into bag or basket."""
TAKEN_OUT_S = 1.2
"""So long before it is put down, given or dropped an item is in the hand again."""
SLIDE_S = 0.6
HANDS_FULL = 0.35
"""Share of people who came without a bag: what they took last they carry to the end."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An item is somewhere from `since` (seconds) until `until`.

    On a shelf: `spot` (and `to`, when it is being pushed there meanwhile).  In a hand: `person` is the index in
    `World.people`, `hand` LEFT or RIGHT, `slot` 0 or 1 where one hand holds two.  On the floor: `floor_m`.
    """

    item: Item
    place: Place
    since: float
    until: float
    spot: Spot | None = None
    to: Spot | None = None
    person: int = -1
    hand: int = 0
    slot: int = 0
    floor_m: tuple[float, float] = (0.0, 0.0)


def stays_of(world: World, rng: np.random.Generator) -> tuple[Stay, ...]:
    """The whereabouts of all items of a world that has run, in order of items and time; gaps are out of sight."""
    started = {item.ident: spot for item, spot in world.stock.start}
    deeds: defaultdict[int, list[Deed]] = defaultdict(list)
    for deed in sorted(world.deeds, key=lambda d: d.t):
        if deed.item is not None and deed.kind in ("pick", "put", "slide", "handover", "drop"):
            deeds[deed.item.ident].append(deed)
    hands = _Hands(world, rng)
    stays: list[Stay] = []
    for item in world.stock.items:
        stays += _life(item, started.get(item.ident), deeds[item.ident], hands)
    return _slotted(stays)


class _Hands:
    """Which hand did a deed, and until when it is free to keep what it took."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world, self.rng = world, rng
        self.number = {who.ident: j for j, who in enumerate(world.people)}
        self.full = {who.ident: rng.random() < HANDS_FULL for who in world.people}

    def who(self, ident: str) -> Person:
        return self.world.people[self.number[ident]]

    def reach(self, deed: Deed, ident: str | None = None) -> Reach | None:
        """The reach of which the deed is a part: at that time, and where several are, nearest to the place."""
        who = self.who(ident or deed.person)
        there = [r for r in who.reaches if r.t_there - 0.4 <= deed.t <= r.t_leave + 0.4]
        if not there:
            return None
        if deed.spot is None:
            return min(there, key=lambda r: abs(r.t_there - deed.t))
        place = self.world.shelf(deed.spot).world(deed.spot.x_m, deed.spot.depth_m, 0.08)
        return min(there, key=lambda r: math.dist(r.wrist_m, place))

    def hand(self, deed: Deed, ident: str | None = None) -> int:
        reach = self.reach(deed, ident)
        return reach.hand if reach is not None else self.who(ident or deed.person).body.first_hand

    def kept_until(self, ident: str, hand: int, since: float) -> float:
        """Until when an item that came into this hand at `since` is held before it is stowed."""
        who = self.who(ident)
        needed = min((r.t_go for r in who.reaches if r.hand == hand and r.t_there > since + 0.5), default=math.inf)
        wish = math.inf if self.full[ident] else since + float(self.rng.uniform(*HELD_S))
        return min(needed, wish, who.t_out)

    def floor_point(self, ident: str, t: float) -> tuple[float, float]:
        """Where something falls that this person lets go: a step beside the feet."""
        who = self.who(ident)
        steps = np.array(sorted(who.steps))
        x, y = (float(np.interp(t, steps[:, 0], steps[:, d])) for d in (1, 2))
        turn = float(self.rng.uniform(0, 2 * math.pi))
        return (x + 0.28 * math.cos(turn), y + 0.28 * math.sin(turn))


def _life(item: Item, spot: Spot | None, deeds: list[Deed], hands: _Hands) -> list[Stay]:
    stays: list[Stay] = []
    since = -math.inf
    holder: tuple[str, int, float] | None = None  # who has it, in which hand, since when
    for deed in deeds:
        t, here = deed.t, hands.number[deed.person]
        if deed.kind == "pick":
            if spot is not None:
                stays.append(Stay(item, "shelf", since, t, spot))
            spot, holder = None, (deed.person, hands.hand(deed), t)
        elif deed.kind == "slide" and spot is not None:
            stays.append(Stay(item, "shelf", since, t, spot))
            stays.append(Stay(item, "shelf", t, t + SLIDE_S, spot, deed.spot))
            spot, since = deed.spot, t + SLIDE_S
        elif deed.kind in ("put", "handover", "drop"):
            hand = hands.hand(deed)
            given = t + 0.15 if deed.kind == "handover" else t
            stays += _carried(item, holder, given, here, hand, hands)
            holder = None
            if deed.kind == "put":
                spot, since = deed.spot, t
            elif deed.kind == "drop":
                stays.append(Stay(item, "floor", t, math.inf, floor_m=hands.floor_point(deed.person, t)))
            elif deed.to is not None:
                holder = (deed.to, hands.hand(deed, deed.to), given)
    if spot is not None:
        stays.append(Stay(item, "shelf", since, math.inf, spot))
    elif holder is not None:
        ident, hand, t = holder
        stays.append(Stay(item, "hand", t, hands.kept_until(*holder), person=hands.number[ident], hand=hand))
    return stays


def _carried(
    item: Item, holder: tuple[str, int, float] | None, until: float, person: int, hand: int, hands: _Hands
) -> list[Stay]:
    """From the hand that got it, perhaps through the bag, to the hand that lets go of it at `until`."""
    out = until - TAKEN_OUT_S
    stays = []
    if holder is not None:
        ident, first, since = holder
        kept = min(until, hands.kept_until(ident, first, since))
        if hands.number[ident] == person and (kept >= out or until - since < 3.0):
            if first == hand:
                return [Stay(item, "hand", since, until, person=person, hand=hand)]
            kept = out = max(since, min(kept, out))
        stays.append(Stay(item, "hand", since, kept, person=hands.number[ident], hand=first))
        out = max(out, kept)
    return [*stays, Stay(item, "hand", out, until, person=person, hand=hand)]


def _slotted(stays: list[Stay]) -> tuple[Stay, ...]:
    """Where a hand holds several items at once, the later ones move aside; more than two do not fit: stowed."""
    out: list[Stay] = []
    held: defaultdict[tuple[int, int], list[Stay]] = defaultdict(list)
    for stay in sorted((s for s in stays if s.place == "hand"), key=lambda s: (s.since, s.item.ident)):
        mine = held[(stay.person, stay.hand)]
        busy = {s.slot for s in mine if s.until > stay.since + 1e-6 and s.since < stay.until}
        free = [slot for slot in (0, 1) if slot not in busy]
        if free:
            stay = Stay(stay.item, "hand", stay.since, stay.until, person=stay.person, hand=stay.hand, slot=free[0])
            mine.append(stay)
            out.append(stay)
    out += [s for s in stays if s.place != "hand"]
    return tuple(sorted((s for s in out if s.until > s.since), key=lambda s: (s.item.ident, s.since)))
