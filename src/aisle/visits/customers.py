"""Customers as the shop knows them: how to reach them, the card on file, and what they still owe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from aisle.commerce.payments.port import Card
from aisle.visits.bounds import is_id
from aisle.visits.errors import InDebtError, UnknownCustomerError
from aisle.visits.fetching import Fetch
from aisle.visits.model import State, Visit
from aisle.visits.projections import visit_from
from aisle.visits.queued import Queued
from aisle.visits.tables import customers, debts, visits


class Customer(msgspec.Struct, frozen=True):
    """A known customer. `locale` is a language tag ("de-DE"); `card` holds the provider's tokens, never a number."""

    customer_id: str
    name: str = ""
    email: str = ""
    locale: str = "en-US"
    member: bool = True
    card: Card | None = None

    @property
    def payer(self) -> str:
        """How debts and limits name the customer."""
        return f"customer:{self.customer_id}"


class Debt(msgspec.Struct, frozen=True):
    """What one visit left unpaid (minor units), and the secret of the link to pay it."""

    visit_id: str
    minor: int
    currency: str
    pay_token: str
    at_ns: int


def save(rows: Queued, customer: Customer) -> None:
    """Write a customer, new or changed."""
    card = msgspec.json.encode(customer.card).decode() if customer.card is not None else None
    rows.upsert(customers, {**msgspec.structs.asdict(customer), "card": card})


def find(fetch: Fetch, customer_id: str) -> Customer:
    """The customer of that id. Raises UnknownCustomerError."""
    rows = fetch(select(customers).where(customers.c.customer_id == customer_id)) if is_id(customer_id) else ()
    if not rows:
        raise UnknownCustomerError(
            f"there is no customer {customer_id!r}", found=customer_id, expected="a customer's id"
        )
    return _customer(rows[0])


def page(fetch: Fetch, after: str = "", limit: int = 50) -> Sequence[Customer]:
    """Customers in the order of their ids, from behind `after`."""
    found = fetch(
        select(customers)
        .where(customers.c.customer_id > after.replace("\0", ""))
        .order_by(customers.c.customer_id)
        .limit(limit)
    )
    return tuple(_customer(row) for row in found)


def debts_of(fetch: Fetch, payer: str) -> tuple[Debt, ...]:
    """What a payer still owes, oldest first."""
    columns = (debts.c.visit_id, debts.c.minor, debts.c.currency, debts.c.pay_token, debts.c.at_ns)
    unpaid = select(*columns).where(debts.c.payer == payer, debts.c.paid_at_ns.is_(None)).order_by(debts.c.at_ns)
    return tuple(Debt(*tuple(row)) for row in fetch(unpaid)) if payer else ()


def refuse_debtors(fetch: Fetch, payer: str) -> None:
    """Raises InDebtError when the payer owes something."""
    owed = debts_of(fetch, payer)
    if owed:
        raise InDebtError(
            "an earlier visit is not paid yet: pay it on the phone, then come in",
            found=f"{sum(debt.minor for debt in owed)} {owed[0].currency} (minor units) owed for {owed[0].visit_id}",
            expected="nothing owed",
        )


def visit_in(fetch: Fetch, payer: str, states: Sequence[State]) -> Visit | None:
    """The payer's latest visit in one of these states that somebody may come back into, if any."""
    if not payer:
        return None
    rows = fetch(
        select(visits.c.body)
        .where(visits.c.payer == payer, visits.c.state.in_(states))
        .order_by(visits.c.entered_at_ns.desc(), visits.c.visit_id.desc())
    )
    return next((visit for visit in (visit_from(row.body) for row in rows) if not visit.apart), None)


def visits_made(fetch: Fetch, payer: str) -> int:
    """How many visits a payer has settled."""
    settled = ("settled", "disputed", "refunded")
    count = select(func.count()).select_from(visits).where(visits.c.payer == payer, visits.c.state.in_(settled))
    return int(fetch(count)[0][0])


def _customer(row: Row[Any]) -> Customer:
    card = msgspec.json.decode(row.card, type=Card) if row.card else None
    return Customer(row.customer_id, row.name, row.email, row.locale, row.member, card)
