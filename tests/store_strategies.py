"""Random but sound stores for property tests."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from aisle.store.codes import in_store_gtin
from aisle.store.model import Camera, Device, Facing, Gate, Policies, Product, Promotion, Shelf, Store, Tax, Zone
from aisle.store.promotions_file import KINDS
from aisle.store.shelving import even_edges

names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12).map(str.strip)
filled = names.filter(bool)
metres = st.floats(-50, 50)
positive = st.floats(0.001, 50)
points = st.tuples(metres, metres)
triples = st.tuples(metres, metres, metres)
outlines = st.lists(points, min_size=3, max_size=5).map(tuple)
days = st.none() | st.dates().map(lambda day: day.isoformat())
rotations = st.sampled_from([0.0, math.radians(-90), math.pi, math.radians(12.5)]) | st.floats(-6, 6)
even = st.builds(even_edges, st.integers(1, 12), st.sampled_from([0.05, 0.1, 0.125, 1 / 3]))
uneven = st.lists(metres, min_size=2, max_size=6, unique=True).map(lambda edges: tuple(sorted(edges)))


def unique_ids(count: int) -> st.SearchStrategy[list[str]]:
    return st.lists(filled, max_size=count, unique=True)


def gates(name: str) -> st.SearchStrategy[Gate]:
    kinds = st.sampled_from(["entry", "exit", "both"])
    return st.builds(Gate, st.just(name), kinds, st.just((0.0, 0.5)), points.filter(lambda point: point[0] > 0))


def zones(name: str) -> st.SearchStrategy[Zone]:
    return st.builds(Zone, st.just(name), st.sampled_from(["sales", "staff", "stock"]), outlines)


@st.composite
def products(draw: st.DrawFn, tax_categories: list[str]) -> dict[str, Product]:
    numbers = draw(st.lists(st.integers(0, 10**9 - 1), max_size=5, unique=True))
    codes = [in_store_gtin(number) for number in numbers] + draw(st.sampled_from([[], ["4011", "local-bun"]]))
    return {
        code: Product(
            gtin=code,
            name=draw(filled),
            weight_g=draw(st.none() | st.floats(0.01, 50_000)),
            price_minor=draw(st.integers(0, 10**8)),
            brand=draw(names),
            category=draw(names),
            tax_category=draw(st.sampled_from(["", *tax_categories])),
            weight_sigma_g=draw(st.none() | st.floats(0, 500)),
            sold_by_weight=draw(st.booleans()),
            minimum_age=draw(st.integers(0, 21)),
            deposit_minor=draw(st.integers(0, 500)),
            width_m=draw(st.none() | st.floats(0.001, 2)),
        )
        for code in codes
    }


@st.composite
def shelves(draw: st.DrawFn) -> tuple[Shelf, ...]:
    keys = sorted(draw(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=5)))
    corner, rotation, depth, edges = draw(points), draw(rotations), draw(positive), draw(even)
    return tuple(
        Shelf(
            gondola=gondola,
            shelf=shelf,
            origin_m=(*draw(st.just(corner) | points), draw(metres)),
            rotation_rad=draw(st.just(rotation) | rotations),
            depth_m=draw(st.just(depth) | positive),
            plate_edges_m=draw(st.just(edges) | even | uneven),
        )
        for gondola, shelf in keys
    )


@st.composite
def facings(draw: st.DrawFn, gtins: list[str], on: list[Shelf]) -> tuple[Facing, ...]:
    out = []
    for _ in range(draw(st.integers(0, 5)) if gtins and on else 0):
        shelf = draw(st.sampled_from(on))
        x0, x1 = sorted(draw(st.lists(metres, min_size=2, max_size=2, unique=True)))
        plates = tuple(sorted(draw(st.sets(st.integers(1, shelf.plate_count), min_size=1))))
        out.append(Facing(draw(st.sampled_from(gtins)), shelf.gondola, shelf.shelf, x0, x1, plates))
    return tuple(out)


@st.composite
def cameras(draw: st.DrawFn) -> tuple[Camera, ...]:
    distortions = st.sampled_from([0, 4, 5, 8]).flatmap(lambda n: st.lists(metres, min_size=n, max_size=n)).map(tuple)
    sizes = st.tuples(st.integers(1, 8000), st.integers(1, 8000))
    lenses, turns = st.tuples(positive, positive), triples
    return tuple(
        Camera(
            name, draw(filled), draw(sizes), draw(lenses), draw(points), draw(triples), draw(turns), draw(distortions)
        )
        for name in draw(unique_ids(3))
    )


@st.composite
def stores(draw: st.DrawFn) -> Store:
    """A store that a folder can hold: shelves in order, codes and ids unique, every reference met."""
    rates = draw(st.dictionaries(filled, st.decimals(0, 1, places=4), max_size=3))
    goods = draw(products(sorted(rates)))
    boards = draw(shelves())
    gondolas = [None, *sorted({board.gondola for board in boards})]
    kinds: st.SearchStrategy[Any] = st.sampled_from(["tracker", "scanner", "gate"])
    return Store(
        name=draw(filled),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD", "USD"])),
        time_zone=draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
        products=goods,
        shelves=boards,
        facings=draw(facings(list(goods), list(boards))),
        gates=tuple(draw(gates(name)) for name in draw(unique_ids(3))),
        floor_m=draw(st.just(()) | outlines),
        staff=frozenset(draw(unique_ids(3))),
        zones=tuple(draw(zones(name)) for name in draw(unique_ids(2))),
        cameras=draw(cameras()),
        devices=tuple(
            Device(name, draw(kinds), draw(filled), draw(st.sampled_from(gondolas))) for name in draw(unique_ids(3))
        ),
        promotions=tuple(
            Promotion(
                name,
                draw(filled),
                draw(st.sampled_from(KINDS)),
                tuple(draw(st.lists(st.sampled_from(list(goods)), max_size=2))) if goods else (),
                *sorted((draw(days), draw(days)), key=lambda day: day or ""),
            )
            for name in draw(unique_ids(2))
        ),
        tax=Tax(draw(st.booleans()), {name: Decimal(rate) for name, rate in rates.items()}),
        policies=Policies(draw(st.sampled_from(["lifter", "holder"])), *draw(st.tuples(*[st.booleans()] * 3))),
    )
