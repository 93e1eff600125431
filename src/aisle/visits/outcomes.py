"""What an answer from outside means for a visit: pure functions from an answer to journal entries.

An answer counts only while the visit waits for it under that key. One that comes again, or that a provider's notice
already told, adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from aisle.commerce.payments.port import Card, Hold
from aisle.visits import events as ev
from aisle.visits.effects import Effect
from aisle.visits.model import Visit


@dataclass(frozen=True, slots=True)
class HoldStands:
    """An authorise or increment worked: `minor` is held in all."""

    hold_id: str
    minor: int
    expires_at_ns: int | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """`minor` was taken from a hold."""

    hold_id: str
    minor: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A hold was released."""

    hold_id: str


@dataclass(frozen=True, slots=True)
class RefundMade:
    """Money went back."""

    refund_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider refused for good; see `port.PaymentError`."""

    code: str
    message: str
    decline_code: str = ""
    hold_id: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the provider says a hold is now."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Sent:
    """A receipt of this version was handed to the mail server for this address ("": nobody to send it to)."""

    version: int
    to: str


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, and the journal need not know more."""


Outcome = HoldStands | Captured | Cancelled | RefundMade | Failed | Seen | Sent | Done


def entries_for(visit: Visit, effect: Effect, outcome: Outcome, at_ns: int) -> tuple[ev.Event, ...]:
    """The journal entries an answer adds; none when the visit does not wait for it."""
    match outcome:
        case Seen(hold):
            return _seen(visit, hold, at_ns)
        case Sent(version, to):
            return (ev.ReceiptSent(at_ns, version, to),) if to and version not in visit.receipts_sent else ()
        case RefundMade(refund_id):
            return _refunded(visit, effect, refund_id, at_ns)
        case Done():
            return ()
    step = visit.step
    if step is None or step.key != effect.key:
        return ()
    match outcome:
        case HoldStands(hold_id, minor, expires_at_ns, card):
            return (ev.Held(at_ns, hold_id, minor, expires_at_ns, card, step.key),)
        case Captured(hold_id, minor):
            return (_paid(visit, hold_id, minor, step.key, at_ns),)
        case Cancelled(hold_id):
            return (ev.Released(at_ns, hold_id, step.key),)
        case Failed(code, message, decline_code, hold_id):
            failed = ev.PaymentFailed(at_ns, code, message, decline_code, step.kind, hold_id or step.hold_id, step.key)
            refused = ev.Refused(at_ns, code, "the card did not allow the hold: please use another one")
            return (failed, refused) if visit.state == "entered" else (failed,)


def _seen(visit: Visit, hold: Hold, at_ns: int) -> tuple[ev.Event, ...]:
    known, step = visit.hold(hold.hold_id), visit.step
    if known is None:
        confirmed = hold.status == "held" and hold.hold_id == visit.confirmable
        return (ev.Held(at_ns, hold.hold_id, hold.held.minor, hold.expires_at_ns),) if confirmed else ()
    if known.status != "held":
        return ()
    asked = step is not None and step.hold_id == hold.hold_id
    if hold.status == "captured" and asked and step is not None and step.kind == "capture":
        return (_paid(visit, hold.hold_id, hold.captured.minor, step.key, at_ns),)
    if hold.status in ("expired", "cancelled") and not asked:
        return (ev.HoldLapsed(at_ns, hold.hold_id),)
    return ()


def _paid(visit: Visit, hold_id: str, minor: int, key: str, at_ns: int) -> ev.Paid:
    hold = visit.hold(hold_id)
    return ev.Paid(at_ns, hold_id, minor, hold.brand if hold else "", hold.last4 if hold else "", key)


def _refunded(visit: Visit, effect: Effect, refund_id: str, at_ns: int) -> tuple[ev.Event, ...]:
    dispute = visit.dispute(effect.body.dispute_id)
    due = next((r for r in dispute.refunds if r.key == effect.key and not r.refund_id), None) if dispute else None
    if dispute is None or due is None:
        return ()
    units = dispute.quantity if due == dispute.refunds[0] else 0  # a second hold's part brings no more units
    part = (dispute.line_id, units, due.minor)
    return (ev.Refunded(at_ns, dispute.dispute_id, refund_id, due.hold_id, due.minor, (part,), due.key),)
