"""Turns files of results (`aisle bench SUITE --json > FILE`) into the Markdown table of claims in the README.

Also runs by itself: `python -m aisle.bench.table results/*.json`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aisle.bench.claims import Kind, Results, Row
from aisle.bench.truth import BenchError

VERDICTS = {True: "yes", False: "**no**", None: "–"}


def value_text(value: float | None, unit: str) -> str:
    """A value with its unit, to a sensible number of digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "yes/no":
        return "yes" if value else "no"
    return f"{_digits(value, unit)}{'' if unit == '×' else ' '}{unit}".strip()


def _digits(value: float, unit: str) -> str:
    if abs(value) >= 100 or (value == int(value) and abs(value) != 1):
        return f"{value:,.0f}"
    if unit == "×":
        return f"{value:.1f}"
    return f"{value:.2f}" if unit and abs(value) >= 0.1 else f"{value:.4f}"


def interval_text(row: Row) -> str:
    """The 95 % interval, empty where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"{_bound(row.low, row.unit)}–{_bound(row.high, row.unit)}"


def _bound(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "?"
    return _digits(value, unit) if unit else f"{value:.4f}"


def reach_text(row: Row) -> str:
    """What is to be reached, empty where the row is only reported."""
    if row.reach is None:
        return ""
    sign = "" if row.unit == "yes/no" else "≥ " if row.side == "least" else "≤ "
    return sign + _plain(row.reach, row.unit)


def _plain(reach: float, unit: str) -> str:
    if unit == "yes/no":
        return "yes" if reach else "no"
    return f"{reach:g}{'' if unit == '×' else ' '}{unit}".strip()


def read_results(path: Path) -> Results:
    """One file of results; BenchError names file and field."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise BenchError(f"{path}: not a file of results as `aisle bench SUITE --json` prints them: {error}") from error


COLUMNS = (
    "On", "Measure", "Value", "95 % interval", "Reach", "Reached", "Sequential baseline", "Published*", "Recordings"
)  # fmt: skip


def markdown(results: Sequence[Results], *, brief: bool = False) -> str:
    """The table of claims: one line for each measured row, the baseline's and others' figures beside it.

    `brief` keeps only the measures that carry a reach in at least one of the results. Columns nobody fills are left
    out.
    """
    rows = [row for result in results for row in result.rows]
    wanted = {row.name for row in rows if row.reach is not None or not brief}
    lines = [_cells(row, rows) for row in rows if row.kind == "measured" and row.name in wanted]
    used = [place for place in range(len(COLUMNS)) if any(cells[place] for cells in lines)]
    table = [[COLUMNS[place] for place in used], ["---"] * len(used)]
    table += [[cells[place].replace("|", "\\|") for place in used] for cells in lines]
    sources = dict.fromkeys(row.source for row in rows if row.source)
    body = ["| " + " | ".join(cells) + " |" for cells in table]
    return "\n".join([*body, *(f"\n\\* {source}." for source in sources)]) + "\n"


def _cells(row: Row, rows: Sequence[Row]) -> tuple[str, ...]:
    return (
        row.on,
        row.name,
        value_text(row.value, row.unit),
        interval_text(row),
        reach_text(row),
        VERDICTS[row.ok],
        _beside(row, rows, "baseline"),
        _beside(row, rows, "published"),
        "" if row.recordings is None else f"{row.recordings:,}",
    )


def _beside(row: Row, rows: Sequence[Row], kind: Kind) -> str:
    """The same measure on the same recordings by somebody else: their rows carry our name, a comma, and theirs."""
    others = [r for r in rows if r.kind == kind and r.on == row.on and r.name.startswith(f"{row.name}, ")]
    return ", ".join(value_text(other.value, other.unit) for other in others)


def main(arguments: Sequence[str]) -> int:
    """Print the table of the files named; 2 when none is named or one cannot be read."""
    files = [Path(argument) for argument in arguments if argument != "--brief"]
    if not files:
        print("usage: python -m aisle.bench.table [--brief] RESULTS.json...", file=sys.stderr)
        return 2
    try:
        print(markdown([read_results(path) for path in files], brief="--brief" in arguments), end="")
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
