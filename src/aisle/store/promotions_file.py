"""`promotions.toml`: the offers. What they do to a basket is worked out at the till."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, cast

from aisle.store.layout_file import unique
from aisle.store.model import Product
from aisle.store.offers import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Part,
    Percent,
    Promotion,
    Threshold,
    Window,
)
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, read_toml

FILE = "promotions.toml"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_COUNT = 1000
MAX_LIMIT = 10**9
MAX_GRAMS = 1_000_000


@dataclass(frozen=True, slots=True)
class Trade:
    """What promotions are written against: the currency, and what the shop sells."""

    currency: str
    gtins: frozenset[str]
    categories: frozenset[str]
    brands: frozenset[str]


def read_promotions(
    folder: Path, currency: str, products: Mapping[str, Product], findings: Findings
) -> tuple[Promotion, ...]:
    """The offers in file order; none when the file is missing, which is no fault."""
    fields = read_toml(folder / FILE, findings) if (folder / FILE).exists() else None
    if fields is None:
        return ()
    trade = Trade(
        currency,
        frozenset(products),
        frozenset(product.category for product in products.values() if product.category),
        frozenset(product.brand for product in products.values() if product.brand),
    )
    promotions = tuple(_promotion(table_, trade) for table_ in fields.tables("promotion"))
    fields.close()
    unique(findings, "promotion", [promotion.promotion_id for promotion in promotions])
    _unique_coupons(findings, promotions)
    return promotions


def _promotion(fields: Fields, trade: Trade) -> Promotion:
    kind = fields.choice("kind", tuple(_KINDS))
    starts, ends = fields.days()
    promotion = Promotion(
        promotion_id=fields.text("id"),
        name=fields.text("name"),
        benefit=_KINDS[kind].read(fields, trade),
        goods=_goods(fields, trade) if "gtins" in _KINDS[kind].fields else Goods(),
        starts=starts,
        ends=ends,
        windows=tuple(_window(table_) for table_ in fields.tables("window")),
        members=fields.flag("members", False),
        coupon=fields.text("coupon", "") or None,
        issuer=cast(Literal["shop", "manufacturer"], fields.choice("issuer", ("shop", "manufacturer"), "shop")),
        limits=_limits(fields.table("limits")),
        group=fields.text("group", ""),
        combines=frozenset(fields.texts("combines")),
        exclusive=fields.flag("exclusive", False),
    )
    if promotion.issuer == "manufacturer" and promotion.coupon is None and not fields.has("coupon"):
        fields.error("coupon", "nothing", "the code of the manufacturer's coupon")
    _fields_of_other_kinds(fields, kind)
    fields.close()
    return promotion


def _fields_of_other_kinds(fields: Fields, kind: str) -> None:
    for name in sorted({name for other in _KINDS.values() for name in other.fields} - set(_KINDS[kind].fields)):
        if fields.has(name):
            kinds = " or ".join(other for other, reader in _KINDS.items() if name in reader.fields)
            own = ", ".join(_KINDS[kind].fields)
            fields.error(name, f"a field of kind {kinds}", f"the fields of kind {kind}: {own}")


def _goods(fields: Fields, trade: Trade) -> Goods:
    def named(key: str, sold: frozenset[str], expected: str) -> frozenset[str]:
        for name in (names := fields.texts(key)):
            if name not in sold:
                fields.error(key, shown(name), expected)
        return frozenset(names)

    product, category = "a product of products.csv", "a category of products.csv"
    return Goods(
        gtins=named("gtins", trade.gtins, product),
        categories=named("categories", trade.categories, category),
        brands=named("brands", trade.brands, "a brand of products.csv"),
        without=named("without", trade.gtins, product),
        without_categories=named("without_categories", trade.categories, category),
    )


def _window(fields: Fields) -> Window:
    names = fields.texts("days")
    for name in names:
        if name not in DAYS:
            fields.error("days", shown(name), f"days out of {', '.join(DAYS)}")
    opens, closes = fields.time("opens"), fields.time("closes")
    if opens is not None and closes is not None and closes <= opens:
        expected = f"a time after opens, {opens:%H:%M} (a window over midnight is written as two)"
        fields.error("closes", f"{closes:%H:%M}", expected)
    fields.close()
    return Window(frozenset(DAYS.index(name) for name in names if name in DAYS), opens, closes)


def _limits(fields: Fields) -> Limits:
    def limit(key: str) -> int | None:
        return fields.integer(key, 1, MAX_LIMIT) if fields.has(key) else None

    limits = Limits(limit("visit"), limit("customer"), limit("campaign"))
    fields.close()
    return limits


def _unique_coupons(findings: Findings, promotions: Sequence[Promotion]) -> None:
    first: dict[str, int] = {}
    for place, promotion in enumerate(promotions, start=1):
        if promotion.coupon is not None and first.setdefault(promotion.coupon, place) != place:
            expected = f"a code of its own: promotion[{first[promotion.coupon]}] has this one"
            findings.error(f"promotion[{place}].coupon", shown(promotion.coupon), expected)


def _percent(fields: Fields, trade: Trade) -> Percent:
    return Percent(fields.share("share"))


def _amount(fields: Fields, trade: Trade) -> AmountOff:
    return AmountOff(fields.amount("amount", trade.currency, zero=False))


def _fixed_price(fields: Fields, trade: Trade) -> FixedPrice:
    return FixedPrice(fields.amount("price", trade.currency), fields.integer("from_g", 0, MAX_GRAMS, 0))


def _count_for_price(fields: Fields, trade: Trade) -> CountForPrice:
    return CountForPrice(fields.integer("count", 1, MAX_COUNT), fields.amount("price", trade.currency))


def _buy_get(fields: Fields, trade: Trade) -> BuyGet:
    buy, get = fields.integer("buy", 1, MAX_COUNT), fields.integer("get", 1, MAX_COUNT)
    share = fields.share("share", Decimal(1))
    if not fields.has("get_goods"):
        return BuyGet(buy, get, share)
    table_ = fields.table("get_goods")
    goods = _goods(table_, trade)
    table_.close()
    return BuyGet(buy, get, share, goods)


def _bundle(fields: Fields, trade: Trade) -> Bundle:
    parts = tuple(_part(table_, trade) for table_ in fields.tables("part"))
    if not parts:
        fields.error("part", "no parts", "at least one [[promotion.part]] with its count and goods")
    return Bundle(parts, fields.amount("price", trade.currency))


def _part(fields: Fields, trade: Trade) -> Part:
    part = Part(fields.integer("count", 1, MAX_COUNT, 1), _goods(fields, trade))
    fields.close()
    return part


def _threshold(fields: Fields, trade: Trade) -> Threshold:
    spend = fields.amount("spend", trade.currency, zero=False)
    if fields.has("amount") == fields.has("share"):
        found = "amount and share" if fields.has("amount") else "neither amount nor share"
        fields.error("amount", found, "one of the two: amount (off the order) or share")
        return Threshold(spend, minor=0)
    if fields.has("amount"):
        return Threshold(spend, minor=fields.amount("amount", trade.currency, zero=False))
    return Threshold(spend, share=fields.share("share"))


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of promotion is read, and the fields that not every kind has."""

    read: Callable[[Fields, Trade], Benefit]
    fields: tuple[str, ...]


_GOODS = ("gtins", "categories", "brands", "without", "without_categories")
_KINDS: dict[str, _Kind] = {
    "percent": _Kind(_percent, ("share", *_GOODS)),
    "amount": _Kind(_amount, ("amount", *_GOODS)),
    "fixed_price": _Kind(_fixed_price, ("price", "from_g", *_GOODS)),
    "count_for_price": _Kind(_count_for_price, ("count", "price", *_GOODS)),
    "buy_get": _Kind(_buy_get, ("buy", "get", "share", "get_goods", *_GOODS)),
    "bundle": _Kind(_bundle, ("price", "part")),
    "threshold": _Kind(_threshold, ("spend", "amount", "share", *_GOODS)),
}
KINDS = tuple(_KINDS)
