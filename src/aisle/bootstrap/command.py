"""`aisle serve`, `aisle keys` and `aisle reconcile`: the commands that work on a whole shop."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from aisle.bootstrap.names import Names
from aisle.bootstrap.shop import VAR, Shop, open_shop
from aisle.commerce.payments.port import PaymentError
from aisle.commerce.payments.reconcile import look
from aisle.settings import SettingsError, read_settings
from aisle.store.problems import StoreError
from aisle.visits.model import ENDED
from aisle.visits.tables import visits
from aisle.web.app import create_app
from aisle.web.keys import Caller, KeyFileError, KeyRing, Role

DONE, FAILED, WRONG_USE = 0, 1, 2
DAY_NS = 86_400 * 10**9


def run_serve(folder: Path) -> int:
    """Run the shop until it is told to stop (SIGINT, SIGTERM)."""
    import uvicorn

    with _told() as said, _open(folder) as shop:
        ring = KeyRing(folder / VAR / "keys.toml")
        if not ring.callers():
            key = ring.add(Caller(Role.OPERATOR, "operator"), os.urandom)
            print(f"This shop had no keys. One for the operator, shown only now: {key}", flush=True)
        host, port = shop.settings.host, shop.settings.port
        print(f"{shop.store.name}: http://{host}:{port}/docs   (payments: {shop.provider.name})", flush=True)
        shop.start()
        try:
            uvicorn.run(
                create_app(shop.backend), host=host, port=port, log_level="warning", timeout_graceful_shutdown=5
            )
        finally:
            shop.stop()
    return said.code


def run_keys(folder: Path, action: str, role: str, name: str) -> int:
    """List the holders of keys, add a key (printed once), or remove all of a holder."""
    with _told() as said:
        ring = KeyRing(folder / VAR / "keys.toml")
        if action == "list":
            for caller in ring.callers():
                print(f"{caller.role}\t{caller.subject}")
        elif action == "add":
            print(ring.add(Caller(Role(role), name), os.urandom))
        else:
            removed = ring.remove(Caller(Role(role), name))
            if not removed:
                said.fail(f"{folder}: found no key of {role} {name}; `aisle keys {folder} list` shows all")
    return said.code


def run_reconcile(folder: Path, *, days: int, json: bool) -> int:
    """Hold the ledger against the payment provider; 1 when they differ."""
    with _told() as said, _open(folder) as shop:
        shop.outbox.run_until_idle()
        since_ns = shop.backend.clock() - days * DAY_NS
        over = {row.visit_id for row in shop.desk.read(select(visits.c.visit_id).where(visits.c.state.in_(ENDED)))}
        found = look(shop.provider, shop.desk.postings(), since_ns, over)
        print(found.to_json() if json else found.to_text())
        if not found.agrees:
            said.code = FAILED
    return said.code


class _Said:
    """What a command came to."""

    code = DONE

    def fail(self, message: str) -> None:
        self.code = FAILED
        print(f"error: {message}", file=sys.stderr)


@contextmanager
def _told() -> Iterator[_Said]:
    """Errors that are somebody's to mend become a message and a code."""
    said = _Said()
    try:
        yield said
    except (StoreError, SettingsError, KeyFileError, PaymentError) as error:
        said.fail(str(error))
    except OSError as error:
        said.fail(f"{error.filename or ''}: {error.strerror or error}".strip(": "))


@contextmanager
def _open(folder: Path) -> Iterator[Shop]:
    """The shop of a folder, on the real clock."""
    shop = open_shop(folder, read_settings(folder), time.time_ns, Names(time.time_ns, os.urandom), os.urandom)
    try:
        yield shop
    finally:
        shop.close()
