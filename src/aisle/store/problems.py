"""What is wrong with a store folder: one `Problem` per fault, all of them gathered in one pass.

A shopkeeper mends ten faults in one go rather than meeting them one by one, so the loaders never stop at the first:
they note it in a `Findings` list and read on with what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where it stands, what was found there and what would be right.

    `row` is the line of a CSV file (the heading is line 1); `field` is a column, or in a TOML file the path of the
    value ("gondola[2].shelf[1].height_m", tables counted from 1).
    """

    level: Level
    file: str
    row: int | None
    field: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", line {self.row}"
        if self.field is not None:
            place += f", {self.field}"
        return f"{self.level}: {place}: found {self.found}; expected {self.expected}"

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "file": self.file,
            "row": self.row,
            "field": self.field,
            "found": self.found,
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of checking a store folder: errors first, each group in reading order."""

    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level == "warning")

    @property
    def ok(self) -> bool:
        return not self.errors


class StoreError(Exception):
    """The store folder cannot be used; `report` says why, `str()` lists the errors one to a line."""

    def __init__(self, folder: str, report: Report) -> None:
        self.folder = folder
        self.report = report
        super().__init__("\n".join(str(p) for p in report.errors))


@dataclass(slots=True)
class Findings:
    """Where the loaders of one file note what they find."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def error(self, field: str | None, found: str, expected: str, row: int | None = None) -> None:
        self.problems.append(Problem("error", self.file, row, field, found, expected))

    def warning(self, field: str | None, found: str, expected: str, row: int | None = None) -> None:
        self.problems.append(Problem("warning", self.file, row, field, found, expected))


def shown(value: object) -> str:
    """A value as a message shows it: quoted text, shortened when long."""
    try:
        text = repr(value) if not isinstance(value, str) else f'"{value}"'
    except ValueError:  # Python refuses to print whole numbers of thousands of digits
        return "a number too long to show"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= 80 else text[:77] + "..."
