"""Paying a debt from a page: with which card, having the bank asked at once, and why it said no."""

from __future__ import annotations

import time

from aisle.commerce.payments.port import Card
from aisle.commerce.payments.sandbox import Sandbox
from aisle.commerce.payments.sandbox_cards import TEST_CARDS
from aisle.commerce.receipts.words import Tongue
from aisle.visits.errors import UnknownCustomerError
from aisle.visits.events import PaymentFailed
from aisle.visits.model import Visit
from aisle.web.backend import Backend

PATIENCE_S = 8.0  # how long a page waits for the bank
_LOOK_S = 0.25
_WHY = {
    "authentication_required": "why_confirm", "expired_card": "why_expired", "insufficient_funds": "why_funds",
    "lost_card": "why_blocked", "pickup_card": "why_blocked", "stolen_card": "why_blocked",
}  # fmt: skip


def card_on_file(behind: Backend, visit: Visit) -> Card | None:
    """The customer's card as it is now, else the one this visit came in with."""
    try:
        kept = behind.desk.customer(visit.customer_id).card if visit.customer_id else None
    except UnknownCustomerError:
        kept = None
    return kept or visit.card


def sandbox_cards(behind: Backend, words: Tongue) -> dict[str, str]:
    """The sandbox's test cards, in words by token; none with a provider that moves money."""
    if not isinstance(behind.provider, Sandbox):
        return {}
    return {token: f"{words.brand(card.brand)} {card.last4} ({token})" for token, card in TEST_CARDS.items()}


def being_paid(visit: Visit) -> bool:
    """Whether the bank is being asked at this moment."""
    return visit.state == "owing" and (visit.step is not None or visit.attempt is not None)


def carry_out(behind: Backend, visit_id: str, patience_s: float = PATIENCE_S) -> None:
    """Ask the bank now what the visit waits for; returns when it has answered, is put off, or patience is over."""
    until_s = time.monotonic() + patience_s
    with behind.desk.subscribe(visit_id) as news:
        while (step := behind.desk.visit(visit_id).step) is not None and time.monotonic() < until_s:
            if behind.outbox.run_now(step.key):
                continue
            if _put_off(behind, visit_id, step.key):
                return
            news.wait(_LOOK_S)


def why_not(behind: Backend, visit: Visit, words: Tongue) -> str:
    """Why the last card did not pay, in a sentence."""
    failures = [e.event for e in behind.desk.journal(visit.visit_id) if isinstance(e.event, PaymentFailed)]
    if not failures:
        return words.say("why_no_card")
    last = failures[-1]
    return words.say(_WHY.get(last.decline_code) or _WHY.get(last.code) or "why_unknown")


def _put_off(behind: Backend, visit_id: str, key: str) -> bool:
    """Whether the bank did not answer and is asked again later, or a person has to look."""
    row = next((row for row in behind.outbox.of_visit(visit_id) if row.key == key), None)
    return row is None or row.state == "parked" or (row.state == "pending" and row.due_at_ns > behind.clock())
