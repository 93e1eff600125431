"""What the engine knows of a shelf, and of the whole shop, before anything happens."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from aisle.belief.footprint import (
    Arrangements,
    Footprints,
    Places,
    arrangements,
    columns,
    facing_places,
    footprints,
)
from aisle.belief.priors import Priors
from aisle.store.model import Product, Shelf, Store

FloatArray = npt.NDArray[np.float64]


class Board:
    """One shelf: its tiles, its facings, and where on them each product may stand.

    `facing_of` tells for each product the (shelf index, facing index) pairs
    the planogram gives it.
    """

    def __init__(
        self, store: Store, index: int, shelf: Shelf, facing_of: dict[str, list[tuple[int, int]]], priors: Priors
    ) -> None:
        self.store, self.index, self.shelf, self.priors = store, index, shelf, priors
        self.facings = store.facings_at.get(shelf.key, ())
        self.facing_of = facing_of
        self._places: dict[tuple[int, str], Places] = {}
        self._arrangements: dict[tuple[int, str, int], Arrangements] = {}

    @cached_property
    def prints(self) -> Footprints:
        return footprints(self.shelf)

    @cached_property
    def bins_m(self) -> FloatArray:
        return self.prints.bins_m

    @cached_property
    def cover(self) -> FloatArray:
        """(facings, bins) how probably what stands at each place belongs to each facing; columns sum to one.

        By overlap; a gap between facings belongs to the nearest.
        """
        half = 0.5 * float(np.diff(self.bins_m).mean()) if len(self.bins_m) > 1 else 0.5 * self.shelf.length_m
        lo = np.array([f.x0_m for f in self.facings])[:, None]
        hi = np.array([f.x1_m for f in self.facings])[:, None]
        x = self.bins_m[None]
        over = np.clip(np.minimum(hi, x + half) - np.maximum(lo, x - half), 0.0, None)
        off = np.maximum(np.maximum(lo - x, x - hi), 0.0)
        nearest = (off == off.min(axis=0)).astype(np.float64) if len(self.facings) else off
        over = np.where(over.sum(axis=0) > 0, over, nearest)
        return np.asarray(over / np.maximum(over.sum(axis=0), 1e-12))

    def homes(self, gtin: str | None) -> list[int]:
        """Facings of this shelf the planogram gives to a product."""
        return [f for s, f in self.facing_of.get(gtin or "", ()) if s == self.index]

    def spread(self, product: Product) -> float:
        """Variance of one unit's weight about the catalogue's, g^2."""
        if product.weight_sigma_g is not None:
            return product.weight_sigma_g**2
        return (self.priors.spread * (product.weight_g or 0.0)) ** 2 + self.priors.spread_g**2

    def places(self, facing: int, gtin: str) -> Places:
        key = (facing, gtin)
        found = self._places.get(key)
        if found is None:
            product = self.store.products.get(gtin)
            width = product.width_m if product else None
            if width is None:  # any product nobody measured stands there in the same places
                key = (facing, "")
                found = self._places.get(key)
            if found is None:
                found = facing_places(self.prints, self.facings[facing], width)
            self._places[key] = self._places[facing, gtin] = found
        return found

    def arrangements(self, facing: int, gtin: str, units: int) -> Arrangements:
        """Ways for several units of a facing to stand; facing -1: one unit anywhere on the shelf."""
        key = (facing, gtin if facing >= 0 else "", units)
        found = self._arrangements.get(key)
        if found is None:
            if facing < 0:
                sets = columns(self.prints, self.prints.everywhere, units, few=False)
            else:
                sets = columns(self.prints, self.places(facing, gtin), units)
            found = self._arrangements[key] = arrangements(sets, units)
        return found


class Totals:
    """Counts over the whole shop that priors need, and products by weight."""

    def __init__(self, store: Store) -> None:
        self.shelves = max(1, len(store.shelves))
        self.facings = max(1, len(store.facings))
        self.length_m = max(0.1, sum(s.length_m for s in store.shelves))
        planned = {f.gtin for f in store.facings}
        listed = [p for p in store.products.values() if p.weight_g and p.gtin in planned]
        self.products = max(1, len(listed))
        self._sorted = sorted(listed, key=lambda p: (p.weight_g or 0.0, p.gtin))
        self._weights = np.array([p.weight_g for p in self._sorted])

    def weighing(self, low_g: float, high_g: float) -> list[Product]:
        """Products of the planogram between two weights, lightest first."""
        a, b = np.searchsorted(self._weights, [low_g, high_g])
        return self._sorted[a:b]


def boards(store: Store, priors: Priors) -> list[Board]:
    """One board per shelf, in store order."""
    facing_of: dict[str, list[tuple[int, int]]] = {}
    for i, shelf in enumerate(store.shelves):
        for j, f in enumerate(store.facings_at.get(shelf.key, ())):
            facing_of.setdefault(f.gtin, []).append((i, j))
    return [Board(store, i, s, facing_of, priors) for i, s in enumerate(store.shelves)]
