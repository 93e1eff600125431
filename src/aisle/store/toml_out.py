"""Writing TOML a person likes to edit: a heading, plain keys, and numbers that read back as the very same ones.

Only what store folders need: texts, whole and floating numbers, flags, days, lists, tables and lists of tables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | bool | int | float | dt.date | Sequence[Value]"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def heading(*lines: str) -> str:
    """Comment lines at the top of a file."""
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)


def table(header: str, values: Mapping[str, Value]) -> str:
    """A table under `header` ("[tax]", "[[camera]]", or "" for the top of the file)."""
    lines = [header] if header else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    return "\n" + "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if key and set(key) <= _BARE else _text(key)


def _text(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c, c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text) + '"'


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case dt.date():
            return value.isoformat()
        case _:
            return "[" + ", ".join(_value(v) for v in value) + "]"
