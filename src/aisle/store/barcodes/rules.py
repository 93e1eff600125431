"""A shop's rules for codes it or its suppliers make: numbers with a weight or price inside, clearance stickers.

A rule is a pattern of the whole code, one letter a digit: `I` the item, `V` the value, `C` the value's verifier, `K`
the check digit over everything before it, `x` any digit, and digits stand for themselves.  GTIN-12 and -13 are matched
as 13 digits.  The rules of a country are those its GS1 organisation publishes; a shop may put its own before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from aisle.store.barcodes.numbers import price_verifier
from aisle.store.codes import check_digit
from aisle.store.prices import decimals_of

PATTERN = re.compile(r"[0-9IVCKx]{8,40}")
GRAMS_PER_POUND = Decimal("453.59237")
KINDS = ("price", "kg", "lb", "count", "percent", "none")


def minor_units(value: int, decimals: int, currency: str) -> int | None:
    """`value` with `decimals` after its point as whole minor units; None when it has parts smaller than those."""
    shift = decimals_of(currency) - decimals
    if shift >= 0:
        return int(value * 10**shift)
    return None if value % 10**-shift else int(value // 10**-shift)


@dataclass(frozen=True, slots=True)
class Match:
    """What a pattern found in a code: the item's digits, the value as a whole number, a complaint when it is broken."""

    item: str
    value: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How to read one family of codes: `kind` says what the value is, `decimals` where its point stands.

    Raises ValueError when the pattern, kind or decimals make no sense.
    """

    pattern: str
    kind: str
    decimals: int = 0

    def __post_init__(self) -> None:
        if not PATTERN.fullmatch(self.pattern):
            raise ValueError(f"pattern {self.pattern!r}: expected 8 to 40 of the digits and the letters I, V, C, K, x")
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r}: expected one of {', '.join(KINDS)}")
        if (self.kind == "none") == ("V" in self.pattern):
            raise ValueError(
                f"pattern {self.pattern!r}: kind {self.kind} needs {'no' if self.kind == 'none' else 'a'} V"
            )
        if self.pattern.count("C") > 1 or ("C" in self.pattern and self.pattern.count("V") not in (4, 5)):
            raise ValueError(f"pattern {self.pattern!r}: one C verifies a value of four or five digits")
        if "K" in self.pattern[:-1]:
            raise ValueError(f"pattern {self.pattern!r}: the check digit K must be the last")
        if not 0 <= self.decimals <= 6:
            raise ValueError(f"decimals {self.decimals}: expected 0 to 6")

    def match(self, digits: str) -> Match | None:
        """What the code holds under this rule, or None when it is of another form."""
        if len(digits) != len(self.pattern):
            return None
        if any(p.isdigit() and p != d for p, d in zip(self.pattern, digits, strict=True)):
            return None
        item, value = self._letters("I", digits), self._letters("V", digits)
        return Match(item, int(value or "0"), self._fault(digits, value))

    def without_value(self, digits: str) -> str:
        """The code with its value set to zero and its check digits made right again: how many shops file the item."""
        zeroed = [("0" if p in "VC" else d) for p, d in zip(self.pattern, digits, strict=True)]
        if self.pattern.endswith("K"):
            zeroed[-1] = check_digit("".join(zeroed[:-1]))
        return "".join(zeroed)

    def minor(self, value: int, currency: str) -> int | None:
        """The value as whole minor units of the currency; None when it has parts smaller than those."""
        return minor_units(value, self.decimals, currency)

    def scaled(self, value: int) -> Decimal:
        """The value with its point set, in grams where the rule is of kilograms or pounds."""
        number = Decimal(value).scaleb(-self.decimals)
        return number * (1000 if self.kind == "kg" else GRAMS_PER_POUND if self.kind == "lb" else 1)

    def _letters(self, letter: str, digits: str) -> str:
        return "".join(d for p, d in zip(self.pattern, digits, strict=True) if p == letter)

    def _fault(self, digits: str, value: str) -> str | None:
        if self.pattern.endswith("K") and digits[-1] != check_digit(digits[:-1]):
            return f"check digit {digits[-1]}, must be {check_digit(digits[:-1])}"
        verifier = self._letters("C", digits)
        if verifier and verifier != price_verifier(value):
            return f"verifier {verifier} of the value {value}, must be {price_verifier(value)}"
        return None


def _rules(kind: str, decimals: int, *patterns: str) -> tuple[NumberRule, ...]:
    return tuple(NumberRule(pattern, kind, decimals) for pattern in patterns)


_BALTIC = (
    *_rules("kg", 3, "23IIIIIIVVVVK"),
    *_rules("kg", 2, "24IIIIIIVVVVK"),
    *_rules("kg", 1, "25IIIIIIVVVVK"),
)
_NORDIC = (
    *_rules("price", 2, "20IIIIIIVVVVK"),
    *_rules("price", 1, "21IIIIIIVVVVK"),
    *_rules("price", 0, "22IIIIIIVVVVK"),
    *_BALTIC,
)
_AMERICAN = _rules("price", 2, "02IIIIICVVVVK")

# By ISO 3166 country.  Sources: the GS1 organisations' own pages; the Norwegian ones follow the Swedish, unconfirmed.
COUNTRIES: Mapping[str, tuple[NumberRule, ...]] = MappingProxyType(
    {
        "US": _AMERICAN,
        "CA": _AMERICAN,
        "DE": (
            *_rules("price", 2, "22IIIICVVVVVK", "23IIIICVVVVVK"),
            *_rules("count", 0, "25IIIICVVVVVK", "26IIIICVVVVVK"),
            *_rules("kg", 3, "28IIIICVVVVVK", "29IIIICVVVVVK"),
        ),
        "DK": (
            *_rules("price", 2, *(f"2{n}IIIIVVVVVVK" for n in (1, 2, 3, 4))),
            *_rules("kg", 3, "26IIIIVVVVVVK", "27IIIIIVVVVVK", "28IIIIVVVVVVK"),
        ),
        "GB": _rules("price", 2, "20IIIIICVVVVK"),
        "EE": _BALTIC,
        "FI": _BALTIC,
        "LT": _BALTIC,
        "LV": _BALTIC,
        "NO": _NORDIC,
        "SE": _NORDIC,
    }
)
# Where a shop names no country: the one its currency belongs to.  The euro has many, with rules that contradict each
# other; the largest market's are taken, and what they say still has to agree with the catalogue and the scale.
CURRENCIES: Mapping[str, str] = MappingProxyType(
    {"USD": "US", "CAD": "CA", "EUR": "DE", "DKK": "DK", "GBP": "GB", "NOK": "NO", "SEK": "SE"}
)


@dataclass(frozen=True, slots=True)
class CodeRules:
    """What a shop's codes mean: its currency, the rules of numbers with a value inside, and of its stickers.

    `numbers` are tried in their order, then the country's.  Sticker rules are of kind "percent", "price" or "none"
    (a sticker whose discount the shop knows by its number).
    """

    currency: str
    country: str | None = None
    numbers: tuple[NumberRule, ...] = ()
    stickers: tuple[NumberRule, ...] = ()

    @property
    def all_numbers(self) -> tuple[NumberRule, ...]:
        """The shop's rules, then those of its country (of its currency's country where it names none)."""
        country = self.country if self.country is not None else CURRENCIES.get(self.currency, "")
        return self.numbers + COUNTRIES.get(country, ())
