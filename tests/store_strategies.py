"""Random but sound stores for property tests."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from aisle.store.barcodes.rules import NumberRule
from aisle.store.codes import in_store_gtin
from aisle.store.model import (
    Camera,
    CartAttributes,
    Container,
    Device,
    Facing,
    Gate,
    Policies,
    Product,
    Shelf,
    Store,
    Zone,
)
from aisle.store.offers import (
    AmountOff,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Part,
    Percent,
    Price,
    Promotion,
    Taxes,
    TaxRate,
    Threshold,
    Window,
)
from aisle.store.shelving import even_edges

names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12).map(str.strip)
filled = names.filter(bool)
metres = st.floats(-50, 50)
positive = st.floats(0.001, 50)
points = st.tuples(metres, metres)
triples = st.tuples(metres, metres, metres)
outlines = st.lists(points, min_size=3, max_size=5).map(tuple)
days = st.none() | st.dates()
spans = st.tuples(days, days).map(
    lambda span: tuple(sorted(span, key=lambda day: day or dt.date.min)) if None not in span else span
)
moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2199, 12, 31)) | st.dates(
    dt.date(1970, 1, 1), dt.date(2199, 12, 31)
).map(lambda day: dt.datetime.combine(day, dt.time()))
shares = st.decimals(Decimal("0.0001"), 1, places=4)
amounts = st.integers(0, 10**8)
counts = st.integers(1, 9)
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


def cart_attributes() -> st.SearchStrategy[CartAttributes]:
    named = filled.map(lambda name: name.replace("=", "-").replace(";", "-"))
    boxes = st.lists(st.builds(Container, named, st.floats(0, 500)), max_size=3, unique_by=lambda box: box.name)
    flags = st.booleans()
    return st.builds(CartAttributes, flags, flags, st.floats(0, 500), boxes.map(tuple), flags, flags)


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
            plu=draw(st.sampled_from(["", f"{50000 + place}"])),
            cart=draw(st.just(CartAttributes()) | cart_attributes()),
        )
        for place, code in enumerate(codes)
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


def subsets(names_: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names_), max_size=2) if names_ else st.just(frozenset())


def goods(sold: dict[str, Product]) -> st.SearchStrategy[Goods]:
    categories = sorted({product.category for product in sold.values() if product.category})
    brands = sorted({product.brand for product in sold.values() if product.brand})
    named, grouped = subsets(list(sold)), subsets(categories)
    return st.builds(Goods, named, grouped, subsets(brands), named, grouped)


def benefits(sold: dict[str, Product]) -> st.SearchStrategy[Any]:
    """Every kind but bundles."""
    reduced = st.builds(Threshold, amounts.filter(bool), amounts.filter(bool)) | st.builds(
        Threshold, amounts.filter(bool), st.none(), shares
    )
    return (
        st.builds(Percent, shares)
        | st.builds(AmountOff, amounts.filter(bool))
        | st.builds(FixedPrice, amounts, st.integers(0, 5000))
        | st.builds(CountForPrice, counts, amounts)
        | st.builds(BuyGet, counts, counts, shares, st.none() | goods(sold))
        | reduced
    )


@st.composite
def windows(draw: st.DrawFn) -> Window:
    opens, closes = sorted(draw(st.lists(st.times(), min_size=2, max_size=2, unique=True)))
    return Window(
        draw(st.frozensets(st.integers(0, 6))),
        draw(st.sampled_from([None, opens])),
        draw(st.sampled_from([None, closes])),
    )


@st.composite
def promotions(draw: st.DrawFn, sold: dict[str, Product]) -> tuple[Promotion, ...]:
    limit = st.none() | counts
    bundles = st.builds(
        Bundle, st.lists(st.builds(Part, counts, goods(sold)), min_size=1, max_size=3).map(tuple), amounts
    )
    kinds = st.tuples(benefits(sold), goods(sold)) | st.tuples(bundles, st.just(Goods()))
    out = []
    for name in draw(unique_ids(3)):
        benefit, named = draw(kinds)
        starts, ends = draw(spans)
        coupon = draw(st.sampled_from([None, f"coupon {name}"]))
        out.append(
            Promotion(
                promotion_id=name,
                name=draw(filled),
                benefit=benefit,
                goods=named,
                starts=starts,
                ends=ends,
                windows=tuple(draw(st.lists(windows(), max_size=2))),
                members=draw(st.booleans()),
                coupon=coupon,
                issuer=draw(st.sampled_from(["shop", "manufacturer"])) if coupon else "shop",
                limits=draw(st.builds(Limits, limit, limit, limit)),
                group=draw(names),
                combines=draw(st.frozensets(filled, max_size=2)),
                exclusive=draw(st.booleans()),
            )
        )
    return tuple(out)


@st.composite
def prices(draw: st.DrawFn, gtins: list[str]) -> tuple[Price, ...]:
    """Dated prices, no two of one product with the same start."""
    keys = st.tuples(st.sampled_from(gtins), st.none() | moments) if gtins else st.nothing()
    out = []
    for gtin, starts in draw(st.lists(keys, max_size=4, unique=True)) if gtins else []:
        minor, member = draw(amounts), draw(st.none() | amounts)
        lasts = draw(st.none() | st.timedeltas(dt.timedelta(seconds=1), dt.timedelta(days=400)))
        ends = None if lasts is None else (starts or dt.datetime(2020, 1, 1)) + lasts
        ends = None if ends is None or ends.year > 2199 else ends
        out.append(Price(gtin, minor, None if member is None else min(minor, member), starts, ends))
    return tuple(out)


@st.composite
def taxes(draw: st.DrawFn) -> Taxes:
    """Up to six rates, no two of one authority on one category with the same start."""
    category = filled.filter(lambda name: name not in ("goods", "none"))
    rates = []
    for name, authority, starts in draw(st.lists(st.tuples(category, names, days), max_size=6, unique=True)):
        lasts = draw(st.none() | st.integers(0, 1000))
        open_end = lasts is None or starts is None or starts.year > 9900
        ends = None if open_end else starts + dt.timedelta(days=lasts)
        rates.append(TaxRate(name, draw(st.decimals(0, 1, places=4)), authority, starts, ends))
    return Taxes(
        included=draw(st.booleans()),
        rates=tuple(rates),
        rounding=draw(st.sampled_from(["line", "rate", "receipt"])),
        deposit_category=draw(st.sampled_from(["", "goods", *(rate.category for rate in rates)])),
        manufacturer_coupons_reduce=draw(st.booleans()),
    )


def rules(ending: str, kinds: tuple[str, ...]) -> st.SearchStrategy[tuple[NumberRule, ...]]:
    patterns = st.sampled_from(["26IIII", "02IIIIII", "98xIIIII"]).map(lambda start: start + ending)
    rule = st.builds(NumberRule, patterns, st.sampled_from(kinds), st.integers(0, 6))
    return st.lists(rule, max_size=2).map(tuple)


@st.composite
def stores(draw: st.DrawFn) -> Store:
    """A store that a folder can hold: shelves in order, codes and ids unique, every reference met."""
    tax = draw(taxes())
    sold = draw(products(sorted({rate.category for rate in tax.rates})))
    boards = draw(shelves())
    gondolas = [None, *sorted({board.gondola for board in boards})]
    kinds: st.SearchStrategy[Any] = st.sampled_from(["tracker", "scanner", "gate"])
    return Store(
        name=draw(filled),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD", "USD"])),
        time_zone=draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
        products=sold,
        shelves=boards,
        facings=draw(facings(list(sold), list(boards))),
        gates=tuple(draw(gates(name)) for name in draw(unique_ids(3))),
        floor_m=draw(st.just(()) | outlines),
        staff=frozenset(draw(unique_ids(3))),
        zones=tuple(draw(zones(name)) for name in draw(unique_ids(2))),
        cameras=draw(cameras()),
        devices=tuple(
            Device(name, draw(kinds), draw(filled), draw(st.sampled_from(gondolas))) for name in draw(unique_ids(3))
        ),
        prices=draw(prices(list(sold))),
        promotions=draw(promotions(sold)),
        taxes=tax,
        policies=Policies(draw(st.sampled_from(["lifter", "holder"])), *draw(st.tuples(*[st.booleans()] * 3))),
        country=draw(st.sampled_from(["", "DE", "US"])),
        number_rules=draw(rules("VVVVK", ("price", "kg", "lb", "count"))),
        sticker_rules=draw(rules("xVVK", ("percent", "price"))),
    )
