"""What time alone does to a visit: evidence that never came, questions nobody answered, people nobody saw leave."""

from __future__ import annotations

from aisle.visits import events as ev
from aisle.visits.closing import Shop, charged_lines, proceed
from aisle.visits.journal import Work
from aisle.visits.model import Visit
from aisle.visits.policy import after
from aisle.visits.projections import due_at_ns, renew_at_ns


def on_time(shop: Shop, work: Work, visit: Visit, now_ns: int) -> Visit:
    """Take a visit as far as the clock says; nothing happens before its time."""
    due = due_at_ns(visit, shop.policy)
    if due is None or now_ns < due:
        return visit
    if visit.state in ("left", "in_review"):
        return proceed(shop, work, visit, now_ns)
    if now_ns >= after(visit.changed_at_ns, shop.policy.abandon_after_s):
        return _close(shop, work, visit, now_ns)
    return work.append(visit, *_stale_holds(shop, visit, now_ns))


def _close(shop: Shop, work: Work, visit: Visit, now_ns: int) -> Visit:
    """Nobody was seen leaving: what is proven is charged as of the last sign of life; else the visit just ends."""
    proven = charged_lines(visit, only_proven=True)
    if visit.state == "entered" or not proven or visit.staff:
        return work.append(visit, ev.Abandoned(now_ns, "nobody was seen leaving, and nothing is proven to be taken"))
    left = work.append(visit, ev.Left(visit.changed_at_ns, None, everybody=True))
    return proceed(shop, work, left, now_ns)


def _stale_holds(shop: Shop, visit: Visit, now_ns: int) -> tuple[ev.Event, ...]:
    return tuple(
        ev.HoldStale(now_ns, hold.hold_id)
        for hold in visit.holds
        if (at_ns := renew_at_ns(hold, shop.policy)) is not None and now_ns >= at_ns
    )
