"""Reading and writing the CSV files of a store folder, cell by cell, with the line of every wrong one.

Files are UTF-8 with commas and one heading line; columns may stand in any order. Writing quotes what needs it, so that
a spreadsheet and this reader see the same cells.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from aisle.store.prices import decimals_of, parse_amount
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import clean, one_of, read_text

_FLAGS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
_NONE: Mapping[str, str] = MappingProxyType({})
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"([0-9]{1,12})(\.0{1,6})?")  # 16.0, as programs write a column with gaps


class Row:
    """One line of a table, read cell by cell; wrong cells are noted and a stand-in is returned.

    `written` are the columns the file has under another name, which is the one faults are told by.
    """

    def __init__(
        self, line: int, cells: dict[str, str], findings: Findings, written: Mapping[str, str] = _NONE
    ) -> None:
        self.line = line
        self._cells = cells
        self._findings = findings
        self._written = written
        self.sound = True

    def error(self, column: str, found: str, expected: str) -> None:
        self.sound = False
        self._findings.error(self._written.get(column, column), found, expected, self.line)

    def cell(self, column: str) -> str:
        return self._cells.get(column, "")

    def text(self, column: str, required: bool = False) -> str:
        """The cell as text without control characters."""
        cell = self.cell(column)
        if not clean(cell):
            self.error(column, shown(cell), "one line of plain text")
        elif required and not cell:
            self.error(column, "nothing", "a text")
        return cell

    def number(self, column: str, low: float, high: float) -> float | None:
        """A finite number from `low` to `high`; None for an empty cell or a wrong one."""
        cell = self.cell(column)
        if not cell:
            return None
        value = float(cell) if NUMBER.fullmatch(cell) else math.nan
        if not low <= value <= high:
            self.error(column, shown(cell), f"a number from {low:g} to {high:g}")
            return None
        return value

    def integer(self, column: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; required when there is no default."""
        cell = self.cell(column)
        if not cell and default is not None:
            return default
        found = _INTEGER.fullmatch(cell)
        value = int(found[1]) if found else -1
        if not low <= value <= high:
            self.error(column, shown(cell) if cell else "nothing", f"a whole number from {low} to {high}")
            return low
        return value

    def amount(self, column: str, currency: str) -> int | None:
        """Minor units of an amount such as 2.49; None for an empty cell or a wrong one."""
        cell = self.cell(column)
        amount = parse_amount(cell, currency)
        if cell and amount is None:
            self._amount_error(column, shown(cell), currency)
        return amount

    def required_amount(self, column: str, currency: str) -> int:
        """Minor units of an amount that must be there."""
        amount = self.amount(column, currency)
        if not self.cell(column):
            self._amount_error(column, "nothing", currency)
        return amount or 0

    def _amount_error(self, column: str, found: str, currency: str) -> None:
        self.error(column, found, f"an amount in {currency} with a point and at most {decimals_of(currency)} decimals")

    def flag(self, column: str, default: bool = False) -> bool:
        """yes or no; an empty cell is `default`."""
        cell = self.cell(column).lower()
        if cell and cell not in _FLAGS:
            self.error(column, shown(cell), "yes or no")
        return _FLAGS.get(cell, default)


def read_table(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    findings: Findings,
    aliases: Mapping[str, str] = _NONE,
) -> list[Row]:
    """The rows of a CSV file. Faults of the heading or of quoting are noted; blank lines are skipped.

    `aliases` are other names a file may give its columns, each with the name among `columns` it stands for.
    """
    text = read_text(path, findings)
    if text is None:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        names = [cell.strip() for cell in next(reader, [])]
        heading = [aliases.get(name, name) for name in names]
        if not _heading_is_sound(names, heading, columns, required, findings):
            return []
        written = {column: name for column, name in zip(heading, names, strict=True) if column != name}
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(reader.line_num, heading, cells, findings, written))
    except csv.Error as error:
        findings.error(
            None, f"broken CSV: {error}", "cells separated by commas, quoted with double quotes", reader.line_num
        )
    return rows


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV text with a heading line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def optional(value: float | None) -> str:
    """A number as a cell that reads back as the same one, or an empty cell."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _heading_is_sound(
    names: list[str], heading: list[str], columns: Sequence[str], required: Sequence[str], findings: Findings
) -> bool:
    """Whether there is every required column; `names` are the columns as written, `heading` what they stand for."""
    if len(names) == 1 and ";" in names[0]:
        findings.error(None, "columns separated by semicolons", "columns separated by commas", 1)
        return False
    for column in required:
        if column not in heading:
            findings.error(column, "no such column", f"a heading with {', '.join(required)}", 1)
    for place, (name, column) in enumerate(zip(names, heading, strict=True)):
        if column not in columns:
            findings.error(shown(name)[1:-1], "an unknown column", one_of(name, columns), 1)
        elif name in names[:place]:
            findings.error(name, "the column twice", "each column once", 1)
        elif column in heading[:place]:
            other = names[heading.index(column)]
            findings.error(name, f"the column {other} beside it, which says the same", "one of the two", 1)
    return all(column in heading for column in required)


def _row(line: int, heading: list[str], cells: list[str], findings: Findings, written: Mapping[str, str]) -> Row:
    row = Row(line, {name: cell.strip() for name, cell in zip(heading, cells, strict=False)}, findings, written)
    if len(cells) > len(heading):
        row.error(heading[-1], f"{len(cells)} cells", f"{len(heading)} cells, as in the heading")
    return row
