"""How a language says what a receipt says, and how a place writes money, numbers, days and times.

Words are small TOML files beside this module, one per language, all with the same keys. Formats are those of the
Unicode Common Locale Data Repository through babel; only the number of decimals of an amount is Aisle's own
(ISO 4217), because amounts must look as exact as they are kept.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from aisle.store.prices import decimals_of

DEFAULT = "en-US"
LANGUAGES = ("en", "de", "fr", "es")
MINUS = "−"
_MEASURE = re.compile(r"([0-9]) (kg|g|l|ml|cl|cm|m|oz|lb|pcs|%)(?!\w)")
# CLDR's currencySpacing, which babel leaves out: a code of letters keeps a space from its number.
_CODE_AND_NUMBER = re.compile(r"(?<=[^\W\d_])(?=[0-9])|(?<=[0-9])(?=[^\W\d_])")
_BRANDS = {
    "amex": "American Express", "cartes_bancaires": "CB", "diners": "Diners Club", "discover": "Discover",
    "eftpos_au": "eftpos", "jcb": "JCB", "mastercard": "Mastercard", "unionpay": "UnionPay", "visa": "Visa",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language with its place: `words` by key, `locale` for formats."""

    words: dict[str, str]
    locale: Locale

    @property
    def tag(self) -> str:
        """The language tag of RFC 5646, such as `de-AT`."""
        return str(self.locale).replace("_", "-")

    def say(self, key: str, **parts: str | int) -> str:
        """The words under `key` with its parts filled in."""
        return self.words[key].format(**parts)

    def names(self, names: Sequence[str]) -> str:
        """Several names as one: "a, b and c"."""
        *first, last = names
        return ", ".join(first) + (self.words["and"] if first else "") + last

    def money(self, minor: int, currency: str) -> str:
        """An amount with its currency as this place writes it: `€15.78`, `15,78 €`."""
        text = self._signed(minor, self._pattern("¤", currency), currency)
        return _CODE_AND_NUMBER.sub("\u00a0", text)

    def amount(self, minor: int, currency: str) -> str:
        """An amount without its currency, with the currency's decimals."""
        return self._signed(minor, self._pattern("", currency), currency)

    def kilograms(self, grams: int) -> str:
        """A weight in kilograms to the gram."""
        return str(format_decimal(Decimal(grams) / 1000, format="#,##0.000", locale=self.locale))

    def count(self, number: int) -> str:
        return str(format_decimal(number, locale=self.locale))

    def share(self, share: Decimal) -> str:
        """A share as per cent with as many decimals as it has: 0.0625 is `6.25%`."""
        places = max(0, -int(share.normalize().as_tuple().exponent) - 2)
        pattern = _with_decimals(self.locale.percent_formats[None].pattern, places)
        return str(pattern.apply(share, self.locale))

    def sureness(self, probability: float) -> str:
        """A probability as whole per cent, rounded down so that nothing looks surer than it is."""
        return self.share(Decimal(math.floor(probability * 100 + 1e-9)).scaleb(-2))

    def day(self, moment: dt.datetime) -> str:
        """The day in full, with its weekday."""
        return str(format_date(moment.date(), format="full", locale=self.locale))

    def short_day(self, moment: dt.datetime) -> str:
        return str(format_date(moment.date(), format="medium", locale=self.locale))

    def time(self, moment: dt.datetime) -> str:
        """Hours and minutes; `moment` is already in the shop's time zone."""
        return str(format_time(moment.time(), format="short", locale=self.locale))

    def brand(self, brand: str) -> str:
        """A card brand as its owner writes it."""
        return _BRANDS.get(brand.lower(), plain(brand))

    def _pattern(self, sign: str, currency: str) -> NumberPattern:
        formats = self.locale.currency_formats["standard"] if sign else self.locale.decimal_formats[None]
        return _with_decimals(formats.pattern, decimals_of(currency))

    def _signed(self, minor: int, pattern: NumberPattern, currency: str) -> str:
        size = Decimal(abs(minor)).scaleb(-decimals_of(currency))
        text = str(pattern.apply(size, self.locale, currency=currency, currency_digits=False))
        return f"{MINUS}{text}" if minor < 0 else text


def tongue(tag: str) -> Tongue:
    """The language and place of a tag such as `de-AT` or `fr_CA`.

    A tag that is none, or whose language has no words here, gives American English: a receipt is always readable.
    """
    return _tongue(tag.replace("_", "-").strip()[:40])


@cache
def words_of(language: str) -> dict[str, str]:
    """The catalogue of one of `LANGUAGES`."""
    text = resources.files(__package__).joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def plain(text: str) -> str:
    """`text` on one line: runs of white space become one space, control and direction characters go.

    A number and its unit ("1 l", "150 g") stay on one line by a space that does not break.
    """
    kept = "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else " " for c in text)
    return _MEASURE.sub("\\1\u00a0\\2", " ".join(kept.split()))


@cache
def _tongue(tag: str) -> Tongue:
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, TypeError, UnknownLocaleError):
        locale = Locale.parse(DEFAULT, sep="-")
    if locale.language not in LANGUAGES:
        locale = Locale.parse(DEFAULT, sep="-")
    return Tongue(words_of(locale.language), locale)


@cache
def _with_decimals(pattern: str, decimals: int) -> NumberPattern:
    found = parse_pattern(pattern)
    found.frac_prec = (decimals, decimals)
    return found
