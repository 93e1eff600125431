"""GS1 data, from element strings (DataBar Expanded, GS1 QR) and from Digital Link addresses, as fields by AI.

An element string is a row of fields, each an application identifier (AI) and its data; a field of open length ends at
FNC1, which readers give as the character 29 (General Specifications, section 7.8).  Brackets as printed beneath codes
are understood too.  A Digital Link carries the same fields in the path and query of an address (GS1 Digital Link 1.2).
Only what can be on goods is known here; an AI that is not known ends the reading of its field, not of the code.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

from aisle.store.barcodes.numbers import all_digits, is_gtin

FNC1 = "\x1d"
LONGEST = 512  # characters; no retail code is longer
PREFIX = re.compile(r"\](?:e0|C1|d2|Q3|J1)")
BRACKETS = re.compile(r"\(([0-9]{2,4})\)([^()]*)")
CHARACTERS = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
ADDRESS = re.compile(r"https?://", re.IGNORECASE)

# Data lengths which the first two digits of an AI fix (General Specifications, table of predefined lengths).
_FIXED = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "20": 2, "41": 13} | {str(n): 6 for n in range(11, 20)}
_FIXED |= {str(n): 6 for n in range(31, 37)}
# Others found on goods and coupons: AI -> longest data, and whether digits only.
_OPEN: dict[str, tuple[int, bool]] = {
    "10": (20, False), "21": (20, False), "22": (20, False), "235": (28, False), "240": (30, False), "241": (30, False),
    "242": (6, True), "243": (20, False), "250": (30, False), "251": (30, False), "253": (30, False),
    "254": (20, False), "255": (25, True), "30": (8, True), "37": (8, True), "400": (30, False), "420": (20, False),
    "421": (12, False), "422": (3, True), "423": (15, True), "424": (3, True), "425": (15, True), "426": (3, True),
    "7003": (10, True), "7006": (6, True), "7007": (12, True), "8005": (6, True), "8008": (12, True),
    "8020": (25, False), "8110": (70, False), "8111": (4, True), "8112": (70, False), "8200": (70, False),
}  # fmt: skip
_OPEN |= {str(n): (90 if n > 90 else 30, False) for n in range(90, 100)}
_OPEN |= {f"390{n}": (15, True) for n in range(10)} | {f"391{n}": (18, True) for n in range(10)}
_OPEN |= {f"392{n}": (15, True) for n in range(10)} | {f"393{n}": (18, True) for n in range(10)}
_OPEN |= {f"394{n}": (4, True) for n in range(4)} | {f"395{n}": (6, True) for n in range(6)}


@dataclass(frozen=True, slots=True)
class Elements:
    """The fields of one code by AI, and what was wrong with those left out."""

    fields: dict[str, str]
    faults: tuple[str, ...] = ()

    def get(self, ai: str) -> str | None:
        return self.fields.get(ai)

    def measured(self, first: str) -> tuple[str, int] | None:
        """Data and decimals of the first field whose four-digit AI begins with `first` (310: net weight in kg)."""
        for ai, data in self.fields.items():
            if len(ai) == 4 and ai.startswith(first):
                return data, int(ai[3])
        return None


def is_element_string(text: str) -> bool:
    """Whether the text says by its marks that it is GS1 data: a symbology prefix, FNC1 in front, or brackets."""
    return bool(PREFIX.match(text)) or text.startswith(FNC1) or bool(re.match(r"\([0-9]{2,4}\)", text))


def is_address(text: str) -> bool:
    """Whether the text is a web address."""
    return bool(ADDRESS.match(text))


def read_elements(text: str) -> Elements:
    """The fields of an element string, with or without symbology prefix or printed brackets."""
    text = PREFIX.sub("", text[:LONGEST], count=1)
    if text.startswith("("):
        return _collect([(found[1], found[2]) for found in BRACKETS.finditer(text)])
    pairs: list[tuple[str, str]] = []
    faults: list[str] = []
    for run in text.split(FNC1):
        rest = run
        while rest:
            ai = _identifier(rest)
            if ai is None:
                faults.append(f"the field {rest[:12]!r} begins with no application identifier found on goods")
                break
            length = _FIXED.get(ai[:2], len(rest))
            pairs.append((ai, rest[len(ai) : len(ai) + length]))
            rest = rest[len(ai) + length :]
    found = _collect(pairs)
    return Elements(found.fields, (*found.faults, *faults))


def read_address(text: str) -> Elements:
    """The fields in a GS1 Digital Link; without fields when the address is none, with the reason among the faults."""
    try:
        parts = urlsplit(text[:LONGEST])
        query = parse_qsl(parts.query, max_num_fields=64)
    except ValueError:
        return Elements({}, ("the web address is malformed",))
    steps = [unquote(step) for step in parts.path.split("/") if step]
    steps = ["01" if step.lower() == "gtin" else step for step in steps]
    start = next((k for k, step in enumerate(steps) if step in ("01", "8112", "255") and k + 1 < len(steps)), None)
    if start is None:
        return Elements({}, ("the web address names no product (no /01/ and a GTIN in it)",))
    path = steps[start:]
    pairs = [*zip(path[::2], path[1::2], strict=False), *query]
    pairs = [(ai, data.zfill(14) if ai == "01" else data) for ai, data in pairs if _identifier(ai) == ai]
    return _collect(pairs)


def read_date(yymmdd: str, today: date) -> date | None:
    """A six-digit date in the century that puts it between 49 years before and 50 after `today`; day 00 is the last."""
    if not all_digits(yymmdd) or len(yymmdd) != 6:
        return None
    short, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    year = today.year - today.year % 100 + short
    year += 100 if short - today.year % 100 <= -50 else -100 if short - today.year % 100 >= 51 else 0
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last) if day <= last else None


def _identifier(text: str) -> str | None:
    for length in (2, 3, 4):
        ai = text[:length]
        if len(ai) < length or not all_digits(ai):
            return None
        fixed = ai[:2] in _FIXED
        if ai in _OPEN or (fixed and length == _fixed_ai_length(ai)):
            return ai
    return None


def _fixed_ai_length(ai: str) -> int:
    return {"3": 4, "4": 3}.get(ai[0], 2)


def _collect(pairs: list[tuple[str, str]]) -> Elements:
    fields: dict[str, str] = {}
    faults: list[str] = []
    for ai, data in pairs:
        fault = _fault(ai, data)
        if fault is None and fields.setdefault(ai, data) != data:
            fault = "stands there twice with different data"
        if fault is not None:
            faults.append(f"AI {ai} {fault}")
    return Elements(fields, tuple(faults))


def _fault(ai: str, data: str) -> str | None:
    if _identifier(ai) != ai:
        return "is not one found on goods"
    if ai[:2] in _FIXED:
        if len(data) != _FIXED[ai[:2]] or not all_digits(data):
            return f"needs {_FIXED[ai[:2]]} digits, found {data[:20]!r}"
        return "has a wrong check digit" if ai in ("01", "02") and not is_gtin(data) else None
    longest, digits = _OPEN[ai]
    if not data or len(data) > longest or not (all_digits(data) if digits else CHARACTERS.fullmatch(data)):
        return f"needs 1 to {longest} {'digits' if digits else 'characters'}, found {data[:20]!r}"
    return None
