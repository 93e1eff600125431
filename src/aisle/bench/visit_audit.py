"""What must hold after any number of visits, crashes and faults; and everything there is to compare two worlds by."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Table, select

from aisle.bench.visit_world import World
from aisle.commerce.payments.reconcile import look
from aisle.visits import events as ev
from aisle.visits.model import ENDED, Visit
from aisle.visits.tables import codes, debts, disputes, journal, ledger, messages, outbox, promotion_uses, visits
from aisle.visits.visit import folded

_COMPARED: dict[Table, tuple[str, ...]] = {
    journal: (),
    visits: (),
    ledger: (),
    debts: (),
    disputes: (),
    promotion_uses: (),
    messages: (),
    codes: (),
    outbox: ("attempts", "claimed_until_ns", "last_error", "due_at_ns"),
}


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All a world knows, leaving out how often things were tried: the same after crashes as without any."""
    with world.database.read() as connection:
        found: dict[str, list[tuple[Any, ...]]] = {
            table.name: sorted(
                (tuple(row) for row in connection.execute(select(*(c for c in table.c if c.name not in without)))),
                key=repr,
            )
            for table, without in _COMPARED.items()
        }
    found["holds"] = sorted(((repr(hold),) for hold in world.sandbox.holds(0)), key=repr)
    found["mails"] = sorted({(mail.visit_id, mail.version, mail.status, mail.to) for mail in world.mailbox})
    return found


def faults_in(world: World) -> list[str]:
    """Every law that does not hold, in words; empty when all is well. The world must have come to rest."""
    found = [f"visit {visit.visit_id}: {what}" for visit in _all_visits(world) for what in _faults_of(world, visit)]
    over = {visit.visit_id for visit in _all_visits(world) if visit.state in ENDED or visit.state == "owing"}
    report = look(world.sandbox, world.desk.postings(), 0, over)
    found += [f"books: {difference}" for difference in report.differences]
    waiting = world.desk.read(select(outbox.c.key, outbox.c.state, outbox.c.last_error).where(outbox.c.state != "done"))
    found += [f"outbox: {row.key} is {row.state}: {row.last_error}" for row in waiting]
    return found


def repeated_mails(world: World) -> int:
    """Mails that came more than once: a crash between the mail server's yes and the journal."""
    return sum(Counter(world.mailbox).values()) - len(set(world.mailbox))


def _all_visits(world: World) -> list[Visit]:
    return [world.desk.visit(row.visit_id) for row in world.desk.read(select(visits.c.visit_id))]


def _faults_of(world: World, visit: Visit) -> list[str]:
    entries = [entry.event for entry in world.desk.journal(visit.visit_id)]
    settled = sum(isinstance(entry, ev.Settled) for entry in entries)
    mailed = {mail.version for mail in world.mailbox if mail.visit_id == visit.visit_id}
    laws = {
        f"has not come to an end: {visit.state}": visit.state in ENDED or visit.state == "owing",
        f"was settled {settled} times": settled == (visit.state in ("settled", "disputed", "refunded")),
        "is not what its journal says": folded(entries) == visit,
        f"paid {visit.paid_minor} and owes {visit.owed_minor} of {visit.total_minor}": (
            visit.paid_minor + visit.owed_minor == visit.total_minor
        ),
        f"got back {visit.refunded_minor} of {visit.paid_minor}": visit.refunded_minor <= visit.paid_minor,
        "still holds money": not any(hold.status in ("held", "refused") for hold in visit.holds),
        "waits for the provider": visit.step is None,
        f"of {visit.receipt_version} receipts the last was not mailed": (
            visit.customer_id is None or visit.receipt_version == 0 or visit.receipt_version in mailed
        ),
    }
    return [what for what, holds in laws.items() if not holds]
