"""What the receipt's page says about each line: how much of it can still be asked back, and what became of asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.sheet import Entry, lay_out
from aisle.commerce.receipts.words import Tongue, plain
from aisle.visits.complaints import claimed_units, unit_shares
from aisle.visits.model import Visit, VisitDispute

ASKABLE = frozenset({"settled", "disputed", "refunded"})
REASONS = {"put_back": "put it back", "not_mine": "not mine", "twice": "counted twice", "price": "price is wrong"}
OTHER = "other"  # the shopper's own words
LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of units asked back, in words. `state` "checking": something is still to come."""

    text: str
    state: Literal["checking", "done"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the receipt with its form. `choices`: how many may be asked back, in words; none: nothing is left."""

    line_id: str
    entry: Entry
    choices: tuple[str, ...]
    asked: tuple[Asked, ...]
    open: bool


def lines_of(visit: Visit, receipt: Receipt, words: Tongue, opened: str) -> tuple[Line, ...]:
    """The lines of a receipt in its order; the form of the line `opened` is open."""
    entries = lay_out(receipt, words.tag).entries
    return tuple(
        Line(
            line_id=line.line_id,
            entry=entry,
            choices=_choices(visit, line.line_id, words),
            asked=tuple(_asked(visit, d, words) for d in visit.disputes if d.line_id == line.line_id and not _told(d)),
            open=line.line_id == opened,
        )
        for line, entry in zip(receipt.priced.lines, entries, strict=True)
    )


def reason_of(choice: str, told: str) -> str:
    """A shopper's reason as the journal keeps it, for people of the shop: the choice, and own words; "" for none."""
    said = plain(told)[:LONGEST_WORDS]
    if choice in REASONS:
        return f"{REASONS[choice]}: {said}" if said else REASONS[choice]
    return said if choice == OTHER else ""


def answer_to(visit: Visit, dispute: VisitDispute, words: Tongue) -> tuple[str, str]:
    """What the page says first after units were asked back: the answer, and what follows."""
    amount = words.money(dispute.minor, visit.currency)
    if dispute.outcome == "granted":
        return words.say("granted" if dispute.open else "given", amount=amount), words.say("granted_note")
    if dispute.outcome == "denied":
        return _asked(visit, dispute, words).text, ""
    return words.say("in_review"), words.say("in_review_note", amount=amount)


def _choices(visit: Visit, line_id: str, words: Tongue) -> tuple[str, ...]:
    if visit.state not in ASKABLE:
        return ()
    units, claimed = unit_shares(visit, line_id), claimed_units(visit, line_id)
    return tuple(
        words.say(
            "so_many",
            count=words.count(count),
            amount=words.money(sum(units[claimed : claimed + count]), visit.currency),
        )
        for count in range(1, len(units) - claimed + 1)
    )


def _told(dispute: VisitDispute) -> bool:
    """Whether the receipt itself tells of it: money that came back stands on it."""
    return dispute.outcome == "granted" and not dispute.open


def _asked(visit: Visit, dispute: VisitDispute, words: Tongue) -> Asked:
    amount = words.money(dispute.minor, visit.currency)
    if dispute.outcome == "granted":
        return Asked(words.say("on_its_way", amount=amount), "checking")
    if dispute.outcome == "denied":
        why = "" if dispute.instant else plain(dispute.why)
        return Asked(words.say("denied_why", why=why) if why else words.say("denied", amount=amount), "done")
    return Asked(words.say("being_looked_at", count=words.count(dispute.quantity), amount=amount), "checking")
