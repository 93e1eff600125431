"""What works but badly: the warnings of `aisle check`.

None of it stops a shop from opening; each makes receipts less sure, or an offer worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from aisle.store.geometry import sees
from aisle.store.model import Facing, Product, Shelf, Store
from aisle.store.offers_check import offer_warnings
from aisle.store.problems import Problem, shown
from aisle.store.shelving import GRAZE_M

# Two weights a shelf scale cannot tell apart: about twice the 2.1 g that nine in ten plates of a real store stay
# below (standard deviation at 60 Hz over 5 s), for a difference of two readings.
SCALE_NOISE_G = 5.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A store as read, with the lines its products and facings stand on (facings in the store's order).

    `shelved`: there is a layout or a planogram; `zoned`: the shop says in which time zone it is.
    """

    store: Store
    product_lines: dict[str, int]
    facing_lines: tuple[int, ...]
    pictured: tuple[str, ...]
    shelved: bool = True
    zoned: bool = True


def warnings_of(draft: Draft) -> tuple[Problem, ...]:
    """All warnings: about goods and shelves in order of file and line, then about offers."""
    return (
        *_left_out(draft),
        *_unweighed(draft),
        *_homeless(draft),
        *_out_of_line(draft),
        *_overlapping(draft),
        *_alike(draft),
        *_unseen(draft),
        *_strange_pictures(draft),
        *offer_warnings(draft.store, draft.product_lines),
    )


def alike(a: Product, b: Product) -> bool:
    """Whether a scale may take one for the other: within its noise, or within twice the spread of both."""
    if a.weight_g is None or b.weight_g is None:
        return False
    spread = math.hypot(a.weight_sigma_g or 0.0, b.weight_sigma_g or 0.0)
    return abs(a.weight_g - b.weight_g) <= max(SCALE_NOISE_G, 2.0 * spread)


def _left_out(draft: Draft) -> Iterator[Problem]:
    """What a shop need not say, where it would have mattered."""
    store = draft.store
    dated = any(price.starts or price.ends for price in store.prices)
    dated |= any(p.starts or p.ends or p.windows for p in store.promotions)
    if dated and not draft.zoned:
        expected = "the shop's time zone, such as Europe/Berlin: until then prices and offers start and end in UTC"
        yield Problem("warning", "store.toml", None, "time_zone", "nothing", expected)
    if not draft.shelved and (store.cameras or store.devices):
        expected = "floor and shelves, and planogram.csv: cameras and devices of the shop have nothing to watch"
        yield Problem("warning", "layout.toml", None, None, "no such file", expected)
    named = sorted({p.tax_category for p in store.products.values() if p.tax_category})
    if named and not store.taxes.rates:
        expected = f"rates for what products.csv names ({', '.join(named)}): until then nothing is taxed"
        yield Problem("warning", "tax.toml", None, None, "no rates", expected)


def _unweighed(draft: Draft) -> Iterator[Problem]:
    for gtin, product in draft.store.products.items():
        if product.weight_g is None and not product.sold_by_weight:
            expected = "the weight of one unit in grams, or only cameras and scanners can tell it"
            yield Problem("warning", "products.csv", draft.product_lines[gtin], "weight_g", "nothing", expected)


def _homeless(draft: Draft) -> Iterator[Problem]:
    if not draft.store.shelves:  # a shop with carts only
        return
    placed = {facing.gtin for facing in draft.store.facings}
    for gtin, product in draft.store.products.items():
        if gtin not in placed:
            found = f"no facing for {gtin} ({product.name})"
            expected = "a line in planogram.csv, when the product is on sale"
            yield Problem("warning", "products.csv", draft.product_lines[gtin], "gtin", found, expected)


def _out_of_line(draft: Draft) -> Iterator[Problem]:
    for line, facing in zip(draft.facing_lines, draft.store.facings, strict=True):
        edges = draft.store.shelf_at[facing.gondola, facing.shelf].plate_edges_m
        left, right = edges[facing.plates[0] - 1], edges[facing.plates[-1]]
        if facing.x0_m < left - GRAZE_M or facing.x1_m > right + GRAZE_M:
            found = f"a facing from {facing.x0_m:g} to {facing.x1_m:g} m, wider than its plates"
            yield Problem("warning", "planogram.csv", line, "plates", found, f"within {left:g} to {right:g} m")


def _overlapping(draft: Draft) -> Iterator[Problem]:
    for placed in _by_shelf(draft).values():
        for (_, left), (line, right) in pairwise(placed):
            if right.x0_m < left.x1_m - GRAZE_M:
                found = f"{right.x0_m:g} m, inside the facing of {left.gtin}"
                yield Problem("warning", "planogram.csv", line, "x0_m", found, f"at least {left.x1_m:g} m")


def _alike(draft: Draft) -> Iterator[Problem]:
    """One warning per shelf for each run of products, by weight, that follow one another too closely."""
    for (gondola, shelf), placed in _by_shelf(draft).items():
        line_of: dict[str, int] = {}
        for line, facing in placed:
            line_of[facing.gtin] = max(line, line_of.get(facing.gtin, 0))
        weighed = [p for gtin in line_of if (p := draft.store.products[gtin]).weight_g is not None]
        for run in _runs(sorted(weighed, key=lambda p: (p.weight_g or 0.0, p.gtin))):
            names = ", ".join(f"{p.name} ({p.weight_g:g} g)" for p in run)
            expected = f"products on gondola {gondola}, shelf {shelf} that a scale can tell apart, or a camera there"
            yield Problem("warning", "planogram.csv", max(line_of[p.gtin] for p in run), "gtin", names, expected)


def _runs(products: list[Product]) -> Iterator[list[Product]]:
    run: list[Product] = []
    for product in products:
        if run and not alike(run[-1], product):
            if len(run) > 1:
                yield run
            run = []
        run.append(product)
    if len(run) > 1:
        yield run


def _unseen(draft: Draft) -> Iterator[Problem]:
    store = draft.store
    if not store.cameras:
        return
    top: dict[int, Shelf] = {}
    for shelf in store.shelves:
        top[shelf.gondola] = max(shelf, top.get(shelf.gondola, shelf), key=lambda s: s.origin_m[2])
    for line, facing in zip(draft.facing_lines, store.facings, strict=True):
        shelf = store.shelf_at[facing.gondola, facing.shelf]
        if not any(sees(camera, shelf, facing, shelf is top[shelf.gondola]) for camera in store.cameras):
            found = f"a facing of {facing.gtin} that no camera sees"
            yield Problem("warning", "planogram.csv", line, None, found, "a camera in cameras.toml that looks at it")


def _strange_pictures(draft: Draft) -> Iterator[Problem]:
    known = draft.store.products.keys() | {product.plu for product in draft.store.products.values()}
    for name in draft.pictured:
        if name not in known:
            yield Problem(
                "warning",
                f"images/{shown(name)[1:-1]}",
                None,
                None,
                "pictures of no product",
                "a gtin or plu of products.csv",
            )


def _by_shelf(draft: Draft) -> dict[tuple[int, int], list[tuple[int, Facing]]]:
    """(line, facing) from left to right on each shelf that has any."""
    out: dict[tuple[int, int], list[tuple[int, Facing]]] = {}
    for line, facing in zip(draft.facing_lines, draft.store.facings, strict=True):
        out.setdefault((facing.gondola, facing.shelf), []).append((line, facing))
    return {key: sorted(placed, key=lambda lf: (lf[1].x0_m, lf[1].x1_m, lf[0])) for key, placed in sorted(out.items())}
