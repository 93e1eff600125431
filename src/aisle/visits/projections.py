"""What is kept beside the journal so that questions are answered at once; all of it follows from the journal.

`project` is called for every entry when it is appended and again, in the same order, when the projections are rebuilt:
both ways give the same rows.
"""

from __future__ import annotations

import msgspec

from aisle.visits import events as ev
from aisle.visits.ledger import postings_of
from aisle.visits.model import ENDED, Visit, VisitHold
from aisle.visits.policy import VisitPolicy, after
from aisle.visits.queued import Queued
from aisle.visits.tables import debts, disputes, ledger, promotion_uses, visits

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Visit)


def visit_from(body: str) -> Visit:
    """The visit out of its projection's JSON text."""
    return _decoder.decode(body)


def project_visit(visit: Visit, policy: VisitPolicy, rows: Queued) -> None:
    """The visit's own row, as it stands after its last entry."""
    rows.upsert(
        visits,
        {
            "visit_id": visit.visit_id,
            "state": visit.state,
            "revision": visit.revision,
            "payer": visit.payer,
            "customer_id": visit.customer_id,
            "entered_at_ns": visit.entered_at_ns,
            "due_at_ns": due_at_ns(visit, policy),
            "total_minor": visit.total_minor,
            "body": _encoder.encode(visit).decode(),
        },
    )


def project(visit: Visit, event: ev.Event, rows: Queued) -> None:
    """The rows one entry adds or changes; `visit` is the visit after it."""
    for number, posting in enumerate(postings_of(visit, event)):
        rows.insert(
            ledger,
            {
                "posting_id": f"{visit.visit_id}:{visit.revision}:{number}",
                "correlation": posting.correlation,
                "account": posting.account,
                "minor": posting.minor,
                "currency": posting.currency,
                "at_ns": posting.at_ns,
            },
        )
    if isinstance(event, ev.CouponPresented | ev.Priced | ev.Settled | ev.Abandoned):
        _project_uses(visit, rows)
    if isinstance(event, ev.Owed | ev.DebtPaid):
        _project_debt(visit, event, rows)
    if isinstance(event, ev.Disputed | ev.DisputeDecided | ev.DisputeFound):
        _project_dispute(visit, event.dispute_id, rows)


def due_at_ns(visit: Visit, policy: VisitPolicy) -> int | None:
    """When time alone changes something about the visit; None: never."""
    if visit.state == "entered":
        return after(visit.changed_at_ns, policy.abandon_after_s)
    if visit.state == "shopping":
        moments = [after(visit.changed_at_ns, policy.abandon_after_s)]
        moments += [at_ns for hold in visit.holds if (at_ns := renew_at_ns(hold, policy)) is not None]
        return min(moments)
    if visit.state == "left":
        wait_s = policy.reentry_wait_s if visit.complete else max(policy.evidence_wait_s, policy.reentry_wait_s)
        return after(visit.left_at_ns or visit.changed_at_ns, wait_s)
    return visit.review.due_at_ns if visit.state == "in_review" and visit.review is not None else None


def renew_at_ns(hold: VisitHold, policy: VisitPolicy) -> int | None:
    """When a standing hold is to be replaced before it lapses: in the second half of its life. None: never."""
    if hold.status != "held" or hold.stale or hold.expires_at_ns is None:
        return None
    half_ns = (hold.expires_at_ns - hold.made_at_ns) // 2
    return max(after(hold.expires_at_ns, -policy.renew_before_s), hold.expires_at_ns - half_ns)


def _project_uses(visit: Visit, rows: Queued) -> None:
    """Reserved by a coupon or by the final price, committed when it is paid, released when the visit just ends."""
    used = visit.priced.uses if visit.priced is not None else dict.fromkeys(visit.reserved, 1)
    ended_unpriced = visit.priced is None and visit.state in ENDED
    for promotion_id in dict.fromkeys((*visit.reserved, *used)):
        count = 0 if ended_unpriced else used.get(promotion_id, 0)
        state = "released" if count == 0 else "committed" if visit.state == "settled" else "reserved"
        rows.upsert(
            promotion_uses,
            {
                "visit_id": visit.visit_id,
                "promotion_id": promotion_id,
                "payer": visit.payer,
                "count": count,
                "state": state,
            },
        )


def _project_debt(visit: Visit, event: ev.Owed | ev.DebtPaid, rows: Queued) -> None:
    if isinstance(event, ev.DebtPaid):
        rows.update(debts, {"visit_id": visit.visit_id, "paid_at_ns": event.at_ns})
        return
    rows.upsert(
        debts,
        {
            "visit_id": visit.visit_id,
            "payer": visit.payer,
            "minor": event.minor,
            "currency": visit.currency,
            "pay_token": event.pay_token,
            "at_ns": event.at_ns,
            "paid_at_ns": None,
        },
    )


def _project_dispute(visit: Visit, dispute_id: str, rows: Queued) -> None:
    dispute = visit.dispute(dispute_id)
    if dispute is not None:
        rows.upsert(
            disputes,
            {
                "dispute_id": dispute_id,
                "visit_id": visit.visit_id,
                "payer": visit.payer,
                "line_id": dispute.line_id,
                "quantity": dispute.quantity,
                "minor": dispute.minor,
                "outcome": dispute.outcome,
                "instant": dispute.instant,
                "is_right": dispute.right,
                "at_ns": dispute.at_ns,
            },
        )
