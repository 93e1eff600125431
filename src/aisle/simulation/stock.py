"""What really stands on the boards: single items with their own weight, place and owner.

The planogram says what should be there; the stock says what is, half-empty
columns, misplaced items and all.  Only the physics and the truth look here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.simulation.dynamics import Dynamics
from aisle.store.model import Facing, Product, Store

DEFAULT_WIDTH_M = 0.08


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a board: metres along it and behind its front edge."""

    gondola: int
    shelf: int
    x_m: float
    depth_m: float

    @property
    def key(self) -> tuple[int, int]:
        return (self.gondola, self.shelf)


@dataclass(slots=True)
class Item:
    """One unit: `spot` is None while it is in a hand or on the floor; `owner` is who would pay for it now."""

    ident: int
    product: Product
    grams: float
    width_m: float
    spot: Spot | None
    slant: float  # share of its weight moved from the left half to the right
    owner: str | None = None


class Stock:
    """All items of a store, filled from its planogram.  Products without weight stand nowhere."""

    def __init__(self, store: Store, dynamics: Dynamics, rng: np.random.Generator) -> None:
        self.store, self.dynamics, self._rng = store, dynamics, rng
        self.items: list[Item] = []
        for facing in store.facings:
            self._fill(facing)
        self.start: tuple[tuple[Item, Spot], ...] = tuple((i, i.spot) for i in self.items if i.spot is not None)

    def new_item(self, product: Product, spot: Spot | None = None) -> Item:
        """A fresh unit (from the store room when `spot` is None)."""
        if product.weight_g is None:
            raise ValueError(f"product {product.gtin} ({product.name}) has no weight: it cannot stand on a plate")
        spread = self._rng.uniform(*self.dynamics.weight_spread)
        if product.weight_sigma_g is not None:
            spread = product.weight_sigma_g / product.weight_g
        grams = product.weight_g * (1.0 + float(np.clip(self._rng.normal(0.0, spread), -3 * spread, 3 * spread)))
        slant = self._rng.uniform(-self.dynamics.slant, self.dynamics.slant)
        item = Item(len(self.items) + 1, product, grams, product.width_m or DEFAULT_WIDTH_M, spot, slant)
        self.items.append(item)
        return item

    def _fill(self, facing: Facing) -> None:
        product = self.store.products.get(facing.gtin)
        if product is None or product.weight_g is None:
            return
        width = min(product.width_m or DEFAULT_WIDTH_M, facing.x1_m - facing.x0_m)
        columns = max(1, int((facing.x1_m - facing.x0_m) / (width + 0.002)))
        pitch = (facing.x1_m - facing.x0_m) / columns
        deep = self.store.shelf_at[(facing.gondola, facing.shelf)].depth_m
        low, high = self.dynamics.rows
        rows = self._rng.integers(low, high + 1, columns)
        rows[self._rng.integers(columns)] += 1  # no facing starts sold out
        for column, count in enumerate(rows):
            play = max(0.0, (pitch - width) / 2)
            pulled = self._rng.uniform(0.0, 0.06)  # how well the front was faced up
            for row in range(int(count)):
                x = facing.x0_m + pitch * (column + 0.5) + self._rng.uniform(-play, play)
                depth = min(deep - 0.03, 0.04 + pulled + row * min(0.09, width + 0.01))
                self.new_item(product, Spot(facing.gondola, facing.shelf, float(x), float(depth)))

    def standing(self, gtin: str | None = None, facing: Facing | None = None) -> list[Item]:
        """Items on shelves: of one product, and inside one facing, where asked; front ones first."""
        found = []
        for item in self.items:
            if item.spot is None or (gtin is not None and item.product.gtin != gtin):
                continue
            if facing is None or _within(item.spot, facing):
                found.append(item)
        return sorted(found, key=lambda i: (i.spot.depth_m if i.spot else 0.0, i.ident))


def _within(spot: Spot, facing: Facing) -> bool:
    return spot.key == (facing.gondola, facing.shelf) and facing.x0_m - 0.02 <= spot.x_m <= facing.x1_m + 0.02
