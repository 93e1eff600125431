"""Handlers of the effects on partners: the retailer's ordering endpoint, and webhooks to the retailer's own systems."""

from __future__ import annotations

import msgspec

from aisle.commerce.connector.client import OrderConnector
from aisle.commerce.connector.outgoing import Webhooks
from aisle.commerce.connector.post import Answer, Permanent
from aisle.commerce.connector.post import TryLater as Later
from aisle.commerce.connector.purchase import Arrival, Goods, MappingError, SettledVisit, purchase_of
from aisle.visits.desk import Desk
from aisle.visits.effects import Effect
from aisle.visits.model import Visit
from aisle.visits.outbox import Handler, PermanentError, TryLater
from aisle.visits.outcomes import Done, Outcome


class VisitNews(msgspec.Struct, frozen=True):
    """The body of a webhook: which visit came into which state (`type` is "visit." and the state), and its money.

    Amounts are minor units of `currency`, times Unix nanoseconds.
    """

    type: str
    visit_id: str
    customer_id: str | None
    at_ns: int
    currency: str
    total_minor: int
    paid_minor: int
    refunded_minor: int
    owed_minor: int


def ordering(desk: Desk, connector: OrderConnector) -> Handler:
    """The handler that pushes settled visits to a retailer's `POST /v1/order/purchases`."""

    def handle(effect: Effect) -> Outcome:
        try:
            purchase = purchase_of(settled(desk.visit(effect.visit_id), desk.store.name))
        except MappingError as error:
            raise PermanentError(str(error)) from error
        return _outcome(connector.post(purchase))

    return handle


def telling(desk: Desk, webhooks: Webhooks) -> Handler:
    """The handler that tells the retailer's systems of a visit's new state, under the effect's key as message id."""

    def handle(effect: Effect) -> Outcome:
        visit = desk.visit(effect.visit_id)
        news = VisitNews(
            type=f"visit.{effect.body.event}",
            visit_id=visit.visit_id,
            customer_id=visit.customer_id,
            at_ns=visit.changed_at_ns,
            currency=visit.currency,
            total_minor=visit.total_minor,
            paid_minor=visit.paid_minor,
            refunded_minor=visit.refunded_minor,
            owed_minor=visit.owed_minor,
        )
        return _outcome(webhooks.post(effect.key, msgspec.json.encode(news)))

    return handle


def settled(visit: Visit, store_id: str) -> SettledVisit:
    """What the ordering connector is told of a visit: its priced lines, and one arrival for each of the party."""
    lines = visit.priced.lines if visit.priced is not None else ()
    return SettledVisit(
        visit_id=visit.visit_id,
        store_id=store_id,
        entered_at_ns=visit.entered_at_ns,
        left_at_ns=visit.left_at_ns if visit.left_at_ns is not None else visit.changed_at_ns,
        arrivals=(
            Arrival(visit.way, visit.entered_at_ns, visit.customer_id or ""),
            *(Arrival("guest", visit.entered_at_ns) for _ in range(visit.members - 1)),
        ),
        goods=tuple(Goods(line.line_id, line.gtin, line.quantity, line.weight_g) for line in lines),
        customer_id=visit.customer_id or "",
        card_token=visit.card.token if visit.card is not None else "",
    )


def _outcome(answer: Answer) -> Outcome:
    """A peer's answer as the outbox understands it."""
    if isinstance(answer, Later):
        raise TryLater(answer.why, answer.after_s)
    if isinstance(answer, Permanent):
        raise PermanentError(f"the peer refused it ({answer.status}): {answer.excerpt}")
    return Done()
