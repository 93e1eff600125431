"""Reading a TOML file field by field: every wrong, missing or unknown value becomes a problem with its place.

A `Fields` cursor wraps one table. Each reader returns the value, or a stand-in after noting what is wrong, so that the
loader reads on; `close()` notes the fields nobody asked for, which are nearly always misspelt ones.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from aisle.store.prices import decimals_of, parse_amount
from aisle.store.problems import Findings, shown

MAX_BYTES = 32 * 2**20
_SHARE = re.compile(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?")
_UNWELCOME = frozenset({"Cc", "Cs", "Zl", "Zp"})


def read_text(path: Path, findings: Findings) -> str | None:
    """The file's text (UTF-8), or None after noting why it cannot be read."""
    try:
        if not path.is_file():
            findings.error(None, "no such file", f"a file {path.name} in the store folder")
            return None
        if path.stat().st_size > MAX_BYTES:
            findings.error(None, f"{path.stat().st_size} bytes", f"at most {MAX_BYTES} bytes")
            return None
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.error(None, f"a byte that is no UTF-8 at offset {error.start}", "text in UTF-8")
    except OSError as error:
        findings.error(None, error.strerror or "an unreadable file", "a file that can be read")
    return None


def read_toml(path: Path, findings: Findings) -> Fields | None:
    """The file as a table of fields, or None after noting why there is none."""
    text = read_text(path, findings)
    return None if text is None else parse_toml(text, findings)


def parse_toml(text: str, findings: Findings) -> Fields | None:
    """The text as a table of fields, or None after noting why it is none."""
    try:
        return Fields(tomllib.loads(text), "", findings)
    except tomllib.TOMLDecodeError as error:
        findings.error(None, f"no TOML: {error}", "TOML (https://toml.io)")
    except (RecursionError, ValueError) as error:
        findings.error(None, f"no usable TOML: {type(error).__name__}", "TOML (https://toml.io)")
    return None


class Fields:
    """One table of a TOML file, read field by field."""

    def __init__(self, table: dict[str, Any], path: str, findings: Findings) -> None:
        self._table = table
        self._path = path
        self._findings = findings
        self._asked: set[str] = set()

    def place(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def error(self, key: str, found: str, expected: str) -> None:
        self._findings.error(self.place(key), found, expected)

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def keys(self) -> tuple[str, ...]:
        """All fields of a table whose names are the shopkeeper's own."""
        self._asked.update(self._table)
        return tuple(self._table)

    def _get(self, key: str, required: bool, expected: str) -> Any:
        self._asked.add(key)
        if key not in self._table and required:
            self.error(key, "nothing", expected)
        return self._table.get(key)

    def text(self, key: str, default: str | None = None, *, expected: str = "a text") -> str:
        """A non-empty text without control characters; required when there is no default."""
        value = self._get(key, default is None, expected)
        if value is None:
            return default or ""
        if not isinstance(value, str) or not (value.strip() or default == "") or not clean(value):
            self.error(key, shown(value), expected)
            return default or ""
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of `choices`."""
        expected = " or ".join(choices)
        value = self._get(key, default is None, expected)
        fallback = default if default is not None else choices[0]
        if value is None:
            return fallback
        if value not in choices:
            self.error(key, shown(value), expected)
            return fallback
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._get(key, False, "")
        if value is None:
            return default
        if not isinstance(value, bool):
            self.error(key, shown(value), "true or false")
            return default
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; required when there is no default."""
        expected = f"a whole number from {low} to {high}"
        value = self._get(key, default is None, expected)
        fallback = default if default is not None else low
        if value is None:
            return fallback
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.error(key, shown(value), expected)
            return fallback
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A finite number from `low` to `high`; required when there is no default."""
        expected = f"a number from {low:g} to {high:g}"
        value = self._get(key, default is None, expected)
        fallback = default if default is not None else low
        if value is None:
            return fallback
        if not is_number(value) or not low <= value <= high:
            self.error(key, shown(value), expected)
            return fallback
        return float(value)

    def vector(
        self, key: str, counts: tuple[int, ...], default: tuple[float, ...] | None = None, limit: float = 1e6
    ) -> tuple[float, ...] | None:
        """A list of finite numbers of one of the lengths in `counts`, each within ±`limit`; None when wrong."""
        expected = f"a list of {' or '.join(map(str, counts))} numbers within ±{limit:g}"
        value = self._get(key, default is None, expected)
        if value is None:
            return default
        if isinstance(value, list) and len(value) in counts and all(is_number(v) and abs(v) <= limit for v in value):
            return tuple(float(v) for v in value)
        self.error(key, shown(value), expected)
        return None

    def numbers(self, key: str, at_least: int, limit: float = 1e6) -> tuple[float, ...] | None:
        """A list of at least so many finite numbers within ±`limit`; None when wrong."""
        expected = f"a list of at least {at_least} numbers within ±{limit:g}"
        value = self._get(key, True, expected)
        if value is None:
            return None
        if isinstance(value, list) and len(value) >= at_least and all(is_number(v) and abs(v) <= limit for v in value):
            return tuple(float(v) for v in value)
        self.error(key, shown(value), expected)
        return None

    def points(self, key: str, at_least: int, limit: float = 1e6) -> tuple[tuple[float, float], ...]:
        """A list of [x, y] points in metres; empty when missing or wrong."""
        expected = f"a list of at least {at_least} points [x, y] in metres"
        value = self._get(key, False, expected)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(is_point(v, limit) for v in value) or len(value) < at_least:
            self.error(key, shown(value), expected)
            return ()
        return tuple((float(x), float(y)) for x, y in value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when missing or wrong."""
        value = self._get(key, False, "")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v and clean(v) for v in value):
            self.error(key, shown(value), "a list of texts")
            return ()
        return tuple(value)

    def share(self, key: str, default: Decimal | None = None, *, zero: bool = False) -> Decimal:
        """A share from above 0 (or from 0, with `zero`) to 1, written as text so that its digits are kept exactly."""
        low = "from 0" if zero else "above 0 and up"
        expected = f'a share {low} to 1 as text, such as "0.07"'
        value = self._get(key, default is None, expected)
        if value is None:
            return default if default is not None else Decimal(1)
        share = Decimal(value) if isinstance(value, str) and _SHARE.fullmatch(value) else None
        if share is None or not (share or zero):
            self.error(key, shown(value), expected)
            return Decimal(1)
        return share

    def amount(self, key: str, currency: str, *, zero: bool = True) -> int:
        """Minor units of a required amount, written as text ("4.00") so that it is exact."""
        above = "" if zero else " above 0"
        expected = f"an amount{above} in {currency} as text with at most {decimals_of(currency)} decimals"
        value = self._get(key, True, expected)
        minor = parse_amount(value, currency) if isinstance(value, str) else None
        if value is not None and (minor is None or not (minor or zero)):
            self.error(key, shown(value), expected)
        return minor or 0

    def day(self, key: str) -> dt.date | None:
        """A day, written as a TOML date or as ISO text; None when missing or wrong."""
        value = self._get(key, False, "")
        if value is None or type(value) is dt.date:
            return value
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            self.error(key, shown(value), "a day such as 2026-01-31")
            return None

    def days(self) -> tuple[dt.date | None, dt.date | None]:
        """The first and last day (`starts`, `ends`), both included, None for open."""
        starts, ends = self.day("starts"), self.day("ends")
        if starts is not None and ends is not None and ends < starts:
            self.error("ends", ends.isoformat(), f"a day not before starts, {starts}")
        return starts, ends

    def time(self, key: str) -> dt.time | None:
        """A local time of day, written as a TOML time or as text such as "16:00"; None when missing or wrong."""
        value = self._get(key, False, "")
        try:
            time = value if value is None or isinstance(value, dt.time) else dt.time.fromisoformat(value)
        except (TypeError, ValueError):
            time = dt.time(tzinfo=dt.UTC)
        if time is not None and time.tzinfo is not None:
            self.error(key, shown(value), 'a local time of day such as "16:00"')
            return None
        return time

    def raw(self, key: str) -> Any:
        """The value as TOML gives it, for fields with a reader of their own."""
        return self._get(key, False, "")

    def table(self, key: str) -> Fields:
        """A sub-table, empty when missing or wrong."""
        value = self._get(key, False, "")
        if value is not None and not isinstance(value, dict):
            self.error(key, shown(value), f"a table [{self.place(key)}]")
        return Fields(value if isinstance(value, dict) else {}, self.place(key), self._findings)

    def tables(self, key: str) -> list[Fields]:
        """A list of tables ([[key]]), empty when missing or wrong."""
        value = self._get(key, False, "")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            self.error(key, shown(value), f"tables [[{self.place(key)}]]")
            return []
        return [Fields(v, f"{self.place(key)}[{i}]", self._findings) for i, v in enumerate(value, start=1)]

    def close(self) -> None:
        """Note every field nobody asked for."""
        for key in self._table:
            if key not in self._asked:
                self.error(shown(key)[1:-1], "an unknown field", one_of(key, self._asked))


def one_of(word: str, known: Iterable[str]) -> str:
    """What may stand instead of `word`: the nearest known word, otherwise all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    return near[0] if near else "one of " + ", ".join(words)


def clean(text: str) -> bool:
    """Whether a text is free of control characters, line breaks and halves of characters."""
    return all(unicodedata.category(c) not in _UNWELCOME for c in text)


def is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 and math.isfinite(value)
    )


def is_point(value: object, limit: float) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(is_number(v) and abs(v) <= limit for v in value)
