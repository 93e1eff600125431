"""Symbologies a code may be printed in, by the names recordings and readers of codes give them.

The symbology decides how the digits are read: eight digits are a GTIN-8 in one and a compressed GTIN-12 in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Symbology(StrEnum):
    """How the code was printed, or that somebody typed it."""

    EAN13 = "EAN13"
    EAN8 = "EAN8"
    UPCA = "UPCA"
    UPCE = "UPCE"
    DATABAR = "DataBar"
    DATABAR_LIMITED = "DataBarLimited"
    DATABAR_EXPANDED = "DataBarExpanded"
    QR = "QRCode"
    TYPED = "typed"


EAN_FAMILY = frozenset({Symbology.EAN13, Symbology.EAN8, Symbology.UPCA, Symbology.UPCE})
DATABARS = frozenset({Symbology.DATABAR, Symbology.DATABAR_LIMITED, Symbology.DATABAR_EXPANDED})


@dataclass(frozen=True, slots=True)
class Scan:
    """One code as it was read: `text` as printed (of UPC-E the eight printed digits, or already twelve or thirteen)."""

    text: str
    symbology: Symbology
