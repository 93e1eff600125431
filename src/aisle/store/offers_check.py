"""Offers that can be read but come to nothing: goods without a price, promotions that never lower one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aisle.store.model import Store
from aisle.store.offers import Bundle, BuyGet, CountForPrice, FixedPrice, Goods, Promotion
from aisle.store.prices import format_amount
from aisle.store.problems import Problem, shown


def offer_warnings(store: Store, product_lines: Mapping[str, int]) -> Iterator[Problem]:
    """Warnings about prices, in order of the products, then about promotions in their order."""
    yield from _unpriced(store, product_lines)
    dearest = _highest_prices(store)
    groups = {promotion.group for promotion in store.promotions if promotion.group}
    for place, promotion in enumerate(store.promotions, start=1):
        where = f"promotion[{place}]"
        yield from _empty(store, promotion, where)
        yield from _never_lowers(store, promotion, where, dearest)
        for name in sorted(promotion.combines - groups):
            yield _warning(f"{where}.combines", shown(name), "the group of some promotion")


def _unpriced(store: Store, product_lines: Mapping[str, int]) -> Iterator[Problem]:
    dated = {price.gtin for price in store.prices}
    for gtin, product in store.products.items():
        if not product.price_minor and gtin not in dated:
            found = format_amount(0, store.currency)
            expected = "a price, here or in prices.csv (there it may be 0): without one it cannot be sold"
            yield Problem("warning", "products.csv", product_lines[gtin], "price", found, expected)


def _empty(store: Store, promotion: Promotion, where: str) -> Iterator[Problem]:
    for name, goods in _goods_of(promotion):
        if store.products and not any(_gtins(store, goods)):
            yield _warning(where + name, "goods of which none is left", "at least one product it is for")


def _goods_of(promotion: Promotion) -> Iterator[tuple[str, Goods]]:
    """Every set of goods a promotion speaks of, with its place below the promotion."""
    match promotion.benefit:
        case Bundle(parts):
            yield from ((f".part[{place}]", part.goods) for place, part in enumerate(parts, start=1))
        case BuyGet(get_goods=Goods() as goods):
            yield from (("", promotion.goods), (".get_goods", goods))
        case _:
            yield "", promotion.goods


def _never_lowers(store: Store, promotion: Promotion, where: str, dearest: Mapping[str, int]) -> Iterator[Problem]:
    """A price that even the dearest goods it is for stay below."""

    def most(goods: Goods) -> int:
        return max((dearest[gtin] for gtin in _gtins(store, goods)), default=0)

    match promotion.benefit:
        case FixedPrice(minor):
            kind, regular = "shelf price", most(promotion.goods)
        case CountForPrice(count, minor):
            kind, regular = f"price of {count} units", count * most(promotion.goods)
        case Bundle(parts, minor):
            kind, regular = "price of the parts", sum(part.count * most(part.goods) for part in parts)
        case _:
            return
    if regular and minor >= regular:
        expected = f"less than the highest {kind}, {format_amount(regular, store.currency)}"
        yield _warning(f"{where}.price", format_amount(minor, store.currency), expected)


def _highest_prices(store: Store) -> dict[str, int]:
    highest = {gtin: product.price_minor for gtin, product in store.products.items()}
    for price in store.prices:
        highest[price.gtin] = max(price.price_minor, highest.get(price.gtin, 0))
    return highest


def _gtins(store: Store, goods: Goods) -> Iterator[str]:
    return (g for g, product in store.products.items() if goods.hold(g, product.category, product.brand))


def _warning(field: str, found: str, expected: str) -> Problem:
    return Problem("warning", "promotions.toml", None, field, found, expected)
