"""Receipts with probabilities become money: each shopper of an outcome comes in, leaves with the basket, and pays.

The visits run on the recording's own clock, at the desk of a shop whose payments are simulated. Where the core is not
sure a person would be asked; in a replay nobody answers, so the time for an answer passes and only what is proven is
charged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from aisle.commerce.payments.port import Card
from aisle.visits.customers import Customer
from aisle.visits.desk import BasketUpdate, Desk
from aisle.visits.events import BasketLine
from aisle.visits.outbox import Outbox
from aisle.visits.policy import after
from aisle.walkout.evidence import acts_of
from aisle.walkout.outcome import Line, Outcome, Receipt, Settled

PROVEN = 0.95  # so sure a quantity must be to count as proven
GATE = "replay"


@dataclass
class RecordedClock:
    """The time of the recording, moved on by whoever replays it; it never goes back."""

    now_ns: int

    def __call__(self) -> int:
        return self.now_ns

    def reach(self, t_ns: int) -> None:
        """Let it be at least this late."""
        self.now_ns = max(self.now_ns, t_ns)


def settle(outcome: Outcome, desk: Desk, outbox: Outbox, clock: RecordedClock, cards: Sequence[Card]) -> Outcome:
    """The outcome with what its customers paid. `cards` are theirs, one for each receipt of a customer."""
    receipts = [receipt for receipt in outcome.receipts if receipt.role == "customer"]
    visits: dict[str, str] = {}
    first_ns = clock()
    for place, (receipt, card) in enumerate(zip(receipts, cards, strict=True), start=1):
        customer = Customer(f"shopper-{place}", receipt.shopper, member=False, card=card)
        desk.save_customer(customer)
        visits[receipt.shopper] = outbox.admit(desk.enter_by_code(desk.issue_code(customer.customer_id), GATE)).visit_id
    for receipt in sorted(receipts, key=lambda receipt: receipt.seen_ns or (first_ns, first_ns)):
        clock.reach(receipt.seen_ns[1] if receipt.seen_ns is not None else first_ns)
        _leave(outcome, receipt, visits[receipt.shopper], desk)
    outbox.run_until_idle()
    reasons = {shopper: _asked(desk, visit_id) for shopper, visit_id in visits.items()}
    clock.reach(after(clock(), desk.policy.review_due_s))
    desk.settle_due()
    outbox.run_until_idle()
    settled = (_settled(desk, receipt, visits[receipt.shopper], reasons[receipt.shopper]) for receipt in receipts)
    return replace(outcome, settled=tuple(settled))


def proven(receipt: Receipt, line: Line) -> int:
    """How many units of a line are proven: the most that the basket and its rivals together are sure enough of."""
    baskets = [(receipt.basket, receipt.probability)] + [(a.basket, a.probability) for a in receipt.alternatives]
    if line.probability >= PROVEN:
        return line.quantity
    for quantity in range(line.quantity, 0, -1):
        if sum(odds for basket, odds in baskets if basket.get(line.gtin, 0) >= quantity) >= PROVEN:
            return quantity
    return 0


def taken_at(outcome: Outcome, receipt: Receipt) -> Mapping[str, int]:
    """GTIN -> when the shopper last took such a product, by the likeliest explanation of each event (Unix ns)."""
    own, found = {receipt.shopper, *receipt.tracks}, dict[str, int]()
    for event in outcome.events:
        likeliest = max(event.explanations, key=lambda e: float(e.get("probability", 0.0)), default={})
        for act in acts_of(likeliest):
            if act.who in own and act.sign < 0 and act.gtin is not None:
                found[act.gtin] = max(found.get(act.gtin, 0), event.t_ns)
    return found


def _leave(outcome: Outcome, receipt: Receipt, visit_id: str, desk: Desk) -> None:
    """The basket as the core believes it, whole, and out through the gate."""
    now_ns, taken = desk.clock(), taken_at(outcome, receipt)
    lines = tuple(
        BasketLine(
            line_id=line.gtin,
            gtin=line.gtin,
            quantity=line.quantity,
            probability=line.probability,
            taken_at_ns=min(taken.get(line.gtin, now_ns), now_ns),
            proven_quantity=proven(receipt, line),
        )
        for line in receipt.lines
    )
    risk = receipt.risk_minor if receipt.complete else max(receipt.risk_minor, desk.policy.review_risk_minor + 1)
    update = BasketUpdate(1, lines, min(1.0, receipt.probability), risk, complete=True)
    desk.revise(visit_id, update)
    desk.leave(visit_id, GATE)


def _asked(desk: Desk, visit_id: str) -> str:
    review = desk.visit(visit_id).review
    return review.reason if review is not None else ""


def _settled(desk: Desk, receipt: Receipt, visit_id: str, reason: str) -> Settled:
    paid = msgspec.structs.replace(desk.receipt(visit_id), dispute_url="", pay_url="")  # nobody serves those pages
    return Settled(receipt.shopper, visit_id, desk.visit(visit_id).state, reason, paid)
