"""What people come for: shopping lists, from a plain model or from real till baskets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.store.model import Store


@dataclass(frozen=True, slots=True)
class Taste:
    """How lists are drawn: `popularity` per product (sums to 1), `sizes` the numbers of products on real lists
    (empty: a geometric-like spread of 1 to 8 with mean about 3)."""

    gtins: tuple[str, ...]
    popularity: tuple[float, ...]
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, store: Store, rng: np.random.Generator, sizes: tuple[int, ...] = ()) -> Taste:
        """A shop's taste: a few favourites and a long tail (Zipf), over products that stand on a plate."""
        faced = {f.gtin for f in store.facings}
        gtins = tuple(sorted(g for g in faced if g in store.products and store.products[g].weight_g is not None))
        if not gtins:
            raise ValueError(f"store {store.name}: no facing shows a product with a weight, nothing can be simulated")
        rank = rng.permutation(len(gtins)) + 1.0
        weight = 1.0 / rank**0.6
        return cls(gtins, tuple(weight / weight.sum()), sizes)

    def shopping_list(self, rng: np.random.Generator) -> dict[str, int]:
        """gtin -> quantity: one to eight products, mostly one of each."""
        sizes = self.sizes or (1 + int(rng.negative_binomial(2, 0.5)),)
        size = min(max(1, sizes[int(rng.integers(len(sizes)))]), 8, len(self.gtins))
        chosen = rng.choice(len(self.gtins), size, replace=False, p=np.asarray(self.popularity))
        quantity = {0: 1, 1: 2, 2: 3}
        return {self.gtins[i]: quantity[int(rng.choice(3, p=[0.8, 0.16, 0.04]))] for i in chosen}


def basket_sizes(path: Path) -> tuple[int, ...]:
    """Numbers of articles in real till baskets: a CSV with one basket per line.

    Raises FileNotFoundError when the file is not there and ValueError when it holds no basket.
    """
    with path.open(newline="", encoding="utf-8") as lines:
        sizes = tuple(len([cell for cell in row if cell.strip()]) for row in csv.reader(lines))
    sizes = tuple(n for n in sizes if n)
    if not sizes:
        raise ValueError(f"{path}: no basket found; one basket per line, articles separated by commas, would be right")
    return sizes
