"""Shops drawn at random, so that what learns from pictures does not learn one shop by heart.

A room of 4 to 12 metres with gondolas along its walls and back to back between them; families of products that look
alike (one brand, several kinds, sometimes two sizes) on boards at heights that differ from shop to shop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aisle.simulation.floor import BODY_M, Floor
from aisle.store.codes import in_store_gtin
from aisle.store.model import Facing, Gate, Product, Shelf, Store
from aisle.store.shelving import even_edges, plates_touched

AISLE_M = 1.15
"""People pass each other in this: no two fronts stand nearer."""
_TRIES = 60

Size = tuple[str, float, float]
"""How the pack says its size, grams, metres of shelf it takes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of products: one thing in several sorts and sizes."""

    category: str
    thing: str
    sorts: tuple[str, ...]
    sizes: tuple[Size, ...]


BRANDS = (
    "Brook & Fell", "Kestrel", "Old Orchard", "Leaf & Lake", "Nine Mills", "Tin Lantern", "Casa Vereda", "Marlow",
    "Harbour Lane", "Millwright", "Frost & Son", "Far Terrace", "Dairy Row", "Clearwell", "Alder", "Pomona",
    "Ravenhill", "Sol y Sal", "Tidewater", "Juniper & Co", "Bluebird", "Hearth", "Lumen", "Oaktree",
)  # fmt: skip

KINDS = (
    Kind("drinks", "water", ("Still", "Sparkling", "Lemon"), (("0.5 l", 524, 0.065), ("1.5 l", 1538, 0.09))),
    Kind("drinks", "can", ("Cola", "Cola zero", "Orange", "Lemon"), (("330 ml", 348, 0.066),)),
    Kind("drinks", "juice", ("Apple", "Orange", "Grape", "Tomato"), (("1 l", 1075, 0.072), ("0.3 l", 330, 0.06))),
    Kind("drinks", "iced tea", ("Peach", "Lemon", "Green"), (("0.5 l", 538, 0.065),)),
    Kind("drinks", "energy drink can", ("Red", "Blue", "Light"), (("250 ml", 272, 0.055),)),
    Kind("beer and wine", "lager can", ("Pale", "Dark", "Free"), (("0.5 l", 521, 0.066),)),
    Kind("beer and wine", "wine", ("Red", "White", "Rosé"), (("0.75 l", 1243, 0.076),)),
    Kind("beer and wine", "ale", ("Pale", "Amber"), (("0.33 l", 562, 0.062),)),
    Kind("snacks", "crisps", ("Salted", "Paprika", "Vinegar"), (("150 g", 163, 0.16), ("90 g", 101, 0.13))),
    Kind("snacks", "peanuts", ("Roasted", "Spicy", "Honey"), (("200 g", 209, 0.11),)),
    Kind("snacks", "crackers", ("Plain", "Sesame", "Rye"), (("200 g", 222, 0.10),)),
    Kind("sweets", "chocolate", ("Milk", "Dark", "Hazelnut", "White"), (("100 g", 107, 0.08),)),
    Kind("sweets", "muesli bar", ("Apple", "Nut", "Cocoa"), (("30 g", 32, 0.045),)),
    Kind("sweets", "fruit gums", ("Sour", "Sweet"), (("200 g", 207, 0.12),)),
    Kind("sweets", "biscuits", ("Butter", "Oat", "Ginger"), (("200 g", 228, 0.09),)),
    Kind("pantry", "tin", ("Chickpeas", "Kidney beans", "Sweetcorn", "Tomatoes"), (("400 g", 468, 0.074),)),
    Kind("pantry", "pasta", ("Spaghetti", "Penne", "Fusilli"), (("500 g", 510, 0.10),)),
    Kind("pantry", "rice", ("Basmati", "Jasmine", "Brown"), (("1 kg", 1014, 0.12),)),
    Kind("pantry", "cereal", ("Corn", "Oat", "Choco"), (("375 g", 430, 0.19), ("500 g", 560, 0.2))),
    Kind("pantry", "olive oil", ("Mild", "Extra virgin"), (("0.5 l", 893, 0.07),)),
    Kind("pantry", "jam", ("Strawberry", "Apricot", "Cherry"), (("340 g", 553, 0.075),)),
    Kind("pantry", "coffee", ("Strong", "Mild", "Decaf"), (("500 g", 520, 0.095),)),
    Kind("pantry", "tea", ("Green", "Black", "Mint"), (("20 bags", 52, 0.07),)),
    Kind("chilled", "milk", ("Whole", "Skimmed", "Oat"), (("1 l", 1050, 0.072),)),
    Kind("chilled", "yoghurt", ("Plain", "Cherry", "Vanilla"), (("150 g", 164, 0.07), ("500 g", 530, 0.10))),
    Kind("chilled", "butter", ("Salted", "Unsalted"), (("250 g", 254, 0.075),)),
    Kind("chilled", "sandwich", ("Ham", "Cheese", "Egg"), (("1 piece", 176, 0.12),)),
    Kind("household", "washing-up liquid", ("Lemon", "Aloe"), (("0.5 l", 546, 0.08),)),
    Kind("household", "hand soap", ("Rose", "Pine"), (("250 ml", 281, 0.065),)),
    Kind("household", "tissues", ("Soft", "Extra soft"), (("10 packs", 236, 0.11),)),
    Kind("household", "batteries", ("AA", "AAA"), (("4 pieces", 101, 0.085),)),
    Kind("household", "toothpaste", ("Mint", "White"), (("75 ml", 104, 0.05),)),
    Kind("household", "detergent", ("Colour", "White"), (("1.5 l", 1650, 0.13),)),
)


def random_shop(rng: np.random.Generator, name: str = "Random shop") -> Store:
    """A shop of 4 to 12 m with 2 to 8 gondolas in which every front can be reached from the door.

    Raises ValueError when no draw of many gives such a shop (which does not happen by the odds).
    """
    products = _products(rng)
    for _ in range(_TRIES):
        store = _shop(rng, name, products)
        if _walkable(store):
            return store
    raise ValueError(f"{name}: no layout of {_TRIES} leaves a way from the door to every shelf")


def _products(rng: np.random.Generator) -> dict[str, Product]:
    """Ten to sixteen families; a family shares brand, thing and size."""
    products: dict[str, Product] = {}
    for k in rng.permutation(len(KINDS))[: int(rng.integers(10, 17))]:
        kind, brand = KINDS[int(k)], BRANDS[int(rng.integers(len(BRANDS)))]
        sizes = kind.sizes[: 1 + int(rng.random() < 0.5)]
        stretch = float(rng.uniform(0.88, 1.15))
        for text, grams, width in sizes:
            for sort in kind.sorts[: int(rng.integers(1, len(kind.sorts) + 1))]:
                gtin = in_store_gtin(int(rng.integers(10**8, 10**9)))
                products[gtin] = Product(
                    gtin=gtin,
                    name=f"{sort} {kind.thing} {text}",
                    weight_g=round(grams * float(rng.uniform(0.97, 1.03)), 1),
                    price_minor=int(rng.integers(5, 90)) * 10 + 9,
                    brand=brand,
                    category=kind.category,
                    weight_sigma_g=round(max(0.4, 0.004 * grams), 2),
                    width_m=round(width * stretch, 3),
                )
    return products


def _shop(rng: np.random.Generator, name: str, products: dict[str, Product]) -> Store:
    wide, deep = float(rng.uniform(4.0, 12.0)), float(rng.uniform(4.0, 10.0))
    depth = float(rng.uniform(0.32, 0.5))
    runs = _runs(wide, deep, depth, rng)[: int(rng.integers(2, 9))]
    shelves: list[Shelf] = []
    for number, (corner, degrees, length, wall) in enumerate(runs, start=1):
        plate = float(rng.choice([0.08, 0.1, 0.12, 0.15, 0.2]))
        edges = even_edges(max(4, int(length / plate)), plate)
        for place, height in enumerate(_heights(wall, rng), start=1):
            shelves.append(Shelf(number, place, (*corner, height), math.radians(degrees), depth, edges))
    span = sorted(rng.uniform(0.3, wide - 1.2, 2))
    way_in, way_out = (float(span[0]), float(span[1])) if rng.random() < 0.5 else (float(span[1]), float(span[0]))
    return Store(
        name=name,
        currency="EUR",
        time_zone="Europe/Berlin",
        products=products,
        shelves=tuple(shelves),
        facings=tuple(f for shelf in shelves for f in _facings(shelf, list(products.values()), rng)),
        gates=(
            Gate("entrance", "entry", (way_in, 0.0), (way_in + 0.9, 0.0)),
            Gate("way-out", "exit", (way_out, 0.0), (way_out + 0.9, 0.0)),
        ),
        floor_m=((0.0, 0.0), (wide, 0.0), (wide, deep), (0.0, deep)),
    )


Run = tuple[tuple[float, float], float, float, bool]
"""Left front corner, turn in degrees, length, whether it stands at a wall."""


def _runs(wide: float, deep: float, depth: float, rng: np.random.Generator) -> list[Run]:
    """Gondolas along three walls (the door is in the fourth) and back to back in the middle, in random order."""
    runs: list[Run] = []
    room = depth + 0.55
    if rng.random() < 0.9:
        length = float(rng.uniform(0.55, 1.0)) * (wide - 2 * room)
        x = float(rng.uniform(room, wide - room - length))
        runs.append(((x, deep - depth - 0.02), 0.0, length, True))
    for right in (False, True):
        if rng.random() < 0.7 or (right and len(runs) < 2):
            length = float(rng.uniform(0.55, 1.0)) * (deep - room - 1.3)
            y = float(rng.uniform(1.3, deep - room - length))
            runs.append(((wide - depth - 0.02, y + length), -90.0, length, True) if right else
                        ((depth + 0.02, y), 90.0, length, True))  # fmt: skip
    low_x, high_x = depth + AISLE_M, wide - depth - AISLE_M
    low_y, high_y = 1.4, deep - depth - AISLE_M
    gap = float(rng.uniform(AISLE_M, 1.7))
    if rng.random() < 0.5:
        y = low_y + depth
        while y + depth <= high_y and high_x - low_x > 1.0:
            length = float(rng.uniform(0.6, 1.0)) * (high_x - low_x)
            x = float(rng.uniform(low_x, high_x - length))
            runs += [((x, y - depth), 0.0, length, False), ((x + length, y + depth), 180.0, length, False)]
            y += 2 * depth + gap
    else:
        x = low_x + depth
        while x + depth <= high_x and high_y - low_y > 1.0:
            length = float(rng.uniform(0.6, 1.0)) * (high_y - low_y)
            y = float(rng.uniform(low_y, high_y - length))
            runs += [((x + depth, y), 90.0, length, False), ((x - depth, y + length), -90.0, length, False)]
            x += 2 * depth + gap
    return runs


def _heights(wall: bool, rng: np.random.Generator) -> tuple[float, ...]:
    """Boards from the floor upwards (metres): high at walls, mostly low between aisles."""
    top = float(rng.uniform(1.3, 1.85)) if wall or rng.random() < 0.3 else float(rng.uniform(0.8, 1.45))
    lowest = float(rng.uniform(0.12, 0.35))
    count = max(2, round((top - lowest) / float(rng.uniform(0.28, 0.42))) + 1)
    return tuple(round(float(h), 3) for h in np.linspace(lowest, top, count))


def _facings(shelf: Shelf, products: list[Product], rng: np.random.Generator) -> list[Facing]:
    """Fill a board from left to right; neighbours often come from one family, as in shops."""
    facings: list[Facing] = []
    x, at = float(rng.uniform(0.0, 0.06)), int(rng.integers(len(products)))
    while True:
        at = (at + 1) % len(products) if rng.random() < 0.65 else int(rng.integers(len(products)))
        product = products[at]
        columns = int(rng.integers(1, 6)) if (product.width_m or 0.1) < 0.1 else int(rng.integers(1, 4))
        x0, x1 = round(x, 3), round(x + columns * ((product.width_m or 0.1) + 0.004), 3)
        if x1 > shelf.length_m:
            return facings
        facings.append(Facing(product.gtin, *shelf.key, x0, x1, plates_touched(shelf.plate_edges_m, x0, x1)))
        x = x1 + float(rng.choice([0.0, 0.01, 0.02, 0.15], p=[0.3, 0.35, 0.3, 0.05]))


def _walkable(store: Store) -> bool:
    """Is there a way from the door to the front of every gondola, and to the way out?"""
    floor = Floor.of(store)
    door, way_out = (((g.a_m[0] + g.b_m[0]) / 2, 0.35) for g in store.gates)
    if len(floor.fixtures) < 2 or len(store.facings) < 8:
        return False
    goals = [way_out]
    for shelf in {s.gondola: s for s in store.shelves}.values():
        for share in (0.1, 0.5, 0.9):
            x, y, _ = shelf.world(share * shelf.length_m, -0.45)
            goals.append((x, y))
    if any(float(floor.clearance(np.array(g))) < BODY_M or not floor.inside(g) for g in (door, *goals)):
        return False
    try:
        for goal in goals:
            floor.route(door, goal)
    except ValueError:
        return False
    return True
