"""Reading what a peer posted: a purchase, or every fault in it with its place.

A peer that is told all faults at once repairs its message in one go; so nothing stops at the first. Unknown fields are
ignored, because the format is announced to grow.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

import msgspec

from aisle.commerce.connector.purchase import (
    LONGEST_ID,
    LONGEST_QUANTITY,
    IdentifierType,
    ItemType,
    Location,
    PayloadType,
    Purchase,
    ScanType,
)

LONGEST_BODY = 1_048_576  # bytes
MOST_ITEMS = 2_000
MOST_EVENTS = 100
UNITS = ("unit", "kg", "g", "lb", "oz")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where (JSON pointer, RFC 6901), a stable code, what was found and what would be right."""

    pointer: str
    code: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: found {self.found}; expected {self.expected}"


class ConnectorError(ValueError):
    """A posted message that is no purchase; `faults` lists what is wrong with it, in reading order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:3]) + (" …" if len(faults) > 3 else ""))
        self.faults = tuple(faults)


def read_purchase(body: bytes) -> Purchase:
    """The purchase in `body`. Raises ConnectorError, whatever the bytes are."""
    if len(body) > LONGEST_BODY:
        raise ConnectorError([Fault("", "too_long", f"{len(body)} bytes", f"at most {LONGEST_BODY}")])
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConnectorError([Fault("", "no_json", f"{body[:40]!r}", "a JSON document in UTF-8")]) from error
    checker = _Checker()
    checker.purchase(found)
    if checker.faults:
        raise ConnectorError(checker.faults)
    try:
        return msgspec.convert(found, Purchase)
    except msgspec.ValidationError as error:
        raise ConnectorError([Fault("", "invalid", str(error), "the fields of a purchase")]) from error


class _Checker:
    """Walks a decoded document and notes every fault."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def purchase(self, value: object) -> None:
        found = self._object(value, "")
        if found is None:
            return
        self._uuid(found, "", "requestId")
        self._id(found, "", "idempotentShoppingTripId")
        self._id(found, "", "storeId")
        self._required(found, "", "shoppingTrip", self._trip)
        self._required(found, "", "cartItems", self._items)
        self._optional(found, "", "shopperIdentity", self._identified)
        self._id(found, "", "shopperDeviceId", required=False)
        self._optional(found, "", "paymentSource", self._identified)

    def _trip(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is None:
            return
        start = self._time(found, at, "startTime")
        end = self._time(found, at, "endTime")
        if start and end and end < start:
            self._note(f"{at}/endTime", "ends_before_start", found["endTime"], f"{found['startTime']} or later")
        self._required(found, at, "authEvents", self._events)

    def _events(self, value: object, at: str) -> None:
        events = self._list(value, at, least=1, most=MOST_EVENTS)
        for place, event in enumerate(events):
            self._event(event, f"{at}/{place}")
        self._unique(events, at, "id")

    def _event(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is None:
            return
        self._uuid(found, at, "id")
        self._time(found, at, "timestamp", required=False)
        self._one_of(found, at, "location", get_args(Location), required=False)
        self._one_of(found, at, "payloadType", get_args(PayloadType))
        self._optional(found, at, "scanResult", self._scan_result)

    def _scan_result(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is not None:
            self._id(found, at, "id")
            self._one_of(found, at, "type", get_args(ScanType))

    def _items(self, value: object, at: str) -> None:
        items = self._list(value, at, least=0, most=MOST_ITEMS)
        for place, item in enumerate(items):
            self._item(item, f"{at}/{place}")
        self._unique(items, at, "lineItemId")

    def _item(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is None:
            return
        self._id(found, at, "id")
        self._one_of(found, at, "type", get_args(ItemType))
        self._required(found, at, "quantity", self._quantity)
        self._optional(found, at, "externalIdentifiers", self._identifiers)
        self._id(found, at, "lineItemId", required=False)

    def _quantity(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is None:
            return
        unit = self._text(found, at, "unit", "one of " + ", ".join(UNITS))
        if unit is not None and unit.lower() not in UNITS:
            self._note(f"{at}/unit", "unknown_value", unit, "one of " + ", ".join(UNITS))
        text = self._text(found, at, "value", f"a decimal of at most {LONGEST_QUANTITY} characters")
        if text is None:
            return
        if len(text) > LONGEST_QUANTITY:
            self._note(f"{at}/value", "too_long", text, f"at most {LONGEST_QUANTITY} characters")
        elif not _DECIMAL.fullmatch(text):
            self._note(f"{at}/value", "no_number", text, "a decimal such as 2 or 0.486, not negative")
        elif unit is not None and unit.lower() == "unit" and Decimal(text) % 1:
            self._note(f"{at}/value", "no_whole_number", text, "whole units")

    def _identifiers(self, value: object, at: str) -> None:
        for place, item in enumerate(self._list(value, at, least=0, most=20)):
            found = self._object(item, f"{at}/{place}")
            if found is not None:
                self._id(found, f"{at}/{place}", "id")
                self._one_of(found, f"{at}/{place}", "type", get_args(IdentifierType))

    def _identified(self, value: object, at: str) -> None:
        found = self._object(value, at)
        if found is not None:
            self._id(found, at, "id")

    # What a value is made of.

    def _object(self, value: object, at: str) -> dict[str, object] | None:
        if isinstance(value, dict):
            return value
        self._note(at, "wrong_type", value, "an object")
        return None

    def _list(self, value: object, at: str, *, least: int, most: int) -> list[object]:
        if not isinstance(value, list):
            self._note(at, "wrong_type", value, "a list")
            return []
        if not least <= len(value) <= most:
            self._note(at, "wrong_length", f"{len(value)} entries", f"{least} to {most}", quoted=False)
            return []
        return value

    def _text(
        self, within: dict[str, object], at: str, name: str, expected: str, *, required: bool = True
    ) -> str | None:
        value = within.get(name)
        if value is None:
            if required:
                self._missing(at, name, expected)
            return None
        if not isinstance(value, str):
            self._note(f"{at}/{name}", "wrong_type", value, f"text: {expected}")
            return None
        return value

    def _id(self, within: dict[str, object], at: str, name: str, *, required: bool = True) -> None:
        expected = f"1 to {LONGEST_ID} characters"
        text = self._text(within, at, name, expected, required=required)
        if text is None:
            return
        if not text.strip():
            self._note(f"{at}/{name}", "empty", text, expected)
        elif len(text) > LONGEST_ID:
            self._note(f"{at}/{name}", "too_long", f"{len(text)} characters", expected, quoted=False)

    def _uuid(self, within: dict[str, object], at: str, name: str) -> None:
        text = self._text(within, at, name, "a UUID")
        if text is None:
            return
        if len(text) > LONGEST_ID:
            self._note(f"{at}/{name}", "too_long", f"{len(text)} characters", "a UUID", quoted=False)
        elif not _is_uuid(text):
            self._note(f"{at}/{name}", "no_uuid", text, "a UUID such as 11111111-2222-3333-4444-555555555555")

    def _time(self, within: dict[str, object], at: str, name: str, *, required: bool = True) -> dt.datetime | None:
        expected = "a time with its zone such as 2026-11-22T17:57:00Z"
        text = self._text(within, at, name, expected, required=required)
        if text is None:
            return None
        moment = _moment(text)
        if moment is None:
            self._note(f"{at}/{name}", "no_time", text, expected)
        return moment

    def _one_of(
        self, within: dict[str, object], at: str, name: str, values: Sequence[str], *, required: bool = True
    ) -> None:
        expected = "one of " + ", ".join(values)
        text = self._text(within, at, name, expected, required=required)
        if text is not None and text not in values:
            self._note(f"{at}/{name}", "unknown_value", text, expected)

    def _required(self, within: dict[str, object], at: str, name: str, check: Callable[[object, str], None]) -> None:
        if within.get(name) is None:
            self._missing(at, name, "it to be there")
        else:
            check(within[name], f"{at}/{name}")

    def _optional(self, within: dict[str, object], at: str, name: str, check: Callable[[object, str], None]) -> None:
        if within.get(name) is not None:
            check(within[name], f"{at}/{name}")

    def _unique(self, entries: list[object], at: str, name: str) -> None:
        first: dict[str, int] = {}
        for place, entry in enumerate(entries):
            found = entry.get(name) if isinstance(entry, dict) else None
            if isinstance(found, str) and first.setdefault(found, place) != place:
                expected = f"another one than that of entry {first[found]}"
                self._note(f"{at}/{place}/{name}", "duplicate", found, expected)

    def _missing(self, at: str, name: str, expected: str) -> None:
        self._note(f"{at}/{name}", "missing", "nothing", expected, quoted=False)

    def _note(self, pointer: str, code: str, found: object, expected: str, *, quoted: bool = True) -> None:
        if len(self.faults) < _MOST_FAULTS:
            text = f"{found!r}" if quoted else str(found)
            self.faults.append(Fault(pointer, code, text[:80], expected))


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _moment(text: str) -> dt.datetime | None:
    """The moment an RFC 3339 text names, None when it is none."""
    try:
        moment = msgspec.convert(text, dt.datetime)
        return moment.astimezone(dt.UTC) if moment.tzinfo else None
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None
