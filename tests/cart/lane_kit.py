"""Carts' purchases in a small world that can be broken at any step, for the tests of the lane and the merge."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import select

from aisle.bench.visit_world import START_NS, Action, World
from aisle.cart.book import PurchaseBook, make_tables, purchases
from aisle.cart.merge import Merged, Merger, NotAnsweredError, PayerRefusedError
from aisle.cart.purchase import CartPurchase, Payer
from aisle.commerce.pricing.till import Till
from aisle.store.codes import in_store_gtin
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.errors import VisitError
from aisle.visits.events import BasketLine

STORE = example_store()
TILL = Till(STORE)
OIL, WATER, CRISPS = in_store_gtin(407), in_store_gtin(101), in_store_gtin(201)


def never(_moment: int) -> bool:
    return False


def template_in(folder: Path) -> Path:
    """An SQLite file with the visits' schema and the carts' tables, and nothing in them."""
    path = folder / "template.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    make_tables(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


class Worlds:
    """Makes worlds as new, one after the other, over one connection pool."""

    def __init__(self, template: Path, path: Path, store: Store = STORE) -> None:
        self._template, self._path, self._store = template, path, store
        self._till = TILL if store is STORE else Till(store)
        self._database = Database(f"sqlite:///{path}", synchronous="off")

    def new(self, plan: Callable[[int], bool] = never) -> World:
        self._database.close()
        for leftover in self._path.parent.glob(f"{self._path.name}-*"):
            leftover.unlink()
        shutil.copyfile(self._template, self._path)
        return World(self._database, self._store, partial(self._till.price, hints=False), plan=plan)


def merger(world: World) -> Merger:
    """The program as it stands in the world now."""
    till = TILL if world.store is STORE else Till(world.store)
    return Merger(world.desk, world.outbox, till, PurchaseBook(world.database))


def known(name: str, token: str = "tok_visa") -> Action:
    """A customer with a card on file, or without one ("")."""

    def keep(world: World, message: Any) -> None:
        card = world.sandbox.register(name, f"{token}/{name}", key=f"{name}:{token}") if token else None
        world.desk.save_customer(Customer(name, email=f"{name}@example.org", card=card, member=False), message=message)

    return keep


def line(line_id: str, gtin: str = WATER, quantity: int = 1, **more: Any) -> BasketLine:
    return BasketLine(line_id, gtin, quantity, 1.0, START_NS - 60 * 10**9, **more)


def bought(trip_id: str, payer: Payer, *lines: BasketLine, **more: Any) -> CartPurchase:
    """A purchase of water and crisps unless `lines` say otherwise."""
    goods = lines or (line("a", WATER, 2), line("b", CRISPS))
    return CartPurchase(trip_id, "cart-7", STORE.currency, START_NS - 900 * 10**9, START_NS, payer, goods, **more)


def deliver(purchase: CartPurchase) -> Action:
    """Send a purchase; the answer, or the refusal."""

    def send(world: World, _message: Any) -> Merged | VisitError:
        try:
            return merger(world).merge(purchase)
        except (PayerRefusedError, NotAnsweredError) as refusal:
            return refusal

    return send


def anna(trip_id: str = "trip-1", *lines: BasketLine, **more: Any) -> CartPurchase:
    return bought(trip_id, Payer(customer_id="anna"), *lines, **more)


def by_card(token: str, trip_id: str = "trip-1", *lines: BasketLine, **more: Any) -> CartPurchase:
    return bought(trip_id, Payer(card_token=token), *lines, **more)


def attempt(purchase: CartPurchase, number: int, **more: Any) -> CartPurchase:
    return replace(purchase, attempt=number, **more)


def outcome(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """What is left in the world as far as money and goods go: the same after crashes as without any."""
    visits = world.desk.visits(limit=1000)
    with world.database.read() as connection:
        rows = [
            tuple(r) for r in connection.execute(select(purchases.c.trip_id, purchases.c.attempt, purchases.c.over))
        ]
    return {
        "purchases": sorted(rows),
        "visits": sorted(
            (v.visit_id, v.state, v.payer, v.total_minor, v.paid_minor, v.owed_minor, v.coupons, v.lines)
            for v in visits
        ),
        "holds": sorted((h.status, h.held.minor, h.captured.minor) for h in world.sandbox.holds(0)),
        "mails": sorted({(mail.visit_id, mail.status, mail.to) for mail in world.mailbox}),
    }


def charged_once(world: World, trip_ids: set[str]) -> bool:
    """Whether each trip has exactly one visit with its lines, and each of those is priced once and paid or owed."""
    with_lines = [v for v in world.desk.visits(limit=1000) if v.lines]
    book = PurchaseBook(world.database)
    carried = [taken.visit_id for trip_id in sorted(trip_ids) if (taken := book.find(trip_id)) is not None]
    exact = all(v.paid_minor + v.owed_minor == v.total_minor for v in with_lines)
    return exact and sorted(v.visit_id for v in with_lines) == sorted(filter(None, carried))
