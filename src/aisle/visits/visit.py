"""The visit's state machine: `apply(visit, entry)` folds one journal entry into a visit, and refuses illegal ones.

The journal is the truth; a visit is what `apply` makes of it, entry by entry, with no clock, no chance and no outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from aisle.visits import events as ev
from aisle.visits.errors import TransitionError
from aisle.visits.model import (
    OPEN,
    Payment,
    PaymentAttempt,
    RefundDue,
    Review,
    State,
    Step,
    Visit,
    VisitDispute,
    VisitHold,
)
from aisle.visits.paying import next_step

__all__ = ["LEGAL", "Visit", "apply", "folded"]

_BEFORE_PRICE: frozenset[State] = frozenset({"shopping", "left", "in_review"})
_PAID: frozenset[State] = frozenset({"settled", "disputed", "refunded"})
_TOLD: frozenset[State] = _PAID | frozenset[State]({"left", "in_review", "settling", "owing"})
_ANY: frozenset[State] = OPEN | _PAID | frozenset({"settling", "owing", "abandoned", "refused"})

# In which states an entry may come.
LEGAL: dict[type[ev.Entry], frozenset[State]] = {
    ev.Entered: frozenset({"new"}),
    ev.Refused: frozenset({"entered"}),
    ev.Held: _ANY,
    ev.HoldStale: OPEN,
    ev.HoldLapsed: _ANY,
    ev.Released: _ANY,
    ev.Joined: frozenset({"entered", "shopping"}),
    ev.TrackLinked: OPEN,
    ev.TailgateResolved: OPEN,
    ev.BecameStaff: OPEN,
    ev.BasketRevised: _BEFORE_PRICE,
    ev.CouponPresented: _BEFORE_PRICE,
    ev.Left: frozenset({"shopping"}),
    ev.Returned: _BEFORE_PRICE,
    ev.ReviewOpened: frozenset({"left"}),
    ev.Answered: _BEFORE_PRICE,
    ev.Priced: frozenset({"left", "in_review"}),
    ev.Paid: frozenset({"settling", "owing"}),
    ev.PaymentFailed: _ANY,
    ev.Owed: frozenset({"settling"}),
    ev.PaymentTried: frozenset({"owing"}),
    ev.DebtPaid: frozenset({"owing"}),
    ev.Settled: frozenset({"left", "in_review", "settling", "owing"}),
    ev.ReceiptSent: _TOLD,
    ev.Disputed: _PAID,
    ev.DisputeDecided: frozenset({"disputed"}),
    ev.Refunded: frozenset({"disputed"}),
    ev.DisputeFound: _PAID,
    ev.Abandoned: frozenset({"entered", "shopping", "left"}),
}


def apply(visit: Visit, event: ev.Event) -> Visit:
    """The visit after one more entry. Raises TransitionError when the entry does not fit the visit's state."""
    kind = type(event)
    if visit.state not in LEGAL[kind]:
        allowed = ", ".join(sorted(LEGAL[kind]))
        raise TransitionError(
            f"visit {visit.visit_id or 'not yet entered'} is {visit.state}: {ev.kind_of(event)} does not fit",
            found=visit.state,
            expected=f"one of {allowed}",
        )
    folded = _FOLDS[kind](visit, event)
    if folded.step is None:
        folded = replace(folded, revision=visit.revision + 1, changed_at_ns=max(visit.changed_at_ns, event.at_ns))
        step = next_step(folded)
        return replace(folded, step=step) if isinstance(step, Step) else folded
    return replace(folded, revision=visit.revision + 1, changed_at_ns=max(visit.changed_at_ns, event.at_ns))


def folded(events: Iterable[ev.Event]) -> Visit:
    """The visit a whole journal makes."""
    visit = Visit(visit_id="")
    for event in events:
        visit = apply(visit, event)
    return visit


def _entered(visit: Visit, event: ev.Entered) -> Visit:
    waits = event.hold_minor > 0 and (event.card is not None or bool(event.token))
    return replace(
        visit,
        visit_id=event.visit_id,
        state="entered" if waits else "shopping",
        way=event.way,
        gate_id=event.gate_id,
        currency=event.currency,
        customer_id=event.customer_id,
        host=event.host,
        card=event.card,
        token=event.token,
        hold_minor=event.hold_minor if waits else 0,
        staff=event.way == "staff",
        apart=event.apart,
        entered_at_ns=event.at_ns,
    )


def _refused(visit: Visit, event: ev.Refused) -> Visit:
    return replace(visit, state="refused", refusal=event.reason, refusal_message=event.message, other=event.other)


def _held(visit: Visit, event: ev.Held) -> Visit:
    known = visit.hold(event.hold_id)
    card = event.card or visit.card
    if known is None:
        label = event.card or (visit.attempt.card if visit.attempt is not None else None) or visit.card
        hold = VisitHold(
            event.hold_id,
            event.minor,
            made_at_ns=event.at_ns,
            expires_at_ns=event.expires_at_ns,
            brand=label.brand if label else "",
            last4=label.last4 if label else "",
        )
        holds = (*visit.holds, hold)
    else:
        expires_at_ns = event.expires_at_ns or known.expires_at_ns
        hold = replace(known, minor=event.minor, status="held", expires_at_ns=expires_at_ns)
        holds = _with_hold(visit, hold)
    return replace(
        visit,
        state="shopping" if visit.state == "entered" else visit.state,
        holds=holds,
        card=card if visit.state != "owing" else visit.card,
        token="" if event.card is not None else visit.token,
        step=_left_open(visit, event.key),
    )


def _hold_stale(visit: Visit, event: ev.HoldStale) -> Visit:
    hold = visit.hold(event.hold_id)
    return replace(visit, holds=_with_hold(visit, replace(hold, stale=True))) if hold else visit


def _hold_lapsed(visit: Visit, event: ev.HoldLapsed) -> Visit:
    hold = visit.hold(event.hold_id)
    return replace(visit, holds=_with_hold(visit, replace(hold, status="lapsed"))) if hold else visit


def _released(visit: Visit, event: ev.Released) -> Visit:
    hold = visit.hold(event.hold_id)
    holds = _with_hold(visit, replace(hold, status="released")) if hold else visit.holds
    return replace(visit, holds=holds, step=_left_open(visit, event.key))


def _joined(visit: Visit, event: ev.Joined) -> Visit:
    return replace(visit, members=visit.members + 1)


def _track_linked(visit: Visit, event: ev.TrackLinked) -> Visit:
    tailgates = (*visit.tailgates, event.track) if event.how == "tailgate" else visit.tailgates
    tracks = visit.tracks if event.track in visit.tracks else (*visit.tracks, event.track)
    return replace(visit, tracks=tracks, tailgates=tailgates)


def _tailgate_resolved(visit: Visit, event: ev.TailgateResolved) -> Visit:
    tracks = visit.tracks if event.belongs else tuple(track for track in visit.tracks if track != event.track)
    return replace(visit, tracks=tracks, tailgates=tuple(track for track in visit.tailgates if track != event.track))


def _became_staff(visit: Visit, event: ev.BecameStaff) -> Visit:
    return replace(visit, staff=True, state="shopping" if visit.state == "entered" else visit.state)


def _basket_revised(visit: Visit, event: ev.BasketRevised) -> Visit:
    """What a person saw of a line no longer counts once the shopper, still inside, has changed it."""
    before, now = (
        {line.line_id: (line.gtin, line.quantity, line.weight_g) for line in lines}
        for lines in (visit.lines, event.lines)
    )
    moved = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    inside = visit.state == "shopping"
    return replace(
        visit,
        answers=tuple(line for line in visit.answers if not inside or line.line_id not in moved),
        source_revision=event.source_revision,
        lines=event.lines,
        probability=event.probability,
        risk_minor=event.risk_minor,
        complete=event.complete,
    )


def _coupon_presented(visit: Visit, event: ev.CouponPresented) -> Visit:
    return replace(visit, coupons=(*visit.coupons, event.code), reserved=(*visit.reserved, *event.promotions))


def _left(visit: Visit, event: ev.Left) -> Visit:
    gone = visit.members if event.everybody else min(visit.members, visit.gone + 1)
    if gone < visit.members:
        return replace(visit, gone=gone)
    return replace(visit, gone=gone, state="left", left_at_ns=event.at_ns)


def _returned(visit: Visit, event: ev.Returned) -> Visit:
    return replace(
        visit, state="shopping", gone=max(0, visit.gone - 1), left_at_ns=None, review=None, complete=False
    )  # fmt: skip


def _review_opened(visit: Visit, event: ev.ReviewOpened) -> Visit:
    return replace(
        visit,
        state="in_review",
        review=Review(event.reason, event.lines, event.due_at_ns),
        receipt_version=visit.receipt_version + 1,
    )


def _answered(visit: Visit, event: ev.Answered) -> Visit:
    said = {line.line_id for line in event.lines}
    return replace(visit, answers=(*(line for line in visit.answers if line.line_id not in said), *event.lines))


def _priced(visit: Visit, event: ev.Priced) -> Visit:
    return replace(visit, state="settling", priced=event.priced, declined=False)


def _paid(visit: Visit, event: ev.Paid) -> Visit:
    hold = visit.hold(event.hold_id)
    holds = (
        _with_hold(visit, replace(hold, status="captured", captured_minor=event.minor)) if hold else visit.holds
    )  # fmt: skip
    payment = Payment(event.hold_id, event.minor, event.brand, event.last4, event.at_ns)
    return replace(visit, holds=holds, payments=(*visit.payments, payment), step=_left_open(visit, event.key))


def _payment_failed(visit: Visit, event: ev.PaymentFailed) -> Visit:
    """A lapsed hold is no refusal of the card; anything else the bank says is."""
    hold = visit.hold(event.hold_id)
    holds = visit.holds
    if hold is not None and event.step != "authorise":
        status = "lapsed" if event.code == "hold_expired" else "refused" if event.step == "capture" else hold.status
        holds = _with_hold(visit, replace(hold, status=status, raisable=False))
    refused = event.code not in ("hold_expired", "increment_unsupported")
    authorise = event.step == "authorise"
    return replace(
        visit,
        holds=holds,
        declined=visit.declined or refused or authorise,
        confirmable=event.hold_id if authorise and event.hold_id else visit.confirmable,
        failure=event.code if refused else visit.failure,
        failure_message=event.message if refused else visit.failure_message,
        attempt=None if authorise or refused else visit.attempt,
        step=_left_open(visit, event.key),
    )


def _owed(visit: Visit, event: ev.Owed) -> Visit:
    return replace(
        visit,
        state="owing",
        owed_minor=event.minor,
        pay_token=event.pay_token,
        receipt_version=visit.receipt_version + 1,
    )


def _payment_tried(visit: Visit, event: ev.PaymentTried) -> Visit:
    return replace(visit, attempt=PaymentAttempt(event.card, event.token), declined=False)


def _debt_paid(visit: Visit, event: ev.DebtPaid) -> Visit:
    return replace(visit, owed_minor=0, failure="", failure_message="")


def _settled(visit: Visit, event: ev.Settled) -> Visit:
    receipt = visit.priced is not None and bool(visit.priced.lines)
    return replace(
        visit,
        state="settled",
        settled_at_ns=event.at_ns,
        review=None,
        receipt_version=visit.receipt_version + (1 if receipt else 0),
    )


def _receipt_sent(visit: Visit, event: ev.ReceiptSent) -> Visit:
    return replace(visit, receipts_sent=(*visit.receipts_sent, event.version))


def _disputed(visit: Visit, event: ev.Disputed) -> Visit:
    dispute = VisitDispute(
        event.dispute_id, event.line_id, event.quantity, event.minor, event.reason, event.by, event.at_ns
    )
    return replace(visit, disputes=(*visit.disputes, dispute), state="disputed")


def _dispute_decided(visit: Visit, event: ev.DisputeDecided) -> Visit:
    dispute = visit.dispute(event.dispute_id)
    if dispute is None:
        return visit
    refunds = tuple(
        RefundDue(f"{visit.visit_id}:refund:{event.dispute_id}:{number}", part.hold_id, part.minor)
        for number, part in enumerate(event.refunds)
    )
    instant = event.by == ev.POLICY
    right = dispute.right if instant else event.outcome == "granted"  # who decides has looked
    decided = replace(dispute, outcome=event.outcome, why=event.why, refunds=refunds, instant=instant, right=right)
    return _with_dispute(visit, decided)


def _refunded(visit: Visit, event: ev.Refunded) -> Visit:
    dispute = visit.dispute(event.dispute_id)
    if dispute is None:
        return visit
    refunds = tuple(
        replace(refund, refund_id=event.refund_id, at_ns=event.at_ns) if refund.key == event.key else refund
        for refund in dispute.refunds
    )
    dispute = replace(dispute, refunds=refunds)
    after = _with_dispute(visit, dispute)
    return after if dispute.open else replace(after, receipt_version=visit.receipt_version + 1)


def _dispute_found(visit: Visit, event: ev.DisputeFound) -> Visit:
    dispute = visit.dispute(event.dispute_id)
    return _with_dispute(visit, replace(dispute, right=event.right)) if dispute else visit


def _abandoned(visit: Visit, event: ev.Abandoned) -> Visit:
    return replace(visit, state="abandoned")


def _left_open(visit: Visit, key: str) -> Step | None:
    """The step still under way after an answer under `key`."""
    return None if visit.step is not None and visit.step.key == key else visit.step


def _with_hold(visit: Visit, changed: VisitHold) -> tuple[VisitHold, ...]:
    return tuple(changed if hold.hold_id == changed.hold_id else hold for hold in visit.holds)


def _with_dispute(visit: Visit, changed: VisitDispute) -> Visit:
    disputes = tuple(changed if other.dispute_id == changed.dispute_id else other for other in visit.disputes)
    state: State = "settled"
    if any(dispute.open for dispute in disputes):
        state = "disputed"
    elif any(dispute.refunds for dispute in disputes):
        state = "refunded"
    return replace(visit, disputes=disputes, state=state)


_FOLDS: dict[type[ev.Entry], Callable[[Visit, Any], Visit]] = {
    ev.Entered: _entered,
    ev.Refused: _refused,
    ev.Held: _held,
    ev.HoldStale: _hold_stale,
    ev.HoldLapsed: _hold_lapsed,
    ev.Released: _released,
    ev.Joined: _joined,
    ev.TrackLinked: _track_linked,
    ev.TailgateResolved: _tailgate_resolved,
    ev.BecameStaff: _became_staff,
    ev.BasketRevised: _basket_revised,
    ev.CouponPresented: _coupon_presented,
    ev.Left: _left,
    ev.Returned: _returned,
    ev.ReviewOpened: _review_opened,
    ev.Answered: _answered,
    ev.Priced: _priced,
    ev.Paid: _paid,
    ev.PaymentFailed: _payment_failed,
    ev.Owed: _owed,
    ev.PaymentTried: _payment_tried,
    ev.DebtPaid: _debt_paid,
    ev.Settled: _settled,
    ev.ReceiptSent: _receipt_sent,
    ev.Disputed: _disputed,
    ev.DisputeDecided: _dispute_decided,
    ev.Refunded: _refunded,
    ev.DisputeFound: _dispute_found,
    ev.Abandoned: _abandoned,
}
