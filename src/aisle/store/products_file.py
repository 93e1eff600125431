"""`products.csv`: what the shop sells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from aisle.store.codes import code_fault
from aisle.store.model import Product
from aisle.store.prices import format_amount
from aisle.store.problems import Findings, shown
from aisle.store.table import Row, optional, read_table, write_table

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
MAX_WEIGHT_G = 100_000.0


def read_products(
    folder: Path, currency: str, tax_categories: Collection[str], findings: Findings
) -> tuple[dict[str, Product], dict[str, int]]:
    """The products by code, in file order, and the line each stands on."""
    products: dict[str, Product] = {}
    lines: dict[str, int] = {}
    for row in read_table(folder / FILE, COLUMNS, REQUIRED, findings):
        product = _product(row, currency, tax_categories)
        if product.gtin in products:
            row.error("gtin", shown(product.gtin), f"a code of its own: line {lines[product.gtin]} has this one")
        elif product.gtin:
            products[product.gtin] = product
            lines[product.gtin] = row.line
    return products, lines


def products_text(products: Mapping[str, Product], currency: str) -> str:
    """The file's text, one line per product."""
    return write_table(COLUMNS, (_cells(product, currency) for product in products.values()))


def _product(row: Row, currency: str, tax_categories: Collection[str]) -> Product:
    gtin = row.text("gtin", required=True)
    fault = code_fault(gtin) if gtin else None
    if fault is not None:
        row.error("gtin", shown(gtin), fault)
    tax_category = row.text("tax_category")
    if tax_category and tax_category not in tax_categories:
        known = ", ".join(sorted(tax_categories)) or "none yet"
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
    )


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
        "yes" if product.sold_by_weight else "no",
        str(product.minimum_age),
        format_amount(product.deposit_minor, currency),
        optional(product.width_m),
    ]
