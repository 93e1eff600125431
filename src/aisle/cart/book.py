"""What the shop keeps of its carts' trips, beside the visits: purchases taken, what lanes decided, what checks found.

The tables lie in the visits' own database, so that a purchase is where its visit is, and are made when they are not
there. Of all visits that a trip's cards may have begun, one is chosen to carry its lines: `claim` decides that, once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from aisle.cart.purchase import CartPurchase
from aisle.visits.database import Database, lost_race
from aisle.visits.errors import VisitError

metadata = MetaData()
purchases = Table(
    "cart_purchases",
    metadata,
    Column("trip_id", String(64), primary_key=True),
    Column("contents", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("visit_id", String(64)),
    Column("over", Boolean, nullable=False),
)
lanes = Table(
    "cart_lanes",
    metadata,
    Column("trip_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("payer", String(160), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Index("cart_lanes_payer", "payer", "at_ns"),
    Index("cart_lanes_at", "at_ns"),
)
checks = Table(
    "cart_checks",
    metadata,
    Column("check_id", String(64), primary_key=True),
    Column("trip_id", String(64), nullable=False),
    Column("payer", String(160), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("cart_checks_trip", "trip_id"),
    Index("cart_checks_payer", "payer", "at_ns"),
    Index("cart_checks_at", "at_ns"),
)
_RUNS = 12  # how often a change that loses races is tried
T = TypeVar("T")
_MAKING = 0x43415254  # the number of the lock: "CART"


class PurchaseDiffersError(VisitError):
    """A trip that was bought already comes again with other goods."""

    code = "purchase_differs"
    status = 409


@dataclass(frozen=True, slots=True)
class Taken:
    """A purchase as the shop keeps it: the newest attempt, the visit that carries it (None: none yet), all done?"""

    purchase: CartPurchase
    visit_id: str | None
    over: bool


class PurchaseBook:
    """The purchases the shop has taken. Thread-safe, like the database below it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, purchase: CartPurchase) -> Taken:
        """Keep a purchase before anything is done with it; a later attempt takes the place of an earlier one.

        Raises PurchaseDiffersError when the trip was bought already, or this attempt came before, with other goods.
        """
        return written(self._database, lambda connection: _take(connection, purchase))

    def claim(self, purchase: CartPurchase, visit_id: str) -> str | None:
        """Let this visit carry the trip's lines, unless another one does; which one does.

        None: a later attempt has come meanwhile, and none does yet.
        """
        free = (
            update(purchases)
            .where(purchases.c.trip_id == purchase.trip_id, purchases.c.visit_id.is_(None))
            .where(purchases.c.attempt == purchase.attempt)
        )

        def choose(connection: Connection) -> str | None:
            connection.execute(free.values(visit_id=visit_id))
            row = connection.execute(_of(purchase.trip_id)).first()
            return row.visit_id if row is not None else None

        return written(self._database, choose)

    def finish(self, trip_id: str) -> None:
        """Nothing is left to be done for this trip but what the visit does by itself."""
        done = update(purchases).where(purchases.c.trip_id == trip_id, purchases.c.over.is_(False)).values(over=True)
        written(self._database, lambda connection: connection.execute(done))

    def find(self, trip_id: str) -> Taken | None:
        """A purchase by its trip; None when it never came."""
        with self._database.read() as connection:
            return _taken(connection.execute(_of(trip_id)).first())

    def unfinished(self, limit: int = 500) -> tuple[CartPurchase, ...]:
        """Purchases a visit was chosen for and that were not carried through: the program ended on the way."""
        rows = select(purchases.c.body).where(purchases.c.visit_id.is_not(None), purchases.c.over.is_(False))
        with self._database.read() as connection:
            return tuple(_purchase(row.body) for row in connection.execute(rows.limit(limit)))


def written(database: Database, change: Callable[[Connection], T]) -> T:
    """Carry out a change in a transaction; again where another one was quicker, on what is true by then."""
    for _ in range(_RUNS - 1):
        try:
            with database.write() as connection:
                return change(connection)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and not lost_race(error):
                raise
    with database.write() as connection:
        return change(connection)


def make_tables(database: Database) -> None:
    """Make the tables that are not there; safe at every start, also of several programs at once."""
    with database.write() as connection:
        if not database.sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
        metadata.create_all(connection)


def _take(connection: Connection, purchase: CartPurchase) -> Taken:
    known = _taken(connection.execute(_of(purchase.trip_id)).first())
    if known is None:
        row = {"trip_id": purchase.trip_id, "visit_id": None, "over": False, **_columns(purchase)}
        connection.execute(insert(purchases).values(row))
        return Taken(purchase, None, False)
    fixed = known.visit_id is not None or purchase.attempt <= known.purchase.attempt
    if fixed and purchase.attempt >= known.purchase.attempt and purchase.contents != known.purchase.contents:
        raise PurchaseDiffersError(
            f"trip {purchase.trip_id} came before with other goods: they stand",
            found=purchase.contents[:12],
            expected=known.purchase.contents[:12],
        )
    if fixed:
        return known
    connection.execute(update(purchases).where(purchases.c.trip_id == purchase.trip_id).values(_columns(purchase)))
    return Taken(purchase, None, False)


def _of(trip_id: str) -> Any:
    return select(purchases).where(purchases.c.trip_id == trip_id)


def _columns(purchase: CartPurchase) -> dict[str, Any]:
    body = msgspec.json.encode(purchase).decode()
    return {"contents": purchase.contents, "attempt": purchase.attempt, "body": body}


def _taken(row: Any) -> Taken | None:
    return None if row is None else Taken(_purchase(row.body), row.visit_id, bool(row.over))


def _purchase(body: str) -> CartPurchase:
    return msgspec.json.decode(body, type=CartPurchase)
