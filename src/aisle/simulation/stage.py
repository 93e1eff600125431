"""The stage scenes and afternoons play on: a world with the short-hands their scripts are written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisle.simulation import acts
from aisle.simulation.people import Person, Role
from aisle.simulation.stock import Item, Spot
from aisle.simulation.world import Script, World
from aisle.store.model import Facing, Product

LIGHT_G = 25.0
"""Nothing lighter is asked for in a scene: it may drown in the plates' noise."""


class Stage:
    """Facings, spots, people and their errands; the shop opens after `calm_s` seconds without anybody."""

    def __init__(self, world: World, calm_s: float = 3.0) -> None:
        self.world, self.rng = world, world.rng
        self.opens = calm_s + float(world.rng.uniform(0, 1.5))

    # --------------------------------------------------------------- choosing
    def facings(self, heavier_than: float = LIGHT_G, gondola: int | None = None) -> list[Facing]:
        """Facings with something standing on them."""
        stocked = {(i.product.gtin, i.spot.key) for i in self.world.stock.items if i.spot is not None}
        products = self.world.store.products
        return [
            f
            for f in self.world.store.facings
            if (f.gtin, (f.gondola, f.shelf)) in stocked
            and (products[f.gtin].weight_g or 0.0) > heavier_than
            and (gondola is None or f.gondola == gondola)
            and self.world.stock.standing(f.gtin, f)
        ]

    def facing(self, *avoid: Facing, gondola: int | None = None, heavier_than: float = LIGHT_G) -> Facing:
        taken = {a.gtin for a in avoid}
        found = [f for f in self.facings(heavier_than, gondola) if f.gtin not in taken]
        if not found:
            place = "the shop" if gondola is None else f"gondola {gondola}"
            raise ValueError(f"{self.world.store.name}: no stocked facing over {heavier_than} g is left in {place}")
        return found[int(self.rng.integers(len(found)))]

    def near(self, facing: Facing, low_m: float, high_m: float, same_shelf: bool = True) -> Facing:
        """Another product between the two distances along the same gondola; any other one there when none is."""

        def along(f: Facing) -> float:
            return abs((f.x0_m + f.x1_m) - (facing.x0_m + facing.x1_m)) / 2

        others = [f for f in self.facings(gondola=facing.gondola) if f.gtin != facing.gtin]
        fits = [f for f in others if low_m <= along(f) <= high_m and (not same_shelf or f.shelf == facing.shelf)]
        chosen = fits or others
        return chosen[int(self.rng.integers(len(chosen)))]

    def product(self, facing: Facing) -> Product:
        return self.world.store.products[facing.gtin]

    def place(self, facing: Facing) -> Spot:
        """Somewhere at the front of a facing."""
        margin = 0.25 * (facing.x1_m - facing.x0_m)
        x = float(self.rng.uniform(facing.x0_m + margin, facing.x1_m - margin))
        return Spot(facing.gondola, facing.shelf, x, 0.05)

    def front(self, facing: Facing, count: int = 1) -> list[Item]:
        """The items at the front of a facing, as shoppers reach for them."""
        standing = self.world.stock.standing(facing.gtin, facing)
        front = standing[: max(count, 3)]
        order = self.rng.permutation(len(front))
        return [front[i] for i in order[:count]]

    def several(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    # ----------------------------------------------------------------- people
    def enter(self, errand: Callable[[Person], Script], after_s: float = 0.0, role: Role = "customer") -> None:
        """Somebody comes in `after_s` after opening, runs the errand and leaves."""

        def visit() -> Script:
            who = yield from acts.come_in(self.world, role)
            yield from acts.pause(self.world, who, 0.1, 0.6)
            yield from errand(who)
            yield from acts.leave(self.world, who)

        self.world.start(self.opens + after_s, visit())

    def pick(self, who: Person, facing: Facing, count: int = 1) -> Script:
        """Go there and take some (what is left, when less)."""
        items = self.front(facing, count)
        if not items or items[0].spot is None:
            return
        yield from acts.approach(self.world, who, items[0].spot)
        items = [i for i in items if i.spot is not None] or self.front(facing, count)
        yield from acts.take(self.world, who, items)

    def put(self, who: Person, item: Item, spot: Spot) -> Script:
        yield from acts.approach(self.world, who, spot)
        yield from acts.put(self.world, who, item, spot)

    def meet(self, people: int) -> Meeting:
        return Meeting(self.world, people)


@dataclass(slots=True)
class Meeting:
    """People wait for one another; `at` is the time, a moment after the last came, at which they act."""

    world: World
    missing: int
    at: float = 0.0

    def come(self, who: Person) -> Script:
        self.missing -= 1
        self.at = max(self.at, self.world.now + 1.2)
        while self.missing > 0:
            yield self.world.now + 0.1
        yield from acts.wait_until(self.world, who, self.at)
