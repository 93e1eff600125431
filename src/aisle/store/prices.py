"""Price tags: amounts as people write them, against integer minor units as Aisle keeps them."""

from __future__ import annotations

import re

# ISO 4217 currencies whose minor unit is not a hundredth, and how many decimals they have.
_NO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]+))?")
CURRENCY = re.compile(r"[A-Z]{3}")


def decimals_of(currency: str) -> int:
    """Decimals of the currency's minor unit after ISO 4217: 2 unless it is one of the exceptions."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def parse_amount(text: str, currency: str) -> int | None:
    """Minor units of an amount such as `2.49`; None when it is none or has more decimals than the currency."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    decimals = decimals_of(currency)
    fraction = found[2] or ""
    if len(fraction) > decimals:
        return None
    return int(found[1] + fraction.ljust(decimals, "0"))


def format_amount(minor: int, currency: str) -> str:
    """An amount as `parse_amount` reads it back."""
    decimals = decimals_of(currency)
    if decimals == 0:
        return str(minor)
    return f"{minor // 10**decimals}.{minor % 10**decimals:0{decimals}d}"
