"""Asking money back: which amount belongs to the units of a line, who decides, and from which hold it comes.

The amounts are those of the stored price: a line's share of what was charged (goods, tax on top, deposit, less its
share of a maker's coupon) by largest remainder, and a unit's share of its line the same way. All units together give
back exactly what was charged, and no unit can be given back twice.
"""

from __future__ import annotations

from sqlalchemy import select

from aisle.commerce.money import allocate
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.refunds import Claim, RefundPolicy, Standing, Verdict
from aisle.commerce.refunds import decide as judge
from aisle.visits import customers
from aisle.visits import events as ev
from aisle.visits.bounds import is_id
from aisle.visits.closing import Shop
from aisle.visits.errors import OverRefundError, QuantityError, TransitionError, UnknownDisputeError, UnknownLineError
from aisle.visits.fetching import Fetch
from aisle.visits.journal import Work
from aisle.visits.model import Visit, VisitDispute
from aisle.visits.policy import SECOND_NS
from aisle.visits.tables import disputes

MONTH_NS = 30 * 86_400 * SECOND_NS


_RULINGS: dict[Verdict, ev.Outcome] = {"grant": "granted", "review": "review", "deny": "denied"}


def shares_of(priced: PricedBasket) -> dict[str, int]:
    """What each line's share of the total is: it adds up to the total exactly."""
    if not priced.lines:
        return {}
    weights = [
        line.paid_minor + line.deposit_minor + (0 if priced.tax_included else line.tax_minor + line.deposit_tax_minor)
        for line in priced.lines
    ]
    shares = allocate(priced.total_minor, weights)
    return {line.line_id: share for line, share in zip(priced.lines, shares, strict=True)}


def unit_shares(visit: Visit, line_id: str) -> tuple[int, ...]:
    """What each unit of a line is worth, the larger parts first. Raises UnknownLineError."""
    priced = visit.priced
    line = next((line for line in priced.lines if line.line_id == line_id), None) if priced is not None else None
    if priced is None or line is None:
        raise UnknownLineError(
            f"the receipt of visit {visit.visit_id} has no line {line_id!r}",
            found=line_id,
            expected="one of " + ", ".join(line.line_id for line in priced.lines) if priced else "a priced visit",
        )
    return allocate(shares_of(priced)[line_id], [1] * line.quantity)


def claimed_units(visit: Visit, line_id: str) -> int:
    """How many units of a line were asked back and not denied."""
    return sum(d.quantity for d in visit.disputes if d.line_id == line_id and d.outcome != "denied")


def dispute(
    shop: Shop, policy: RefundPolicy, work: Work, visit: Visit, line_id: str, quantity: int, reason: str, by: str
) -> VisitDispute:
    """Ask `quantity` units of a line back; small and plausible claims are granted at once."""
    if visit.state not in ("settled", "disputed", "refunded"):
        raise TransitionError(
            f"visit {visit.visit_id} is {visit.state}: there is nothing to give back yet",
            found=visit.state,
            expected="settled",
        )
    if quantity < 1:
        raise QuantityError("at least one unit is asked back", found=quantity, expected="1 or more")
    units, claimed = unit_shares(visit, line_id), claimed_units(visit, line_id)
    if claimed + quantity > len(units):
        raise OverRefundError(
            f"line {line_id} has {len(units) - claimed} units left to give back",
            found=quantity,
            expected=f"at most {len(units) - claimed}",
        )
    minor, now_ns = sum(units[claimed : claimed + quantity]), shop.clock()
    dispute_id = shop.ids()
    claim = Claim(
        amount_minor=minor,
        quantity=quantity,
        probability=next((line.probability for line in visit.basket if line.line_id == line_id), 1.0),
        refundable_minor=sum(units[claimed:]),
        refundable_quantity=len(units) - claimed,
        standing=standing_of(work.fetch, visit.payer, now_ns),
        reason=reason,
    )
    decision = judge(claim, policy)
    visit = work.append(visit, ev.Disputed(now_ns, dispute_id, line_id, quantity, minor, reason, by))
    ruling, why = _RULINGS[decision.verdict], decision.why
    if ruling == "granted" and _denied_before(visit, line_id):
        ruling, why = "review", "denied_before"
    visit = work.append(visit, _decided(visit, dispute_id, ruling, ev.POLICY, why, now_ns))
    return _dispute(visit, dispute_id)


def decide(shop: Shop, work: Work, dispute_id: str, *, granted: bool, by: str, why: str) -> VisitDispute:
    """A person's decision on a dispute that waits for one."""
    visit = visit_of(work, dispute_id)
    waiting = _dispute(visit, dispute_id)
    if waiting.outcome != "review":
        raise TransitionError(
            f"dispute {dispute_id} is decided: {waiting.outcome}", found=waiting.outcome, expected="review"
        )
    outcome: ev.Outcome = "granted" if granted else "denied"
    return _dispute(work.append(visit, _decided(visit, dispute_id, outcome, by, why, shop.clock())), dispute_id)


def found(shop: Shop, work: Work, dispute_id: str, *, right: bool, by: str) -> VisitDispute:
    """The truth came out: it counts in the customer's standing from now on."""
    visit = visit_of(work, dispute_id)
    return _dispute(work.append(visit, ev.DisputeFound(shop.clock(), dispute_id, right, by)), dispute_id)


def visit_of(work: Work, dispute_id: str) -> Visit:
    """The visit a dispute is about. Raises UnknownDisputeError."""
    known = is_id(dispute_id)
    rows = work.fetch(select(disputes.c.visit_id).where(disputes.c.dispute_id == dispute_id)) if known else ()
    if not rows:
        raise UnknownDisputeError(f"there is no dispute {dispute_id!r}", found=dispute_id, expected="a dispute's id")
    return work.visit(rows[0].visit_id)


def standing_of(fetch: Fetch, payer: str, now_ns: int) -> Standing:
    """A payer's history as far as refunds go, counted from the records of all visits; nobody known has none."""
    if not payer:
        return Standing()
    columns = (disputes.c.outcome, disputes.c.instant, disputes.c.is_right, disputes.c.minor, disputes.c.at_ns)
    rows = fetch(select(*columns).where(disputes.c.payer == payer))
    return Standing(
        visits=customers.visits_made(fetch, payer),
        claims=len(rows),
        granted=sum(1 for row in rows if row.outcome == "granted" and row.instant),
        found_true=sum(1 for row in rows if row.is_right is True),
        found_false=sum(1 for row in rows if row.is_right is False),
        refunded_minor=sum(row.minor for row in rows if row.outcome == "granted" and row.at_ns > now_ns - MONTH_NS),
    )


def _denied_before(visit: Visit, line_id: str) -> bool:
    """Whether a person said no to this line: then no formula says yes to it, not even unit by unit."""
    return any(d.line_id == line_id and d.outcome == "denied" and not d.instant for d in visit.disputes)


def _decided(visit: Visit, dispute_id: str, outcome: ev.Outcome, by: str, why: str, now_ns: int) -> ev.DisputeDecided:
    minor = _dispute(visit, dispute_id).minor
    refunds = _out_of_holds(visit, minor) if outcome == "granted" else ()
    return ev.DisputeDecided(now_ns, dispute_id, outcome, by, why, refunds)


def _out_of_holds(visit: Visit, minor: int) -> tuple[ev.RefundPart, ...]:
    """Which captured holds give how much: the first with money left first."""
    promised: dict[str, int] = {}
    for other in visit.disputes:
        for refund in other.refunds:
            promised[refund.hold_id] = promised.get(refund.hold_id, 0) + refund.minor
    parts = []
    for payment in visit.payments:
        part = min(minor, payment.minor - promised.get(payment.hold_id, 0))
        if part > 0:
            parts.append(ev.RefundPart(payment.hold_id, part))
            minor -= part
    if minor > 0:
        raise OverRefundError(
            f"visit {visit.visit_id} has not so much money left to give back", found=minor, expected="what was paid"
        )
    return tuple(parts)


def _dispute(visit: Visit, dispute_id: str) -> VisitDispute:
    known = visit.dispute(dispute_id)
    if known is None:
        raise UnknownDisputeError(f"there is no dispute {dispute_id!r}", found=dispute_id, expected="a dispute's id")
    return known
