"""`store.toml`: name, money, time zone, tax, house rules, staff and devices."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, cast

from aisle.store.layout_file import MAX_ID, unique
from aisle.store.model import Device, Policies, Store, Tax
from aisle.store.prices import CURRENCY
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, clean, read_toml
from aisle.store.toml_out import Value, heading, table

FILE = "store.toml"
_HEADING = heading("The shop: its name, money and house rules. `aisle check` says what every field may hold.")
DEVICE_KINDS = ("plates", "tracker", "scanner", "gate")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the file holds."""

    name: str = ""
    currency: str = "EUR"
    time_zone: str = "UTC"
    staff: frozenset[str] = frozenset()
    tax: Tax = field(default_factory=Tax)
    policies: Policies = field(default_factory=Policies)
    devices: tuple[Device, ...] = ()


def read_shop(folder: Path, findings: Findings) -> Shop:
    """The shop; a stand-in wherever a field has a fault."""
    fields = read_toml(folder / FILE, findings)
    if fields is None:
        return Shop()
    shop = Shop(
        name=fields.text("name"),
        currency=_currency(fields),
        time_zone=_time_zone(fields),
        staff=frozenset(fields.texts("staff")),
        tax=_tax(fields.table("tax")),
        policies=_policies(fields.table("policies")),
        devices=tuple(_device(table_) for table_ in fields.tables("device")),
    )
    fields.close()
    unique(findings, "device", [d.device_id for d in shop.devices])
    return shop


def shop_text(store: Store) -> str:
    """The file's text."""
    top: dict[str, Value] = {"name": store.name, "currency": store.currency, "time_zone": store.time_zone}
    top["staff"] = sorted(store.staff)
    policies: dict[str, Value] = {
        "hand_over": store.policies.hand_over,
        "return_anywhere": store.policies.return_anywhere,
        "party_shares_receipt": store.policies.party_shares_receipt,
        "charge_only_proven": store.policies.charge_only_proven,
    }
    parts = [_HEADING, table("", top), table("[policies]", policies), table("[tax]", {"included": store.tax.included})]
    parts.append(table("[tax.rates]", {name: str(rate) for name, rate in store.tax.rates.items()}))
    for device in store.devices:
        values: dict[str, Value] = {"id": device.device_id, "kind": device.kind, "source": device.source}
        if device.gondola is not None:
            values["gondola"] = device.gondola
        parts.append(table("[[device]]", values))
    return "".join(parts)


def _currency(fields: Fields) -> str:
    currency = fields.text("currency", expected="three capital letters after ISO 4217, such as EUR")
    if currency and not CURRENCY.fullmatch(currency):
        fields.error("currency", shown(currency), "three capital letters after ISO 4217, such as EUR")
        return "EUR"
    return currency or "EUR"


def _time_zone(fields: Fields) -> str:
    zone = fields.text("time_zone", expected="a time zone such as Europe/Berlin")
    if not zone:
        return "UTC"
    try:
        zoneinfo.ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        fields.error("time_zone", shown(zone), "a zone of the IANA time zone database, such as Europe/Berlin")
        return "UTC"
    return zone


def _tax(fields: Fields) -> Tax:
    included = fields.flag("included", True)
    rates_table = fields.table("rates")
    rates: dict[str, Decimal] = {}
    for name in rates_table.keys():  # noqa: SIM118 - a table of fields is no dict
        rate = _rate(rates_table.raw(name))
        if rate is None or not name.strip() or name != name.strip() or not clean(name):
            rates_table.error(
                shown(name)[1:-1], shown(rates_table.raw(name)), 'a share from 0 to 1 as text, such as "0.07"'
            )
        else:
            rates[name] = rate
    fields.close()
    return Tax(included, rates)


def _rate(value: object) -> Decimal | None:
    """A share from 0 to 1. Texts keep their digits exactly; whole numbers are exact anyway; floats are refused."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        rate = Decimal(value)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 <= rate <= 1 else None


def _policies(fields: Fields) -> Policies:
    policies = Policies(
        hand_over=cast(Literal["lifter", "holder"], fields.choice("hand_over", ("lifter", "holder"), "lifter")),
        return_anywhere=fields.flag("return_anywhere", True),
        party_shares_receipt=fields.flag("party_shares_receipt", True),
        charge_only_proven=fields.flag("charge_only_proven", True),
    )
    fields.close()
    return policies


def _device(fields: Fields) -> Device:
    kind = cast(Literal["plates", "tracker", "scanner", "gate"], fields.choice("kind", DEVICE_KINDS))
    gondola = fields.integer("gondola", 0, MAX_ID) if fields.has("gondola") else None
    device = Device(fields.text("id"), kind, fields.text("source"), gondola)
    if gondola is None and kind == "plates":
        fields.error("gondola", "nothing", "the gondola whose plates the device reads")
    fields.close()
    return device
