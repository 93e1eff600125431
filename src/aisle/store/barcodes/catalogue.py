"""The catalogue scanned codes are looked up in, made from a shop's products."""

from __future__ import annotations

from aisle.store.barcodes.numbers import Catalogue
from aisle.store.model import Store


def store_catalogue(store: Store) -> Catalogue:
    """The shop's codes: every product by its own in any length a GTIN may be written with, and by its look-up code.

    What is found is always the key of `store.products`; a product's own code goes before another's look-up code.
    """
    products = store.products.values()
    return Catalogue(store.products, ((product.plu, product.gtin) for product in products if product.plu))
