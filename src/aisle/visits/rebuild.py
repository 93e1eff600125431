"""Makes the projections anew from the journal: after a fault in them, or when a new version keeps more of them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from aisle.visits import events as ev
from aisle.visits.model import Visit
from aisle.visits.policy import VisitPolicy
from aisle.visits.projections import project, project_visit
from aisle.visits.queued import Queued
from aisle.visits.tables import debts, disputes, journal, ledger, promotion_uses, visits
from aisle.visits.visit import apply

PROJECTIONS = (visits, ledger, debts, disputes, promotion_uses)
_AT_ONCE = 500  # visits written together


def rebuild(connection: Connection, policy: VisitPolicy) -> int:
    """Empty the projections and replay the whole journal into them, within one transaction; how many visits."""
    for table in PROJECTIONS:
        connection.execute(delete(table))
    rows, visit, count = Queued(), Visit(""), 0
    for entry in _entries(connection):
        event = ev.decoded(entry)
        if isinstance(event, ev.Entered):
            count += _keep(visit, policy, rows)
            visit = Visit("")
            if count % _AT_ONCE == 0:
                rows.write(connection)
        visit = apply(visit, event)
        project(visit, event, rows)
    count += _keep(visit, policy, rows)
    rows.write(connection)
    return count


def _entries(connection: Connection) -> list[str]:
    order = (journal.c.visit_id, journal.c.revision)
    return list(connection.execute(select(journal.c.body).order_by(*order)).scalars())


def _keep(visit: Visit, policy: VisitPolicy, rows: Queued) -> int:
    if not visit.visit_id:
        return 0
    project_visit(visit, policy, rows)
    return 1
