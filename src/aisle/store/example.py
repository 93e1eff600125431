"""A corner shop that does not exist: the example `aisle new` writes and the demo simulates.

Three gondolas in a room of 7 m by 6 m. It is small, but has what makes a shop hard: products of nearly equal weight
side by side, light sweets and heavy bottles, facings that do not end where plates end, products in two places and
gondolas that do not all look the same way. Brands are invented; codes are in-store GTINs (prefix 200).
"""

from __future__ import annotations

import math

from aisle.store.codes import in_store_gtin
from aisle.store.example_offers import example_prices, example_promotions, example_taxes
from aisle.store.model import Facing, Gate, Product, Shelf, Store, Zone
from aisle.store.shelving import even_edges, plates_touched

PLATE_WIDTH_M = 0.1
SHELF_DEPTH_M = 0.4

# number, name, brand, category, price in cents, grams, spread in grams, width in metres
_PRODUCTS: tuple[tuple[int, str, str, str, int, float, float, float], ...] = (
    (101, "Still water 0.5 l", "Brook & Fell", "drinks", 79, 524.0, 1.5, 0.065),
    (102, "Sparkling water 0.5 l", "Brook & Fell", "drinks", 79, 526.0, 1.5, 0.065),
    (103, "Still water 1.5 l", "Brook & Fell", "drinks", 119, 1538.0, 3.0, 0.09),
    (104, "Cola can 330 ml", "Kestrel", "drinks", 99, 348.0, 1.0, 0.066),
    (105, "Cola zero can 330 ml", "Kestrel", "drinks", 99, 344.5, 1.0, 0.066),
    (106, "Orange lemonade can 330 ml", "Kestrel", "drinks", 99, 351.5, 1.0, 0.066),
    (107, "Apple juice 1 l", "Old Orchard", "drinks", 219, 1072.0, 2.5, 0.072),
    (108, "Orange juice 1 l", "Old Orchard", "drinks", 249, 1081.0, 2.5, 0.072),
    (109, "Iced tea peach 0.5 l", "Leaf & Lake", "drinks", 149, 538.0, 1.5, 0.065),
    (110, "Cold brew coffee 250 ml", "Nine Mills", "drinks", 229, 287.0, 1.5, 0.06),
    (111, "Ginger shot 60 ml", "Old Orchard", "drinks", 199, 92.0, 0.8, 0.045),
    (112, "Pale ale 0.33 l", "Tin Lantern", "beer and wine", 189, 562.0, 4.0, 0.062),
    (113, "Lager 0.5 l can", "Tin Lantern", "beer and wine", 149, 521.0, 1.2, 0.066),
    (114, "Red wine 0.75 l", "Casa Vereda", "beer and wine", 699, 1243.0, 9.0, 0.076),
    (201, "Salted crisps 150 g", "Harbour Lane", "snacks", 189, 163.0, 2.0, 0.16),
    (202, "Paprika crisps 150 g", "Harbour Lane", "snacks", 189, 164.0, 2.0, 0.16),
    (203, "Roasted peanuts 200 g", "Harbour Lane", "snacks", 229, 209.0, 1.5, 0.11),
    (204, "Pretzel sticks 175 g", "Millwright", "snacks", 119, 186.0, 1.5, 0.1),
    (205, "Rice cakes 100 g", "Millwright", "snacks", 139, 112.0, 1.2, 0.1),
    (206, "Trail mix 150 g", "Harbour Lane", "snacks", 279, 158.0, 1.5, 0.11),
    (301, "Milk chocolate 100 g", "Marlow", "sweets", 149, 107.0, 0.7, 0.08),
    (302, "Dark chocolate 100 g", "Marlow", "sweets", 169, 106.0, 0.7, 0.08),
    (303, "Hazelnut bar 45 g", "Marlow", "sweets", 99, 47.5, 0.5, 0.05),
    (304, "Muesli bar apple 30 g", "Millwright", "sweets", 79, 31.5, 0.5, 0.045),
    (305, "Muesli bar nut 30 g", "Millwright", "sweets", 79, 32.5, 0.5, 0.045),
    (306, "Peppermints 30 g", "Frost & Son", "sweets", 89, 34.0, 0.4, 0.04),
    (307, "Fruit gums 200 g", "Frost & Son", "sweets", 129, 207.0, 1.5, 0.12),
    (308, "Butter biscuits 200 g", "Millwright", "sweets", 199, 228.0, 2.0, 0.09),
    (401, "Spaghetti 500 g", "Casa Vereda", "pantry", 139, 509.0, 2.0, 0.085),
    (402, "Penne 500 g", "Casa Vereda", "pantry", 139, 511.0, 2.0, 0.11),
    (403, "Basmati rice 1 kg", "Far Terrace", "pantry", 329, 1014.0, 3.0, 0.12),
    (404, "Tomato passata 700 g", "Casa Vereda", "pantry", 189, 1043.0, 6.0, 0.085),
    (405, "Chickpeas 400 g tin", "Far Terrace", "pantry", 109, 468.0, 1.5, 0.074),
    (406, "Kidney beans 400 g tin", "Far Terrace", "pantry", 109, 466.0, 1.5, 0.074),
    (407, "Olive oil 0.5 l", "Casa Vereda", "pantry", 799, 893.0, 5.0, 0.07),
    (408, "Strawberry jam 340 g", "Old Orchard", "pantry", 299, 553.0, 3.0, 0.075),
    (409, "Honey 500 g", "Old Orchard", "pantry", 549, 742.0, 4.0, 0.082),
    (410, "Oats 500 g", "Millwright", "pantry", 119, 518.0, 2.0, 0.1),
    (411, "Ground coffee 500 g", "Nine Mills", "pantry", 649, 519.5, 2.0, 0.095),
    (412, "Green tea 20 bags", "Leaf & Lake", "pantry", 229, 52.0, 0.8, 0.07),
    (501, "Whole milk 1 l", "Dairy Row", "chilled", 129, 1051.0, 2.5, 0.072),
    (502, "Oat drink 1 l", "Leaf & Lake", "chilled", 199, 1046.0, 2.5, 0.072),
    (503, "Plain yoghurt 150 g", "Dairy Row", "chilled", 59, 163.5, 1.0, 0.07),
    (504, "Cherry yoghurt 150 g", "Dairy Row", "chilled", 69, 165.0, 1.0, 0.07),
    (505, "Butter 250 g", "Dairy Row", "chilled", 259, 254.0, 0.8, 0.075),
    (506, "Ham sandwich", "Nine Mills", "chilled", 349, 178.0, 5.0, 0.12),
    (507, "Cheese sandwich", "Nine Mills", "chilled", 329, 174.0, 5.0, 0.12),
    (508, "Hummus 200 g", "Far Terrace", "chilled", 249, 219.0, 1.5, 0.1),
    (601, "Toothpaste 75 ml", "Clearwell", "household", 189, 104.0, 0.8, 0.05),
    (602, "Hand soap 250 ml", "Clearwell", "household", 229, 281.0, 1.5, 0.065),
    (603, "Washing-up liquid 0.5 l", "Clearwell", "household", 199, 546.0, 2.5, 0.08),
    (604, "Paper tissues 10 packs", "Clearwell", "household", 249, 236.0, 3.0, 0.11),
    (605, "AA batteries 4", "Kestrel", "household", 499, 101.0, 0.6, 0.085),
    (606, "Matches 3 boxes", "Tin Lantern", "household", 99, 31.0, 0.6, 0.055),
)

_STANDARD_TAX = frozenset({"drinks", "beer and wine", "household"})
_ALSO_STANDARD_TAX = frozenset({502})  # a drink of oats is no milk, and no food, to the tax office
_DEPOSITS = {101: 25, 102: 25, 103: 25, 104: 25, 105: 25, 106: 25, 109: 25, 112: 8, 113: 25}

# gondola -> left front corner, rotation in degrees, plates, board heights from the floor upwards
_GONDOLAS: dict[int, tuple[tuple[float, float], float, int, tuple[float, ...]]] = {
    1: ((1.4, 5.5), 0.0, 12, (0.3, 0.62, 0.94, 1.26, 1.58)),
    2: ((6.5, 4.6), -90.0, 10, (0.3, 0.62, 0.94, 1.26, 1.58)),
    3: ((4.2, 2.9), 180.0, 12, (0.35, 0.75, 1.15, 1.5)),
}

# (gondola, shelf) -> article number and columns side by side, from left to right
_FACINGS: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (1, 1): ((103, 6), (107, 3), (108, 3)),
    (1, 2): ((101, 5), (102, 5), (109, 5)),
    (1, 3): ((104, 6), (105, 5), (106, 5)),
    (1, 4): ((113, 5), (112, 5), (110, 4), (111, 5)),
    (1, 5): ((114, 6), (407, 4), (101, 4)),
    (2, 1): ((501, 6), (502, 6)),
    (2, 2): ((503, 4), (504, 4), (505, 4)),
    (2, 3): ((506, 3), (507, 3), (508, 2)),
    (2, 4): ((303, 4), (304, 4), (305, 4), (306, 3), (301, 3)),
    (2, 5): ((605, 3), (601, 4), (606, 3), (602, 4)),
    (3, 1): ((403, 3), (404, 4), (603, 4), (604, 1)),
    (3, 2): ((401, 3), (402, 3), (405, 3), (406, 3), (411, 1)),
    (3, 3): ((408, 3), (409, 3), (410, 2), (412, 3), (411, 2)),
    (3, 4): ((201, 1), (202, 1), (203, 1), (204, 1), (205, 1), (206, 1), (301, 1), (302, 1), (307, 1), (308, 1)),
}


def example_store() -> Store:
    """The corner shop: 54 products, 3 gondolas, 14 shelves, 158 plates, one gate in and one out."""
    shelves = _shelves()
    products = _products()
    return Store(
        name="Corner Shop",
        currency="EUR",
        time_zone="Europe/Berlin",
        products=products,
        shelves=shelves,
        facings=tuple(facing for shelf in shelves for facing in _facings(shelf, products)),
        gates=(
            Gate("entrance", "entry", (0.8, 0.0), (1.8, 0.0)),
            Gate("way-out", "exit", (2.6, 0.0), (3.6, 0.0)),
        ),
        floor_m=((0.0, 0.0), (7.0, 0.0), (7.0, 6.0), (0.0, 6.0)),
        zones=(Zone("back-room", "staff", ((4.8, 0.0), (7.0, 0.0), (7.0, 1.2), (4.8, 1.2))),),
        prices=example_prices(),
        promotions=example_promotions(),
        taxes=example_taxes(),
    )


def _products() -> dict[str, Product]:
    return {
        in_store_gtin(number): Product(
            gtin=in_store_gtin(number),
            name=name,
            weight_g=grams,
            price_minor=cents,
            brand=brand,
            category=category,
            tax_category="standard" if category in _STANDARD_TAX or number in _ALSO_STANDARD_TAX else "reduced",
            weight_sigma_g=spread,
            minimum_age=16 if category == "beer and wine" else 0,
            deposit_minor=_DEPOSITS.get(number, 0),
            width_m=width,
        )
        for number, name, brand, category, cents, grams, spread, width in _PRODUCTS
    }


def _shelves() -> tuple[Shelf, ...]:
    return tuple(
        Shelf(gondola, place, (x, y, height), math.radians(degrees), SHELF_DEPTH_M, even_edges(plates, PLATE_WIDTH_M))
        for gondola, ((x, y), degrees, plates, heights) in _GONDOLAS.items()
        for place, height in enumerate(heights, start=1)
    )


def _facings(shelf: Shelf, products: dict[str, Product]) -> tuple[Facing, ...]:
    """Stand the shelf's products side by side and share the room left over equally between them."""
    wanted = [(products[in_store_gtin(number)], columns) for number, columns in _FACINGS[shelf.key]]
    widths = [columns * (product.width_m or 0.0) for product, columns in wanted]
    gap = (shelf.length_m - sum(widths)) / len(widths)
    facings = []
    x = gap / 2
    for (product, _), width in zip(wanted, widths, strict=True):
        x0, x1 = round(x, 3), round(x + width, 3)
        facings.append(Facing(product.gtin, *shelf.key, x0, x1, plates_touched(shelf.plate_edges_m, x0, x1)))
        x += width + gap
    return tuple(facings)
