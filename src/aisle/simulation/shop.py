"""The two things the simulator makes: a scene with one hard thing in it, and a whole afternoon."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Literal

import numpy as np

from aisle.simulation import acts
from aisle.simulation.dynamics import Dynamics, rough_tracks
from aisle.simulation.people import Person
from aisle.simulation.recording import (
    EVERYTHING_BUT_CAMERAS,
    Cells,
    Simulated,
    Watch,
    on_shelf_cells,
    record,
    with_second_facings,
)
from aisle.simulation.scenes import SCENES
from aisle.simulation.shopping import Taste
from aisle.simulation.stage import Stage
from aisle.simulation.stock import Spot
from aisle.simulation.world import Script, World
from aisle.store.model import Store

Tracks = Literal["clean", "rough"]


def simulate_scene(
    store: Store,
    kind: str,
    seed: int,
    *,
    dynamics: Dynamics | None = None,
    cells: Cells = "plate",
    tracks: Tracks = "clean",
    watch: Watch = EVERYTHING_BUT_CAMERAS,
) -> Simulated:
    """One scene (a name of `SCENES`) in `store`, the same for the same arguments.  `watch`: the devices there are.

    Raises ValueError for an unknown scene.
    """
    if kind not in SCENES:
        raise ValueError(f"scene {kind!r} is not known; these are: {', '.join(sorted(SCENES))}")
    chosen = SCENES[kind]
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    stage = Stage(_world(store, dynamics or Dynamics(), cells, rng))
    chosen.play(stage)
    stage.world.run()
    return _recorded(stage.world, f"{kind}-{seed:04d}", kind, chosen.group, chosen.resolvable, seed, tracks, rng, watch)


def simulate_afternoon(
    store: Store,
    *,
    seed: int,
    minutes: float = 10.0,
    visitors: int | None = None,
    dynamics: Dynamics | None = None,
    cells: Cells = "plate",
    tracks: Tracks = "clean",
    basket_sizes: tuple[int, ...] = (),
    watch: Watch = EVERYTHING_BUT_CAMERAS,
    progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """An afternoon of `minutes`: `visitors` (default: four a minute) come with shopping lists, and staff restock.

    `basket_sizes` are lengths of real shopping lists to draw from; `watch` says which devices there are; `progress` is
    told how many of how many visits have begun.  The same arguments always give the same recording.
    """
    if minutes <= 0:
        raise ValueError(f"minutes is {minutes}; an afternoon needs more than 0")
    count = max(1, round(4 * minutes)) if visitors is None else visitors
    if count < 1:
        raise ValueError(f"visitors is {count}; at least 1 is needed")
    rng = np.random.default_rng([0xA15E, seed])
    world = _world(store, dynamics or Dynamics(), cells, rng)
    stage = Stage(world)
    taste = Taste.of(world.store, rng, basket_sizes)
    last = max(1.0, minutes * 60.0 - 75.0)
    entries = np.sort(rng.uniform(0.0, last, count))
    parties = rng.random(count) < 0.12
    begun = 0

    def visit(bringer: list[Person] | None) -> Callable[[Person], Script]:
        def errand(who: Person) -> Script:
            nonlocal begun
            begun += 1
            if progress is not None:
                progress(begun, count)
            if bringer is not None:
                bringer.append(who)
            yield from _shopping(stage, who, taste.shopping_list(rng))

        return errand

    for at, party in zip(entries, parties, strict=True):
        stage.enter(visit(None), float(at))
        if party:
            stage.enter(_companion(stage), float(at) + 1.0)
    for at in np.arange(40.0, last, 150.0):
        stage.enter(_restocking(stage), float(at + rng.uniform(0, 60)), "staff")
    world.run()
    name = f"afternoon-{seed:04d}"
    return _recorded(world, name, "afternoon", "afternoon", "weight+head", seed, tracks, rng, watch)


def _world(store: Store, dynamics: Dynamics, cells: Cells, rng: np.random.Generator) -> World:
    shop = with_second_facings(store, dynamics.second_facing, rng)
    return World.of(on_shelf_cells(shop) if cells == "shelf" else shop, dynamics, rng)


def _recorded(
    world: World,
    name: str,
    case: str,
    group: str,
    resolvable: str,
    seed: int,
    tracks: Tracks,
    rng: np.random.Generator,
    watch: Watch,
) -> Simulated:
    return record(
        world,
        name=name,
        case=case,
        group=group,
        resolvable=resolvable,
        seed=seed,
        watching=rough_tracks(world.dynamics) if tracks == "rough" else world.dynamics,
        rng=rng,
        watch=watch,
    )


def _shopping(s: Stage, who: Person, wanted: dict[str, int]) -> Script:
    """Work through a list, with the detours people make."""
    for gtin, quantity in wanted.items():
        places = [f for f in s.world.store.facings if f.gtin == gtin and s.world.stock.standing(gtin, f)]
        if not places:
            continue
        facing = places[int(s.rng.integers(len(places)))]
        mood = s.rng.random()
        if mood < 0.06:
            items = s.front(facing)
            yield from acts.approach(s.world, who, items[0].spot or s.place(facing))
            yield from acts.weigh_up(s.world, who, items[0])
            continue
        if mood < 0.11:
            yield from acts.approach(s.world, who, s.place(facing))
            yield from acts.touch(s.world, who, s.place(facing))
        elif mood < 0.13:
            yield from acts.approach(s.world, who, s.place(facing))
            yield from acts.lean(s.world, who, s.place(facing), float(s.rng.uniform(1.0, 3.0)))
        yield from s.pick(who, facing, quantity)
        yield from acts.pause(s.world, who, 0.2, 1.5)
        if who.held and s.chance(0.05):
            item = who.held[int(s.rng.integers(len(who.held)))]
            where = _back_to(s, item.product.gtin) if s.chance(0.7) else s.place(s.facing())
            yield from s.put(who, item, where)


def _back_to(s: Stage, gtin: str) -> Spot:
    places = [f for f in s.world.store.facings if f.gtin == gtin]
    return s.place(places[int(s.rng.integers(len(places)))])


def _companion(s: Stage) -> Callable[[Person], Script]:
    """Somebody who comes along, looks about, and now and then takes one thing."""

    def errand(who: Person) -> Script:
        for _ in range(s.several(1, 3)):
            facing = s.facing()
            yield from acts.approach(s.world, who, s.place(facing), None, float(s.rng.uniform(0.5, 0.9)))
            yield from acts.pause(s.world, who, 2.0, 6.0)
            if s.chance(0.25):
                yield from s.pick(who, facing)

    return errand


def _restocking(s: Stage) -> Callable[[Person], Script]:
    """Staff fill the emptiest of some facings."""

    def errand(who: Person) -> Script:
        for _ in range(2):
            some = [s.facing(heavier_than=0.0) for _ in range(6)]
            facing = min(some, key=lambda f: len(s.world.stock.standing(f.gtin, f)) / (f.x1_m - f.x0_m))
            yield from acts.approach(s.world, who, s.place(facing))
            for _ in range(s.several(2, 5)):
                yield from acts.restock(s.world, who, [s.world.stock.new_item(s.product(facing))], s.place(facing))

    return errand
