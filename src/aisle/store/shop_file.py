"""`store.toml`: name, money, time zone, house rules, staff, devices, and what the shop's own codes mean."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aisle.store.barcodes.rules import NumberRule
from aisle.store.layout_file import MAX_ID, unique
from aisle.store.model import Device, Policies, Store
from aisle.store.prices import CURRENCY
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, read_toml
from aisle.store.toml_out import Value, heading, table

FILE = "store.toml"
_HEADING = heading("The shop: its name, money and house rules. `aisle check` says what every field may hold.")
NUMBER_KINDS = ("price", "kg", "lb", "count")
STICKER_KINDS = ("percent", "price", "none")
_COUNTRY = re.compile("[A-Z]{2}")
DEVICE_KINDS = ("plates", "tracker", "scanner", "gate")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the file holds; `former_tax` are the tax categories of a table that belongs into `tax.toml`."""

    name: str = ""
    currency: str = "EUR"
    time_zone: str = "UTC"
    staff: frozenset[str] = frozenset()
    former_tax: frozenset[str] = frozenset()
    policies: Policies = field(default_factory=Policies)
    devices: tuple[Device, ...] = ()
    country: str = ""
    numbers: tuple[NumberRule, ...] = ()
    stickers: tuple[NumberRule, ...] = ()
    zoned: bool = True  # whether the file says in which time zone the shop is


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
        former_tax=_former_tax(fields),
        policies=_policies(fields.table("policies")),
        devices=tuple(_device(table_) for table_ in fields.tables("device")),
        country=_country(fields),
        numbers=_rules(fields, "number", NUMBER_KINDS),
        stickers=_rules(fields, "sticker", STICKER_KINDS),
        zoned=fields.has("time_zone"),
    )
    fields.close()
    unique(findings, "device", [d.device_id for d in shop.devices])
    return shop


def shop_text(store: Store) -> str:
    """The file's text."""
    top: dict[str, Value] = {"name": store.name, "currency": store.currency, "time_zone": store.time_zone}
    if store.country:
        top["country"] = store.country
    top["staff"] = sorted(store.staff)
    policies: dict[str, Value] = {
        "hand_over": store.policies.hand_over,
        "return_anywhere": store.policies.return_anywhere,
        "party_shares_receipt": store.policies.party_shares_receipt,
        "charge_only_proven": store.policies.charge_only_proven,
    }
    parts = [_HEADING, table("", top), table("[policies]", policies)]
    for device in store.devices:
        values: dict[str, Value] = {"id": device.device_id, "kind": device.kind, "source": device.source}
        if device.gondola is not None:
            values["gondola"] = device.gondola
        parts.append(table("[[device]]", values))
    for header, rules in (("[[number]]", store.number_rules), ("[[sticker]]", store.sticker_rules)):
        for rule in rules:
            parts.append(table(header, {"pattern": rule.pattern, "kind": rule.kind, "decimals": rule.decimals}))
    return "".join(parts)


def _currency(fields: Fields) -> str:
    currency = fields.text("currency", expected="three capital letters after ISO 4217, such as EUR")
    if currency and not CURRENCY.fullmatch(currency):
        fields.error("currency", shown(currency), "three capital letters after ISO 4217, such as EUR")
        return "EUR"
    return currency or "EUR"


def _time_zone(fields: Fields) -> str:
    zone = fields.text("time_zone", "UTC", expected="a time zone such as Europe/Berlin")
    try:
        zoneinfo.ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        fields.error("time_zone", shown(zone), "a zone of the IANA time zone database, such as Europe/Berlin")
        return "UTC"
    return zone


def _country(fields: Fields) -> str:
    country = fields.text("country", "", expected="two capital letters after ISO 3166, such as DE")
    if country and not _COUNTRY.fullmatch(country):
        fields.error("country", shown(country), "two capital letters after ISO 3166, such as DE")
        return ""
    return country


def _rules(fields: Fields, name: str, kinds: tuple[str, ...]) -> tuple[NumberRule, ...]:
    """The rules of the tables `name`; one with a fault is told in the rule's own words and left out."""
    rules: list[NumberRule] = []
    for table_ in fields.tables(name):
        pattern, kind = table_.text("pattern"), table_.choice("kind", kinds)
        decimals = table_.integer("decimals", 0, 6, 0)
        table_.close()
        if not pattern or kind not in kinds:
            continue
        try:
            rules.append(NumberRule(pattern, kind, decimals))
        except ValueError as error:
            found, _, expected = str(error).partition(": ")
            field_, _, value = found.partition(" ")
            table_.error(field_, value, expected.removeprefix("expected "))
    return tuple(rules)


def _former_tax(fields: Fields) -> frozenset[str]:
    """The categories of a [tax] table, which stood here before `tax.toml` did: an error that says what to write there.

    They are given back so that the products in them are not called wrong as well.
    """
    table_ = fields.raw("tax")
    if table_ is None:
        return frozenset()
    table_ = table_ if isinstance(table_, dict) else {}
    rates = table_.get("rates")
    rates = rates if isinstance(rates, dict) else {}
    wanted = [f"included = {'false' if table_.get('included') is False else 'true'}"]
    for name, share in rates.items():
        wanted.append(f'[[rate]] category = {shown(name)}, share = "{shown(share)[:20].strip(chr(34))}"')
    fields.error("tax", "a table [tax]", f"no tax here; write in tax.toml: {'; '.join(wanted)}")
    return frozenset(rates)


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
