"""`aisle serve`, `aisle keys` and `aisle reconcile`: the commands that work on a whole shop."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from aisle.bootstrap.names import Names
from aisle.bootstrap.shop import VAR, Shop, open_shop
from aisle.commerce.payments.port import PaymentError
from aisle.commerce.payments.reconcile import look
from aisle.settings import Settings, SettingsError, read_settings
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

    with _told() as said:
        settings = read_settings(_store_folder(folder))
        with _listening(settings.host, settings.port) as door, _open(folder, settings) as shop:
            ring = KeyRing(folder / VAR / "keys.toml")
            if not ring.callers():
                key = ring.add(Caller(Role.OPERATOR, "operator"), os.urandom)
                print(f"This shop had no keys. One for the operator, shown only now: {key}", flush=True)
            host, port = settings.host, door.getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            print(f"{shop.store.name}: http://{shown}:{port}/docs   (payments: {shop.provider.name})", flush=True)
            config = uvicorn.Config(create_app(shop.backend), log_level="warning", timeout_graceful_shutdown=5)
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # both signals end the shop the same way
            shop.start()
            gc.collect()
            gc.freeze()  # what was loaded stays: the collector need not walk through it while shoppers wait
            try:
                uvicorn.Server(config).run([door])
            except KeyboardInterrupt:
                pass
            finally:
                shop.stop()
    return said.code


def run_keys(folder: Path, action: str, role: str | None, name: str | None) -> int:
    """List the holders of keys, add a key (printed once), or remove all of a holder."""
    with _told() as said:
        ring = KeyRing(_store_folder(folder) / VAR / "keys.toml")
        if action == "list":
            for caller in ring.callers():
                print(f"{caller.role}\t{caller.subject}")
        elif not role or not name:
            raise _WrongUseError(
                f"keys {action}: found no role or no name; expected both: aisle keys {folder} {action} device gate-1"
            )
        elif action == "add":
            print(ring.add(Caller(Role(role), name), os.urandom))
        else:
            removed = ring.remove(Caller(Role(role), name))
            if not removed:
                said.fail(f"{folder}: found no key of {role} {name}; `aisle keys {folder} list` shows all")
    return said.code


def run_reconcile(folder: Path, *, days: int, json: bool) -> int:
    """Hold the ledger against the payment provider; 1 when they differ."""
    with _told() as said, _open(folder, read_settings(_store_folder(folder))) as shop:
        shop.outbox.run_until_idle()
        since_ns = shop.backend.clock() - days * DAY_NS
        over = {row.visit_id for row in shop.desk.read(select(visits.c.visit_id).where(visits.c.state.in_(ENDED)))}
        found = look(shop.provider, shop.desk.postings(), since_ns, over)
        print(found.to_json() if json else found.to_text())
        if not found.agrees:
            said.code = FAILED
    return said.code


class _WrongUseError(Exception):
    """The command was called in a way that cannot work; the message says how."""


class _Said:
    """What a command came to."""

    code = DONE

    def fail(self, message: str, code: int = FAILED) -> None:
        self.code = code
        print(f"error: {message}", file=sys.stderr)


@contextmanager
def _told() -> Iterator[_Said]:
    """Errors that are somebody's to mend become a message and a code."""
    said = _Said()
    try:
        yield said
    except StoreError as error:  # it lists its errors one to a line, each called one
        said.fail(str(error).removeprefix("error: "))
    except _WrongUseError as error:
        said.fail(str(error), WRONG_USE)
    except (SettingsError, KeyFileError, PaymentError) as error:
        said.fail(str(error))
    except OSError as error:
        said.fail(f"{error.filename or ''}: {error.strerror or error}".strip(": "))


def _store_folder(folder: Path) -> Path:
    """The folder itself, when it may be a shop's: nothing is made in a folder that was only misspelt."""
    if not folder.is_dir():
        raise _WrongUseError(f"{folder}: found no such folder; expected a store folder (aisle new makes one)")
    if not (folder / "store.toml").is_file():
        raise _WrongUseError(f"{folder}: found no store.toml in it; expected a store folder (aisle new makes one)")
    return folder


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket of the API, taken before anything else is opened, so that no shop runs twice on one address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((host, port))
            door.listen()
        except OSError as error:
            raise SettingsError(
                f"AISLE_HOST, AISLE_PORT: found {host} and {port}, where nothing can listen ({error.strerror}); "
                "expected an address of this machine and a port nobody uses"
            ) from None
        yield door


@contextmanager
def _open(folder: Path, settings: Settings) -> Iterator[Shop]:
    """The shop of a folder, on the real clock."""
    try:
        shop = open_shop(folder, settings, time.time_ns, Names(time.time_ns, os.urandom), os.urandom)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        where = "AISLE_DATABASE_URL" if settings.database_url else str(folder / VAR / "visits.db")
        raise SettingsError(
            f"{where}: found a database that cannot be opened ({reason}); "
            "expected SQLite, or a PostgreSQL server that answers: postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from None
    except sqlite3.Error as error:  # the books of the sandbox are no SQLAlchemy's
        raise SettingsError(f"{folder / VAR / 'sandbox.db'}: found books that cannot be opened ({error})") from None
    try:
        yield shop
    finally:
        shop.close()
