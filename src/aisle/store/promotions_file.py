"""`promotions.toml`: the offers as announced. What they do to a price is worked out at the till."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from aisle.store.layout_file import unique
from aisle.store.model import Product, Promotion
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, read_toml
from aisle.store.toml_out import Value, heading, table

FILE = "promotions.toml"
KINDS = ("discount", "multibuy", "bundle", "coupon", "members")
_HEADING = heading(
    "One [[promotion]] per offer: id, name, kind (" + ", ".join(KINDS) + "), the products it is for (gtins),",
    'and its first and last day (starts = "2026-01-31", ends), both included.',
)


def read_promotions(folder: Path, products: Mapping[str, Product], findings: Findings) -> tuple[Promotion, ...]:
    """The offers in file order; none when the file is missing, which is no fault."""
    if not (folder / FILE).exists():
        return ()
    fields = read_toml(folder / FILE, findings)
    if fields is None:
        return ()
    promotions = tuple(_promotion(table_, products) for table_ in fields.tables("promotion"))
    fields.close()
    unique(findings, "promotion", [p.promotion_id for p in promotions])
    return promotions


def promotions_text(promotions: Sequence[Promotion]) -> str:
    """The file's text."""
    return _HEADING + "".join(table("[[promotion]]", _values(promotion)) for promotion in promotions)


def _promotion(fields: Fields, products: Mapping[str, Product]) -> Promotion:
    gtins = fields.texts("gtins")
    for gtin in gtins:
        if gtin not in products:
            fields.error("gtins", shown(gtin), "products of products.csv")
    starts, ends = _day(fields, "starts"), _day(fields, "ends")
    if starts is not None and ends is not None and ends < starts:
        fields.error("ends", ends, f"a day not before starts, {starts}")
    promotion = Promotion(fields.text("id"), fields.text("name"), fields.choice("kind", KINDS), gtins, starts, ends)
    fields.close()
    return promotion


def _day(fields: Fields, key: str) -> str | None:
    """An ISO day, written as a TOML date or as a text."""
    value = fields.raw(key)
    if value is None:
        return None
    if type(value) is dt.date:
        return value.isoformat()
    try:
        return dt.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        fields.error(key, shown(value), "a day such as 2026-01-31")
        return None


def _values(promotion: Promotion) -> dict[str, Value]:
    values: dict[str, Value] = {"id": promotion.promotion_id, "name": promotion.name, "kind": promotion.kind}
    values["gtins"] = promotion.gtins
    if promotion.starts is not None:
        values["starts"] = promotion.starts
    if promotion.ends is not None:
        values["ends"] = promotion.ends
    return values
