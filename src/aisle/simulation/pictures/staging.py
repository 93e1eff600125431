"""A moment of a world that has run, as things to draw: goods where they stand, people where they are, what they hold.

What stands still over a whole span of time is fixed and drawn once; what is touched within the span moves.  So the
cached background of a camera lives as long as a span, and no shelf changes unseen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from aisle.simulation.people import Person
from aisle.simulation.pictures.cast import Cast, Posed
from aisle.simulation.pictures.daylight import lamps_only
from aisle.simulation.pictures.fittings import BOARD_M, Decor, building, lamps_of, placed
from aisle.simulation.pictures.packages import Package, package_of
from aisle.simulation.pictures.scene import FIRST_ITEM, FIRST_PERSON, Float32, Scene, Thing
from aisle.simulation.pictures.whereabouts import SLIDE_S, Stay, stays_of
from aisle.simulation.stock import Item, Spot
from aisle.simulation.world import World
from aisle.store.model import Store

PEOPLE_TOLD_APART = (FIRST_ITEM - FIRST_PERSON) // 8
"""`ids` have room for so many people; later ones take the numbers of those long gone."""
HIDDEN_ROWS = 3
"""Items with so many others before them in their column are not drawn: nobody could see them."""
FRONT_GAP_M = 0.01


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in the shop at a moment: `person` is the index in `World.people`, `slot` the number in `ids`, `held`
    what left and right hand hold (the first, where one holds two)."""

    person: int
    slot: int
    posed: Posed
    held: tuple[Item | None, Item | None]


@dataclass(frozen=True, slots=True)
class Staged:
    """The shop at `t` seconds: what to draw, and who that is."""

    t: float
    scene: Scene
    actors: tuple[Actor, ...]


def slot_of(person: int) -> int:
    """The number a person has in `Picture.ids`."""
    return person % PEOPLE_TOLD_APART


class Staging:
    """Stages the moments of one world; `labels` are layers by GTIN as `packages.label_set` gives them.

    `span_s` is how long one cached background lasts (inf: the whole recording).  `loose` are idents of items that are
    never part of the cached background, so that they can be left out of single pictures.
    """

    def __init__(
        self,
        world: World,
        labels: dict[str, int],
        rng: np.random.Generator,
        *,
        decor: Decor | None = None,
        span_s: float = math.inf,
        loose: Collection[int] = (),
        looks: np.random.Generator | None = None,
        stays: tuple[Stay, ...] | None = None,
    ) -> None:
        self.world, self.labels, self.span_s = world, labels, span_s
        self.decor = decor if decor is not None else Decor.drawn(rng)
        self.cast = Cast(world.people, looks if looks is not None else rng)
        self.structure = building(world.store, self.decor, rng, posters=len(labels))
        self.lamps_m = lamps_of(world.store, self.decor)
        self.light = lamps_only(self.lamps_m)
        self._loose = frozenset(loose)
        self._packages = {gtin: package_of(p) for gtin, p in world.store.products.items()}
        self._room_m = _clear_heights(world.store)
        self._yaw = {item.ident: float(rng.normal(0.0, 0.09)) for item in world.stock.items}
        self._stays = stays if stays is not None else stays_of(world, rng)
        self._still: list[Stay] = []
        self._moving: list[Stay] = []
        buried = _buried(self._stays)
        for stay in self._stays:
            if stay.item.ident in buried and not math.isfinite(stay.since) and not math.isfinite(stay.until):
                continue
            lasts = stay.place == "shelf" and stay.to is None and stay.item.ident not in self._loose
            (self._still if lasts else self._moving).append(stay)
        self._spans: dict[int, tuple[tuple[Thing, ...], tuple[Stay, ...]]] = {}

    def at(self, t: float, *, without: Collection[int] = (), people: Collection[int] | None = None) -> Staged:
        """The shop at `t`; `without` are idents of loose items left out, `people` limits who is shown."""
        number = self._span_of(t)
        fixed, changing = self._span(number)
        actors: list[Actor] = []
        held = self._held(t)
        for j, who in enumerate(self.world.people):
            if not self.present(who, t) or (people is not None and j not in people):
                continue
            left, right = (next((s.item for s in held[(j, hand)]), None) for hand in (0, 1))
            grip = (self._grip_m(left), self._grip_m(right))
            actors.append(Actor(j, slot_of(j), self.cast.posed(j, t, grip), (left, right)))
        moving = self._goods(t, changing, without)
        for actor in actors:
            moving += self._in_hands(actor, held)
        figures = tuple(replace(a.posed.figure, person=a.slot) for a in actors)
        return Staged(t, Scene(fixed, number, tuple(moving), figures, self.light), tuple(actors))

    def empty(self, t: float, *, without: Collection[int] = ()) -> Scene:
        """The shop at `t` as if nobody were in it."""
        number = self._span_of(t)
        fixed, changing = self._span(number)
        return Scene(fixed, number, tuple(self._goods(t, changing, without)), (), self.light)

    def present(self, who: Person, t: float) -> bool:
        return who.t_in <= t < who.t_out

    def holding(self, t: float) -> dict[tuple[int, int], list[Item]]:
        """(person, hand) -> what that hand holds at `t`."""
        return {key: [s.item for s in stays] for key, stays in self._held(t).items()}

    # ------------------------------------------------------------------ inside
    def _span_of(self, t: float) -> int:
        return int(t // self.span_s) if math.isfinite(self.span_s) else 0

    def _span(self, number: int) -> tuple[tuple[Thing, ...], tuple[Stay, ...]]:
        """Things that stand still through a span, and the stays on shelves that begin or end within it."""
        if number not in self._spans:
            self._spans.clear()
            whole = math.isfinite(self.span_s)
            start = number * self.span_s if whole else -math.inf
            end = start + self.span_s if whole else math.inf
            fixed, changing = list(self.structure), []
            for stay in self._still:
                if stay.until <= start or stay.since >= end:
                    continue
                if stay.since <= start and stay.until >= end and stay.spot is not None:
                    fixed.append(self._on_shelf(stay.item, stay.spot))
                else:
                    changing.append(stay)
            self._spans[number] = (tuple(fixed), tuple(changing))
        return self._spans[number]

    def _held(self, t: float) -> defaultdict[tuple[int, int], list[Stay]]:
        held: defaultdict[tuple[int, int], list[Stay]] = defaultdict(list)
        for stay in self._moving:
            if stay.place == "hand" and stay.since <= t < stay.until:
                held[(stay.person, stay.hand)].append(stay)
        for stays in held.values():
            stays.sort(key=lambda s: s.slot)
        return held

    def _goods(self, t: float, changing: tuple[Stay, ...], without: Collection[int]) -> list[Thing]:
        things = []
        for stay in (*changing, *self._moving):
            if not stay.since <= t < stay.until or stay.place == "hand" or stay.item.ident in without:
                continue
            if stay.place == "floor":
                things.append(self._lying(stay))
            elif stay.spot is not None:
                things.append(self._on_shelf(stay.item, _between(stay, t)))
        return things

    def _package(self, item: Item) -> Package:
        return self._packages[item.product.gtin]

    def _grip_m(self, item: Item | None) -> float | None:
        return None if item is None else grip_width_m(self._package(item))

    def _thing(self, item: Item, matrix: Float32) -> Thing:
        return Thing(self._package(item).shape, self.labels[item.product.gtin], matrix, FIRST_ITEM + item.ident)

    def _on_shelf(self, item: Item, spot: Spot) -> Thing:
        shelf = self.world.shelf(spot)
        wide, deep, high = self._package(item).size_m
        high = min(high, self._room_m[spot.key])
        depth = float(np.clip(spot.depth_m, deep / 2 + FRONT_GAP_M, max(deep / 2, shelf.depth_m - deep / 2)))
        x, y, z = shelf.world(spot.x_m, depth)
        yaw = shelf.rotation_rad + self._yaw[item.ident]
        return self._thing(item, placed(x, y, z, (wide, deep, high), yaw))

    def _lying(self, stay: Stay) -> Thing:
        """On its side where it fell."""
        wide, deep, high = self._package(stay.item).size_m
        turn = 17.0 * self._yaw[stay.item.ident] + stay.item.ident
        x, y = stay.floor_m
        return self._thing(stay.item, placed(x, y, deep / 2, (wide, deep, high), turn, math.pi / 2))

    def _in_hands(self, actor: Actor, held: dict[tuple[int, int], list[Stay]]) -> list[Thing]:
        things = []
        for hand in (0, 1):
            for stay in held.get((actor.person, hand), ()):
                grip = in_grip(actor.posed.hands[hand], self._package(stay.item), stay.slot)
                things.append(self._thing(stay.item, grip))
        return things


def in_grip(hand: Float32, package: Package, slot: int) -> Float32:
    """The matrix of a package held in a hand whose frame is `hand` (4, 4), as `figure_pose.grips` makes it: x out of
    the palm, z upwards; the thinner side is gripped, the front looks away from the palm.

    The second of two stands behind the first.
    """
    wide, deep, high = package.size_m
    local = np.eye(4)
    if deep <= wide:
        local[:3, :3] = np.array([[0.0, -deep, 0.0], [wide, 0.0, 0.0], [0.0, 0.0, high]])
    else:
        local[:3, :3] = np.diag((wide, deep, high))
    local[:3, 3] = (slot * (min(wide, deep) + 0.004), 0.0, -0.45 * high)
    return np.asarray(hand @ local, dtype=np.float32)


def grip_width_m(package: Package) -> float:
    """How far fingers close round a package (metres)."""
    return min(package.size_m[:2])


def _between(stay: Stay, t: float) -> Spot:
    """Where an item stands: while it is pushed, somewhere on the way."""
    if stay.spot is None:
        raise ValueError(f"item {stay.item.ident} stands on no shelf at {t:.2f} s")
    if stay.to is None:
        return stay.spot
    u = min(1.0, max(0.0, (t - stay.since) / SLIDE_S))
    u = u * u * (3.0 - 2.0 * u)
    return replace(
        stay.spot,
        x_m=stay.spot.x_m + u * (stay.to.x_m - stay.spot.x_m),
        depth_m=stay.spot.depth_m + u * (stay.to.depth_m - stay.spot.depth_m),
    )


def _buried(stays: tuple[Stay, ...]) -> set[int]:
    """Items deep in their column under another board, which no camera can see past those before them."""
    columns: defaultdict[tuple[int, int, str, int], list[tuple[float, int]]] = defaultdict(list)
    tops: dict[int, int] = {}
    for stay in stays:
        if stay.place == "shelf" and stay.spot is not None:
            tops[stay.spot.gondola] = max(tops.get(stay.spot.gondola, 0), stay.spot.shelf)
    for stay in stays:
        if stay.place != "shelf" or stay.spot is None or math.isfinite(stay.until):
            continue
        spot = stay.spot
        if spot.shelf < tops[spot.gondola]:
            columns[(*spot.key, stay.item.product.gtin, round(spot.x_m / 0.06))].append((spot.depth_m, stay.item.ident))
    return {ident for column in columns.values() for _, ident in sorted(column)[HIDDEN_ROWS:]}


def _clear_heights(store: Store) -> dict[tuple[int, int], float]:
    """(gondola, shelf) -> metres from the board to the next one above; 0.6 on top."""
    out = {}
    for shelf in store.shelves:
        above = [
            s.origin_m[2] - shelf.origin_m[2]
            for s in store.shelves
            if s.gondola == shelf.gondola and s.origin_m[2] > shelf.origin_m[2] + 0.01
        ]
        out[shelf.key] = min(above, default=0.64) - BOARD_M - 0.015
    return out
