"""The double-entry ledger beside the journal: which entries move money, and what stands on the accounts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from aisle.commerce.money import Money
from aisle.commerce.payments import ledger as books
from aisle.commerce.payments.ledger import Posting
from aisle.visits import events as ev
from aisle.visits.fetching import Fetch
from aisle.visits.model import Visit
from aisle.visits.tables import ledger


def postings_of(visit: Visit, event: ev.Event) -> Sequence[Posting]:
    """The balanced postings of one entry; `visit` is the visit after it. Most entries move no money."""
    match event:
        case ev.Priced(at_ns, priced):
            return books.sale(visit.visit_id, priced, at_ns)
        case ev.Paid(at_ns, hold_id, minor):
            post = books.debt_paid if visit.state == "owing" else books.payment
            return post(visit.visit_id, hold_id, Money(minor, visit.currency), at_ns)
        case ev.Owed(at_ns, minor):
            return books.owed(visit.visit_id, Money(minor, visit.currency), at_ns)
        case ev.Refunded():
            return _refund(visit, event)
    return ()


def balances(fetch: Fetch) -> dict[tuple[str, str], int]:
    """What stands on each (account, currency); even accounts are left out."""
    sums = select(ledger.c.account, ledger.c.currency, func.sum(ledger.c.minor)).group_by(
        ledger.c.account, ledger.c.currency
    )
    return {(account, currency): int(minor) for account, currency, minor in map(tuple, fetch(sums)) if minor}


def postings(fetch: Fetch, since_ns: int = 0) -> tuple[Posting, ...]:
    """All postings since a moment (Unix ns), in order of time."""
    columns = (ledger.c.correlation, ledger.c.account, ledger.c.minor, ledger.c.currency, ledger.c.at_ns)
    rows = fetch(select(*columns).where(ledger.c.at_ns >= since_ns).order_by(ledger.c.at_ns, ledger.c.posting_id))
    return tuple(Posting(*tuple(row)) for row in rows)


def _refund(visit: Visit, event: ev.Refunded) -> Sequence[Posting]:
    if visit.priced is None:
        return ()
    earlier: dict[str, int] = {}
    for dispute in visit.disputes:
        for refund in dispute.refunds:
            if refund.refund_id and refund.key != event.key:
                earlier[dispute.line_id] = earlier.get(dispute.line_id, 0) + refund.minor
    parts = [(line_id, minor) for line_id, _quantity, minor in event.parts]
    return books.refund(
        visit.visit_id, event.hold_id, event.refund_id, visit.priced, parts, event.at_ns, earlier=earlier
    )
