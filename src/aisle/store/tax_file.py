"""`tax.toml`: how the shop is taxed, by rates of its own or by those of a country or state that Aisle knows.

The packaged jurisdictions are files of the same form under `taxes/`; a shop names one with `jurisdiction = "DE"` and
may lay rates of its own over it.
"""

from __future__ import annotations

import importlib.resources
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from aisle.store.offers import Taxes, TaxRate
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, one_of, parse_toml, read_toml
from aisle.store.toml_out import Value, heading, table

FILE = "tax.toml"
ROUNDINGS = ("line", "rate", "receipt")
GOODS, NONE = "goods", "none"
_HEADING = heading(
    "The taxes on what is sold: jurisdiction names rates that Aisle knows, and [[rate]] adds to them or replaces them.",
    'One [[rate]] per tax category, authority and time: share as text ("0.07" is 7 %), first and last day.',
)


def read_taxes(folder: Path, findings: Findings) -> tuple[Taxes, frozenset[str]]:
    """The taxes and the categories products may be in. Without the file nothing is taxed, which is no fault."""
    fields = read_toml(folder / FILE, findings) if (folder / FILE).exists() else None
    if fields is None:
        return Taxes(), frozenset()
    taxes = _taxes(fields, _jurisdiction(fields))
    return taxes, frozenset(rate.category for rate in taxes.rates)


def taxes_text(taxes: Taxes) -> str:
    """The file's text: a jurisdiction by its name, anything else in full."""
    for name in jurisdictions():
        if packaged_taxes(name) == taxes:
            return _HEADING + table("", {"jurisdiction": name})
    top: dict[str, Value] = {
        "included": taxes.included,
        "rounding": taxes.rounding,
        "deposits": taxes.deposit_category or NONE,
        "manufacturer_coupons_reduce": taxes.manufacturer_coupons_reduce,
    }
    return _HEADING + table("", top) + "".join(table("[[rate]]", _values(rate)) for rate in taxes.rates)


@cache
def jurisdictions() -> tuple[str, ...]:
    """The names of the packaged jurisdictions, such as "DE" and "US-NY", sorted."""
    files = (importlib.resources.files("aisle.store") / "taxes").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml").upper() for file in files if file.name.endswith(".toml")))


@cache
def packaged_taxes(jurisdiction: str) -> Taxes:
    """The taxes of a jurisdiction that Aisle knows. Raises KeyError for one it does not know."""
    if jurisdiction not in jurisdictions():
        raise KeyError(jurisdiction)
    name = f"{jurisdiction.lower()}.toml"
    findings = Findings(name)
    text = (importlib.resources.files("aisle.store") / "taxes" / name).read_text(encoding="utf-8")
    fields = parse_toml(text, findings)
    taxes = _taxes(fields, Taxes()) if fields is not None else Taxes()
    if findings.problems:
        raise ValueError("\n".join(str(problem) for problem in findings.problems))
    return taxes


def _jurisdiction(fields: Fields) -> Taxes:
    """What the shop's own lines are laid over."""
    name = fields.text("jurisdiction", "")
    if not name:
        return Taxes()
    if name not in jurisdictions():
        fields.error("jurisdiction", shown(name), one_of(name, jurisdictions()))
        return Taxes()
    return packaged_taxes(name)


def _taxes(fields: Fields, base: Taxes) -> Taxes:
    own = tuple(_rate(table_) for table_ in fields.tables("rate"))
    replaced = {(rate.category, rate.authority) for rate in own}
    rates = (*(rate for rate in base.rates if (rate.category, rate.authority) not in replaced), *own)
    deposits = fields.text("deposits", base.deposit_category or NONE)
    categories = {rate.category for rate in rates}
    if deposits not in {GOODS, NONE, *categories}:
        fields.error("deposits", shown(deposits), " or ".join([GOODS, NONE, *sorted(categories)]))
    taxes = Taxes(
        included=fields.flag("included", base.included),
        rates=rates,
        rounding=cast(Literal["line", "rate", "receipt"], fields.choice("rounding", ROUNDINGS, base.rounding)),
        deposit_category="" if deposits == NONE else deposits,
        manufacturer_coupons_reduce=fields.flag("manufacturer_coupons_reduce", base.manufacturer_coupons_reduce),
    )
    _unambiguous(fields, own)
    fields.close()
    return taxes


def _unambiguous(fields: Fields, own: tuple[TaxRate, ...]) -> None:
    """Of the rates of one authority on one category the latest counts, so no two may start together."""
    seen: dict[Any, int] = {}
    for place, rate in enumerate(own, start=1):
        first = seen.setdefault((rate.category, rate.authority, rate.starts), place)
        if first != place:
            found = f"{shown(rate.category)} from {rate.starts or 'ever'}"
            fields.error(f"rate[{place}].starts", found, f"a start of its own: rate[{first}] has this one")


def _rate(fields: Fields) -> TaxRate:
    category = fields.text("category")
    if category != category.strip() or category in {GOODS, NONE}:
        fields.error("category", shown(category), f'a name other than "{GOODS}" and "{NONE}", without blanks round it')
    share, authority = fields.share("share", zero=True), fields.text("authority", "")
    rate = TaxRate(category, share, authority, *fields.days())
    fields.close()
    return rate


def _values(rate: TaxRate) -> dict[str, Value]:
    values: dict[str, Value] = {"category": rate.category, "share": f"{rate.share:f}"}
    if rate.authority:
        values["authority"] = rate.authority
    if rate.starts is not None:
        values["starts"] = rate.starts
    if rate.ends is not None:
        values["ends"] = rate.ends
    return values
