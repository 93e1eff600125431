"""`products.csv`: what the shop sells, and what its carts have to know of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from aisle.store.barcodes.numbers import same_number
from aisle.store.codes import DIGITS, PLU_LENGTHS, code_fault
from aisle.store.model import CartAttributes, Container, Product
from aisle.store.prices import format_amount
from aisle.store.problems import Findings, shown
from aisle.store.table import NUMBER, Row, optional, read_table, write_table
from aisle.store.toml_in import clean

FILE = "products.csv"
REQUIRED = ("gtin", "name", "price")
COLUMNS = (
    "gtin",
    "name",
    "brand",
    "category",
    "price",
    "tax_category",
    "weight_g",
    "weight_tolerance_g",
    "sold_by_weight",
    "minimum_age",
    "deposit",
    "width_m",
)
PLU = "plu"
CART_COLUMNS = (
    "available_for_cart",
    "quantity_required",
    "tare_weight_g",
    "tare_packaging",
    "restriction_security_tag",
    "restriction_forced_verification",
)
ALIASES = MappingProxyType(
    {"unit_price": "price", "net_weight_g": "weight_g", "restriction_minimum_age": "minimum_age"}
)
MAX_WEIGHT_G = 100_000.0
_CONTAINERS = "containers with their grams, such as paper bag=4;salad box=12.5"


def read_products(
    folder: Path, currency: str, tax_categories: Collection[str], findings: Findings
) -> tuple[dict[str, Product], dict[str, int]]:
    """The products by code, in file order, and the line each stands on.

    Without any `tax_categories` nothing is taxed yet and a product may name whichever it likes.
    """
    products: dict[str, Product] = {}
    lines: dict[str, int] = {}
    numbered: dict[str, int] = {}  # the line each number stands on, however long it is written
    looked_up: dict[str, int] = {}  # the line each look-up code stands on, under whichever column
    for row in read_table(folder / FILE, (*COLUMNS, PLU, *CART_COLUMNS), REQUIRED, findings, ALIASES):
        product = _product(row, currency, tax_categories)
        number = same_number(product.gtin)
        plu = product.plu or (product.gtin if len(product.gtin) in PLU_LENGTHS else "")
        if number in numbered:
            column = "gtin" if row.cell("gtin") else PLU
            row.error(column, shown(product.gtin), f"a code of its own: line {numbered[number]} has this one")
        elif plu in looked_up:
            row.error(PLU, shown(plu), f"a code of its own: line {looked_up[plu]} has this one")
        elif product.gtin:
            products[product.gtin] = product
            lines[product.gtin] = numbered[number] = row.line
            looked_up |= {plu: row.line} if plu else {}
    return products, lines


def products_text(products: Mapping[str, Product], currency: str) -> str:
    """The file's text, one line per product; the columns for carts only where a product needs one."""
    sold = products.values()
    plu = any(product.plu for product in sold)
    cart = any(product.cart != CartAttributes() for product in sold)
    columns = (*COLUMNS, *((PLU,) if plu else ()), *(CART_COLUMNS if cart else ()))
    rows = (
        [
            *_cells(product, currency),
            *((product.plu,) if plu else ()),
            *(_cart_cells(product.cart) if cart else ()),
        ]
        for product in sold
    )
    return write_table(columns, rows)


def _product(row: Row, currency: str, tax_categories: Collection[str]) -> Product:
    plu = _plu(row)
    gtin = row.text("gtin", required=not row.cell(PLU)) or plu
    fault = code_fault(gtin) if gtin else None
    if fault is not None:
        row.error("gtin", shown(gtin), fault)
    tax_category = row.text("tax_category")
    if tax_category and tax_categories and tax_category not in tax_categories:
        known = ", ".join(sorted(tax_categories))
        row.error("tax_category", shown(tax_category), f"a category of tax.toml ({known})")
    weight = row.number("weight_g", 0.0, MAX_WEIGHT_G)
    if weight is not None and weight <= 0:
        row.error("weight_g", shown(row.cell("weight_g")), "more than 0 g, or an empty cell when nobody weighed it")
    return Product(
        gtin=gtin,
        name=row.text("name", required=True),
        weight_g=weight,
        price_minor=row.required_amount("price", currency),
        brand=row.text("brand"),
        category=row.text("category"),
        tax_category=tax_category,
        weight_sigma_g=row.number("weight_tolerance_g", 0.0, MAX_WEIGHT_G),
        sold_by_weight=row.flag("sold_by_weight"),
        minimum_age=row.integer("minimum_age", 0, 120, 0),
        deposit_minor=row.amount("deposit", currency) or 0,
        width_m=row.number("width_m", 0.001, 5.0),
        plu=plu,
        cart=_cart(row),
    )


def _plu(row: Row) -> str:
    plu = row.text(PLU)
    if plu and not (DIGITS.fullmatch(plu) and len(plu) in PLU_LENGTHS):
        row.error(PLU, shown(plu), "a look-up code of 4 or 5 digits, or an empty cell")
        return ""
    return plu


def _cart(row: Row) -> CartAttributes:
    return CartAttributes(
        available=row.flag("available_for_cart", True),
        quantity_required=row.flag("quantity_required"),
        tare_g=row.number("tare_weight_g", 0.0, MAX_WEIGHT_G) or 0.0,
        containers=_containers(row),
        security_tag=row.flag("restriction_security_tag"),
        forced_verification=row.flag("restriction_forced_verification"),
    )


def _containers(row: Row) -> tuple[Container, ...]:
    cell = row.cell("tare_packaging")
    containers: dict[str, Container] = {}
    for part in cell.split(";") if cell else ():
        name, _, grams = (side.strip() for side in part.partition("="))
        tare_g = float(grams) if NUMBER.fullmatch(grams) else -1.0
        if not name or not clean(name) or not 0 <= tare_g <= MAX_WEIGHT_G or name in containers:
            row.error("tare_packaging", shown(part.strip()), f"{_CONTAINERS}, each name once")
            return ()
        containers[name] = Container(name, tare_g)
    return tuple(containers.values())


def _cells(product: Product, currency: str) -> list[str]:
    return [
        product.gtin,
        product.name,
        product.brand,
        product.category,
        format_amount(product.price_minor, currency),
        product.tax_category,
        optional(product.weight_g),
        optional(product.weight_sigma_g),
        _yes_no(product.sold_by_weight),
        str(product.minimum_age),
        format_amount(product.deposit_minor, currency),
        optional(product.width_m),
    ]


def _cart_cells(cart: CartAttributes) -> list[str]:
    return [
        _yes_no(cart.available),
        _yes_no(cart.quantity_required),
        optional(cart.tare_g),
        ";".join(f"{container.name}={optional(container.tare_g)}" for container in cart.containers),
        _yes_no(cart.security_tag),
        _yes_no(cart.forced_verification),
    ]


def _yes_no(flag: bool) -> str:
    return "yes" if flag else "no"
