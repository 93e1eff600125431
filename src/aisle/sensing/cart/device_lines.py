"""What a cart's small devices write, line by line: scales' protocols, motion sensors, hand scanners.

A line is a JSON object as in a recording (its time may be missing), or the text the trade's devices write: weights with
their status (A&D, CAS, Mettler-Toledo SICS, Ohaus, Kern), codes with or without AIM's symbology identifier (ISO/IEC
15424).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from aisle.sensing.cart.messages import MOTION, SCALE, SCANNER, MessageError, believed, reading_of
from aisle.sensing.cart.readings import CartReading, MotionReading, ScaleReading, ScanReading
from aisle.sensing.mcap_records import Channel, RawMessage
from aisle.store.barcodes.numbers import all_digits, expand_upc_e, is_gtin
from aisle.store.barcodes.symbology import Symbology

LineReader = Callable[[str, int], CartReading | None]
"""A line and when it came (ns) -> its reading, None for a line that says nothing; MessageError for one it cannot."""

GRAMS = {"kg": 1000.0, "g": 1.0, "lb": 453.59237, "lbs": 453.59237, "oz": 453.59237 / 16, "": 1.0}
_WEIGHT = re.compile(
    r"(?P<status>(?:[A-Z]{1,3}[ ,:]*){0,4})(?P<sign>[+-]?) *(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"[ ,]*(?P<unit>kg|g|lbs?|oz)?[ ,]*\??",
    re.IGNORECASE,
)
_OVER = re.compile(r"S[IX]? \+ *|(?:OL\b|\+{3}|H{3}|\^{3}|over ?load).*", re.IGNORECASE)
_UNDER = re.compile(r"S[IX]? - *|(?:UL\b|-{3}|L{3}|_{3}|under ?load).*", re.IGNORECASE)
_TARES = frozenset({"TR", "PT", "T"})
_MOTION = re.compile(r"(true|false|1|0)[ ,;]+([0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"\][A-Za-z][0-9]")
_ELEMENTS = frozenset({"]e0", "]C1", "]d2", "]Q3", "]J1"})  # FNC1 in front: GS1 data; the mark stays with the code
_QR = "]Q"
OVERLOAD = "overloaded"


def scale_line(line: str, now_ns: int) -> CartReading | None:
    """The weight in a line; NaN where the scale says it is below its range.

    Raises MessageError, `what` being OVERLOAD where the scale says that it is above.
    """
    if line.startswith("{"):
        return _of_json(line, SCALE, now_ns)
    if _OVER.fullmatch(line):
        raise MessageError(OVERLOAD, repr(line[:40]))
    if _UNDER.fullmatch(line):
        return ScaleReading(now_ns, now_ns, math.nan)
    found = _WEIGHT.fullmatch(line)
    if found is not None:
        if _TARES & set(re.findall("[A-Z]+", found["status"].upper())):
            return None
        grams = float(found["number"]) * GRAMS[(found["unit"] or "").lower()]
        return believed(ScaleReading(now_ns, now_ns, -grams if found["sign"] == "-" else grams))
    raise MessageError("not a weight", f'{line[:40]!r}; wanted such as "ST,GS,+  1.234kg", "123.4 g" or JSON')


def motion_line(line: str, now_ns: int) -> CartReading | None:
    """The state of motion in a line: JSON, or `moving acceleration` such as `1 0.35`; raises MessageError."""
    if line.startswith("{"):
        return _of_json(line, MOTION, now_ns)
    found = _MOTION.fullmatch(line)
    if found is None:
        raise MessageError("not a motion", f'{line[:40]!r}; wanted such as "1 0.35" (moving, m/s²) or JSON')
    return believed(MotionReading(now_ns, now_ns, found[1].lower() in ("1", "true"), float(found[2])))


def scanner_line(line: str, now_ns: int) -> CartReading | None:
    """The code in a line, with the symbology its identifier or its digits tell; raises MessageError."""
    if line.startswith("{"):
        return _of_json(line, SCANNER, now_ns)
    code, symbology = identified(line)
    return believed(ScanReading(now_ns, now_ns, code, symbology.value))


def identified(line: str) -> tuple[str, Symbology]:
    """Code and symbology of what a scanner wrote.

    Eight digits that are right both as EAN-8 and as UPC-E are given as TYPED, which lets the catalogue decide.
    """
    mark = line[:3] if _IDENTIFIER.match(line) else ""
    body = line[len(mark) :]
    if mark in _ELEMENTS:
        return line, Symbology.QR if mark == "]Q3" else Symbology.DATABAR_EXPANDED
    if mark.startswith(_QR) or body.lower().startswith(("http://", "https://")):
        return body, Symbology.QR
    if mark == "]E4":
        return body, Symbology.EAN8
    if not all_digits(body) or (mark and not mark.startswith("]E")):
        return body, Symbology.TYPED
    if len(body) == 8:
        return body, _of_eight(body)
    if len(body) >= 16 and body.startswith("01") and is_gtin(body[2:16]):
        return body, Symbology.DATABAR_EXPANDED
    return body, {13: Symbology.EAN13, 12: Symbology.UPCA}.get(len(body), Symbology.TYPED)


def _of_eight(digits: str) -> Symbology:
    short, compressed = is_gtin(digits), expand_upc_e(digits) is not None
    if short == compressed:
        return Symbology.TYPED
    return Symbology.EAN8 if short else Symbology.UPCE


def _of_json(line: str, topic: str, now_ns: int) -> CartReading:
    """A line that is a recording's message, with the time it came at where it has none of its own."""
    data = line.encode()
    try:
        message = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MessageError("not a message of this topic", str(error)) from None
    if "t_ns" not in message:
        data = msgspec.json.encode(message | {"t_ns": now_ns})
    return reading_of(RawMessage(0, Channel("", topic, "", "json"), (now_ns, now_ns), data))
