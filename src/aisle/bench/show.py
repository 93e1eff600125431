"""Prints what the suites found for people: rich tables, nothing a program should read."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from aisle.bench.calibration import ReliabilityBin, ReviewPoint
from aisle.bench.claims import Results, Row
from aisle.bench.receipts import GroupLine, Report
from aisle.bench.table import interval_text, reach_text, value_text

VERDICTS = {True: "[green]yes[/green]", False: "[bold red]no[/bold red]", None: "[dim]–[/dim]"}
KIND_STYLE = {"measured": "", "baseline": "cyan", "published": "dim italic"}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        first = index == 0
        table.add_column(column, justify="left" if first else "right", no_wrap=not first, overflow="fold")
    return table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def claims_table(rows: Sequence[Row], title: str) -> Table:
    """One line for each claim: value, interval, reach, verdict, and how many items, receipts, ... it is a share of."""
    table = _table(title, "measure", "value", "95 % interval", "reach", "ok", "of")
    for row in rows:
        table.add_row(
            row.name,
            value_text(row.value, row.unit),
            interval_text(row),
            reach_text(row),
            VERDICTS[row.ok],
            _count(row.counted),
            style=KIND_STYLE[row.kind],
        )
    return table


def groups_table(lines: Sequence[GroupLine], title: str) -> Table:
    """Accuracy by case or by group of cases; intervals are of F1 and of the share of exact receipts."""
    table = _table(title, "", "rec.", "items", "F1", "95 %", "exact", "share", "95 %")
    for line in lines:
        c = line.counts
        table.add_row(
            line.key,
            f"{line.recordings:,}",
            f"{c.tp + c.fn:,}",
            f"{c.f1:.3f}",
            f"{line.f1.low:.2f}–{line.f1.high:.2f}",
            f"{c.exact:,}/{c.receipts:,}",
            f"{c.exact_share:.3f}",
            f"{line.exact.low:.2f}–{line.exact.high:.2f}",
        )
    return table


def reliability_table(bins: Sequence[ReliabilityBin], title: str) -> Table:
    """What was claimed against what was right."""
    table = _table(title, "claimed between", "how many", "claimed", "right", "gap")
    for b in bins:
        table.add_row(
            f"{b.low:.3f} – {b.high:.3f}",
            f"{b.count:,}",
            f"{b.claimed:.3f}",
            f"{b.right:.3f}",
            f"{b.right - b.claimed:+.3f}",
        )
    return table


def review_points_table(points: Sequence[ReviewPoint]) -> Table:
    """Visits less sure than each confidence, and how right the others are."""
    table = _table(
        "Review: visits set aside below a confidence", "confidence", "set aside", "rest", "exact among the rest"
    )
    for p in points:
        table.add_row(f"{p.confidence:.3f}", f"{p.share:.1%}", f"{p.rest:,}", f"{p.accuracy:.2%}")
    return table


def show_report(console: Console, found: Report) -> None:
    """The whole receipts report."""
    console.print(groups_table(found.cases, "Cases"))
    console.print(groups_table(found.groups, "Groups of cases"))
    console.print(reliability_table(found.basket_bins, "How honest: basket probability"))
    console.print(reliability_table(found.line_bins, "How honest: line probability"))
    console.print(review_points_table(found.review))


def show_results(console: Console, results: Results, title: str) -> None:
    """The claims, what they ran over, and who the published figures come from."""
    console.print(claims_table(results.rows, title))
    about = ", ".join(f"{key} {_plain(value)}" for key, value in results.about.items() if _plain(value))
    if about:
        console.print(about, style="dim", highlight=False)
    for source in dict.fromkeys(row.source for row in results.rows if row.source):
        console.print(f"published: {source}", style="dim", highlight=False)


def _plain(value: object) -> str:
    match value:
        case float() if not math.isfinite(value):
            return "–"
        case str() | int() | float():
            return str(value)
        case _:
            return ""
