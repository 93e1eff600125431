"""The receipt as plain text, sixty columns wide, for readers without HTML and for printers."""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache

from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.sheet import Entry, Row, Sheet, lay_out
from aisle.commerce.receipts.words import tongue

COLUMNS = 60
_INDENT = "  "


def receipt_text(receipt: Receipt, locale: str) -> str:
    """The receipt as lines of at most `COLUMNS` columns (links may be longer), amounts flush right."""
    sheet = lay_out(receipt, locale)
    being_checked = tongue(locale).say("being_checked")
    lines = [*_head(sheet), ""]
    for entry in sheet.entries:
        lines += [*_entry(entry, sheet.ask_back)]
    for name in sheet.waiting:
        lines += [*_wrap(name), f"{_INDENT}{being_checked}"]
    lines += ["-" * COLUMNS, *_rows(sheet.sums), *_rows(sheet.taxes)]
    if sheet.payments:
        lines += ["", *_rows(sheet.payments)]
    if sheet.action:
        lines += ["", *_wrap(f"{sheet.action.label}:"), sheet.action.url, *_wrap(sheet.action.note)]
    if sheet.imprint:
        lines += ["", *_wrap(sheet.imprint)]
    return "\n".join(lines) + "\n"


def columns(text: str) -> int:
    """How many columns of a fixed-width screen `text` takes: wide East Asian characters take two, marks none."""
    return len(text) if text.isascii() else sum(_columns_of(character) for character in text)


@lru_cache(maxsize=4096)
def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _head(sheet: Sheet) -> list[str]:
    head = [*_pair(sheet.store, sheet.number), *_wrap(sheet.when), "", *_pair(sheet.headline, sheet.saved)]
    return [*head, *(line for note in sheet.notes for line in _wrap(note))]


def _entry(entry: Entry, ask_back: str) -> list[str]:
    lines = _pair(entry.name, entry.amount)
    quiet = " · ".join(part for part in (entry.detail, entry.sure) if part)
    lines += _wrap(quiet, _INDENT) if quiet else []
    for saving in entry.savings:
        lines += _pair(saving.label, saving.amount, _INDENT)
    for back in entry.came_back:
        lines += _wrap(back, _INDENT)
    if entry.dispute_url:
        lines.append(f"{_INDENT}{ask_back} {entry.dispute_url}")
    if entry.deposit:
        lines += _pair(entry.deposit.label, entry.deposit.amount)
        lines += _wrap(entry.deposit_detail, _INDENT) if entry.deposit_detail else []
    return lines


def _rows(rows: tuple[Row, ...]) -> list[str]:
    return [line for row in rows for line in _pair(row.label, row.amount)]


def _pair(label: str, amount: str, indent: str = "") -> list[str]:
    """`label` wrapped, with `amount` flush right on its first line."""
    first, *rest = _wrap(label, indent, COLUMNS - columns(amount) - 2)
    gap = COLUMNS - columns(first) - columns(amount)
    return [f"{first}{' ' * gap}{amount}" if amount else first, *rest]


def _wrap(text: str, indent: str = "", width: int = COLUMNS) -> list[str]:
    """`text` in lines of at most `width` columns; words too long are broken."""
    lines = [indent]
    for word in _pieces(text, width - len(indent)):
        gap = "" if lines[-1] == indent else " "
        if columns(lines[-1]) + len(gap) + columns(word) <= width:
            lines[-1] += gap + word
        else:
            lines.append(indent + word)
    return lines


def _pieces(text: str, width: int) -> list[str]:
    """The words of `text`, none wider than `width` columns."""
    return [piece for word in text.split(" ") for piece in ([word] if columns(word) <= width else _broken(word, width))]


def _broken(word: str, width: int) -> list[str]:
    return textwrap.wrap(word, max(1, width // 2), break_on_hyphens=False)
