"""Receipts as people read them at a terminal: lines with their odds, the basket, its rivals, what may be missing."""

from __future__ import annotations

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aisle.commerce.receipts.text import receipt_text
from aisle.sensing.readings import HealthEntry
from aisle.walkout.evidence import Section, percent
from aisle.walkout.outcome import Outcome, Receipt, Settled

SURE = 0.95  # a basket less sure than this is coloured as a case for a person
DOUBTFUL = 0.7
LEAST_RIVAL = 0.001
MOST_RIVALS = 3
MOST_REASONS = 3


def outcome_printout(outcome: Outcome, names: Mapping[str, str]) -> RenderableType:
    """One recording: its receipts, then what was wrong with the sensors.  `names` gives product names by GTIN."""
    parts: list[RenderableType] = [Text(summary(outcome), style="bold"), Text()]
    parts += [receipt_printout(receipt, outcome, names) for receipt in outcome.receipts]
    if not outcome.receipts:
        parts.append(Text("Nobody was tracked: there is nobody to bill.\n", style="yellow"))
    for settled in outcome.settled:
        parts += [Text(line, style="dim") for line in _asked(settled)]
        parts += [Text(receipt_text(settled.receipt, "en-GB")), Text()]
    if outcome.health:
        parts += [Text("Sensors and files"), health_table(outcome.health), Text()]
    return Group(*parts)


def _asked(settled: Settled) -> tuple[str, ...]:
    if not settled.reason:
        return ()
    return (
        f"A person would have been asked ({settled.reason}). In a replay nobody answers: only what is proven counts.",
    )


def summary(outcome: Outcome) -> str:
    """A recording in one line: how long, how many receipts and events, whether anything may be missing."""
    said = (
        f"{outcome.recording}: {outcome.duration_s:.1f} s, {_count(len(outcome.receipts), 'receipt')}, "
        f"{_count(sum(n.quantity for r in outcome.receipts for n in r.lines), 'item')}"
    )
    doubtful = sum(not r.complete for r in outcome.receipts)
    if doubtful:
        said += f"; {doubtful} incomplete"
    elif not outcome.complete:
        said += "; incomplete"
    return said


def receipt_printout(receipt: Receipt, outcome: Outcome, names: Mapping[str, str]) -> RenderableType:
    """One shopper: a small table of lines, the basket's odds, its rivals, and why anything may be missing."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("product", overflow="fold")
    table.add_column("odds", justify="right", no_wrap=True)
    for line in receipt.lines:
        table.add_row(str(line.quantity), Text(line.name or line.gtin), odds(line.probability))
    if not receipt.lines:
        table.add_row("", Text("nothing", style="dim"), "")
    table.add_section()
    table.add_row("", Text("the whole basket", style="bold"), odds(receipt.probability))
    parts: list[RenderableType] = [_title(receipt), table]
    for rival in [a for a in receipt.alternatives if a.probability >= LEAST_RIVAL][:MOST_RIVALS]:
        parts.append(Text(f"or {_basket(rival.basket, names)} ({percent(rival.probability)})", style="dim"))
    if not receipt.complete:
        parts += [Text(f"incomplete: {reason}", style="yellow") for reason in _reasons(receipt, outcome)]
    return Padding(Group(*parts, Text()), (0, 0, 0, 2))


def _title(receipt: Receipt) -> Text:
    title = Text("shopper ")
    title.append(receipt.shopper, style="cyan")
    if receipt.role == "staff":
        title.append(", staff, who pay nothing", style="dim")
    others = [t for t in receipt.tracks if t != receipt.shopper]
    if others:
        title.append(f", also tracked as {', '.join(others)}", style="dim")
    return title


def _reasons(receipt: Receipt, outcome: Outcome) -> list[str]:
    faults = receipt.faults or tuple(entry for entry in outcome.health if entry.grave)
    told = [entry.message for entry in faults[:MOST_REASONS]]
    if len(faults) > MOST_REASONS:
        told.append(f"and {len(faults) - MOST_REASONS} more")
    return told or ["something may have been missed"]


def odds(probability: float) -> Text:
    """A probability, coloured by whether anybody should look."""
    style = "green" if probability >= SURE else "yellow" if probability >= DOUBTFUL else "red"
    return Text(percent(probability), style=style)


def health_table(health: tuple[HealthEntry, ...]) -> Table:
    """What was wrong with sensors and files; grave entries first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("found", overflow="fold")
    for entry in sorted(health, key=lambda e: not e.grave):
        table.add_row(Text(entry.kind, style="red" if entry.grave else "yellow"), Text(entry.message))
    return table


def why_lines(outcome: Outcome, receipt: Receipt, sections: list[Section]) -> list[Text]:
    """The evidence for one receipt, heading by heading, each sentence a line of its own."""
    who = f"{receipt.role} {receipt.shopper}"
    lines = [Text(f"{outcome.recording}, {who}: the basket is {percent(receipt.probability)} sure", style="bold")]
    for section in sections:
        lines.append(Text(section.heading, style="cyan"))
        lines += [Text(f"  {sentence}") for sentence in section.sentences]
    if not receipt.complete:
        lines += [Text(f"incomplete: {reason}", style="yellow") for reason in _reasons(receipt, outcome)]
    return lines


def _basket(basket: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{basket[g]} × {names.get(g, g)}" for g in sorted(basket)) or "nothing"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
