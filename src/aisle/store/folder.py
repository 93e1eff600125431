"""The store folder as a whole: load it, check it, write it.

`load_store(write_store(s)) == s` for every store whose shelves stand in order of gondola and shelf.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

from aisle.store.cameras_file import FILE as CAMERAS
from aisle.store.cameras_file import cameras_text, read_cameras
from aisle.store.check import Draft, warnings_of
from aisle.store.layout_file import FILE as LAYOUT
from aisle.store.layout_file import Layout, layout_text, read_layout
from aisle.store.model import Store
from aisle.store.planogram_file import FILE as PLANOGRAM
from aisle.store.planogram_file import planogram_text, read_planogram
from aisle.store.price_file import FILE as PRICES
from aisle.store.price_file import prices_text, read_prices
from aisle.store.problems import Findings, Problem, Report, StoreError
from aisle.store.products_file import FILE as PRODUCTS
from aisle.store.products_file import products_text, read_products
from aisle.store.promotions_file import FILE as PROMOTIONS
from aisle.store.promotions_file import read_promotions
from aisle.store.promotions_out import promotions_text
from aisle.store.shop_file import FILE as SHOP
from aisle.store.shop_file import read_shop, shop_text
from aisle.store.tax_file import FILE as TAX
from aisle.store.tax_file import read_taxes, taxes_text

IMAGES = "images"


@dataclass(frozen=True, slots=True)
class _Reading:
    draft: Draft
    errors: tuple[Problem, ...]


def load_store(path: Path) -> Store:
    """The store in the folder `path`. Raises `StoreError`, with every error found, when it has any."""
    reading = _read(path)
    if reading.errors:
        raise StoreError(str(path), Report(reading.errors))
    return reading.draft.store


def check_store(path: Path) -> Report:
    """Everything wrong with the folder in one pass: errors, and warnings about what works but badly."""
    reading = _read(path)
    return Report((*reading.errors, *warnings_of(reading.draft)))


def write_store(store: Store, path: Path) -> None:
    """Write the store as a folder, over the files already there. Raises OSError when it cannot.

    A shop without floor, shelves or gates gets no layout and no planogram.
    """
    path.mkdir(parents=True, exist_ok=True)
    layout = Layout(store.floor_m, store.zones, store.gates, store.shelves)
    texts = {
        SHOP: shop_text(store),
        PRODUCTS: products_text(store.products, store.currency),
        PRICES: prices_text(store.prices, store.currency),
        TAX: taxes_text(store.taxes),
        PLANOGRAM: planogram_text(store.facings),
        LAYOUT: layout_text(layout),
        CAMERAS: cameras_text(store.cameras),
        PROMOTIONS: promotions_text(store.promotions, store.currency),
    }
    if layout == Layout() and not store.facings:
        texts = {
            name: text for name, text in texts.items() if name not in (LAYOUT, PLANOGRAM) or (path / name).exists()
        }
    for name, text in texts.items():
        (path / name).write_bytes(text.encode("utf-8"))


def _read(path: Path) -> _Reading:
    found = {name: Findings(name) for name in (SHOP, TAX, PRODUCTS, PRICES, LAYOUT, PLANOGRAM, CAMERAS, PROMOTIONS)}
    if not os.path.isdir(path) or not os.access(path, os.R_OK | os.X_OK):
        found_here = "a folder nobody may read" if os.path.isdir(path) else "no such folder"
        problem = Problem("error", str(path), None, None, found_here, "a store folder (aisle new makes one)")
        return _Reading(Draft(Store("", "EUR", "UTC", {}, (), ()), {}, (), ()), (problem,))
    shop = read_shop(path, found[SHOP])
    taxes, categories = read_taxes(path, found[TAX])
    categories |= shop.former_tax
    products, product_lines = read_products(path, shop.currency, categories, found[PRODUCTS])
    shelved = (path / LAYOUT).exists() or (path / PLANOGRAM).exists()  # neither: a shop with carts only
    layout = read_layout(path, found[LAYOUT]) if shelved else Layout()
    shelves = {shelf.key: shelf for shelf in layout.shelves}
    facings, facing_lines = read_planogram(path, products, shelves, found[PLANOGRAM]) if shelved else ((), ())
    gondolas = {shelf.gondola for shelf in layout.shelves}
    for place, device in enumerate(shop.devices, start=1):
        if device.gondola is not None and device.gondola not in gondolas:
            found[SHOP].error(f"device[{place}].gondola", str(device.gondola), "a gondola of layout.toml")
    store = Store(
        name=shop.name,
        currency=shop.currency,
        time_zone=shop.time_zone,
        products=products,
        shelves=layout.shelves,
        facings=facings,
        gates=layout.gates,
        floor_m=layout.floor_m,
        staff=shop.staff,
        zones=layout.zones,
        cameras=read_cameras(path, found[CAMERAS]),
        devices=shop.devices,
        prices=read_prices(path, shop.currency, products, found[PRICES]),
        promotions=read_promotions(path, shop.currency, products, found[PROMOTIONS]),
        taxes=taxes,
        policies=shop.policies,
        country=shop.country,
        number_rules=shop.numbers,
        sticker_rules=shop.stickers,
    )
    errors = tuple(itertools.chain.from_iterable(findings.problems for findings in found.values()))
    draft = Draft(store, product_lines, facing_lines, _pictured(path), shelved, shop.zoned)
    return _Reading(draft, errors)


def _pictured(path: Path) -> tuple[str, ...]:
    """The names of the picture folders, sorted."""
    images = path / IMAGES
    if not os.path.isdir(images) or not os.access(images, os.R_OK | os.X_OK):
        return ()
    return tuple(sorted(entry.name for entry in images.iterdir() if entry.is_dir()))
