"""The database of the visits: SQLite in the shop, PostgreSQL by URL; transactions, migrations, and where to break it.

SQLite runs in write-ahead mode; a writing transaction takes the write lock when it begins, so that what it has read
still holds when it writes. PostgreSQL runs writing transactions serialisable for the same reason; a transaction that
lost a race is run again by `journal.Journal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

Synchronous = Literal["off", "normal", "full"]
Probe = Callable[[str], None]

_MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATING = 0x4149534C45  # the number of the lock: "AISLE"
_LOST_RACE = frozenset({"40001", "40P01"})  # PostgreSQL: serialisation failure, deadlock


def _undisturbed(_moment: str) -> None:
    """What happens around a commit in a shop: nothing."""


class Database:
    """Connections to one database.

    `url` is SQLAlchemy's: "sqlite:///visits.db" or "postgresql+psycopg://…". `synchronous` is SQLite's pragma:
    "normal" may lose the last moments when the power fails (never the file), "full" loses nothing, "off" is for
    measuring. `probe` is called with "before commit" and "after commit" around every writing transaction; tests break
    the program there.
    """

    def __init__(self, url: str, *, synchronous: Synchronous = "normal", probe: Probe = _undisturbed) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._probe = probe
        self.engine = create_engine(self.url, pool_size=8, max_overflow=24, pool_timeout=30.0, hide_parameters=True)
        if self.sqlite:
            self._writer = self.engine.execution_options(aisle_begin="BEGIN IMMEDIATE")
            event.listen(self.engine, "connect", _sqlite_settings(synchronous))
            event.listen(self.engine, "begin", _sqlite_begin)
        else:
            self._writer = self.engine.execution_options(isolation_level="SERIALIZABLE")

    def migrate(self) -> None:
        """Bring the schema up to the newest version; safe to call at every start."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with (self._writer if self.sqlite else self.engine).begin() as connection:
            if not self.sqlite:  # of programs that start together one brings it up, the others find it done
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: committed at the end of the block, rolled back when it raises."""
        with self._writer.connect() as connection:
            with connection.begin():
                yield connection
                self._probe("before commit")
            self._probe("after commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read from, seeing one consistent state."""
        with self.engine.connect() as connection:
            yield connection

    def reopened(self, probe: Probe = _undisturbed) -> Database:
        """This database as after a restart: no connection is kept, only what the statements compiled to."""
        self.engine.dispose()
        again = copy(self)
        again._probe = probe
        return again

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def lost_race(error: DBAPIError) -> bool:
    """Whether a transaction failed only because another one was quicker, so that it may be run again."""
    return getattr(error.orig, "sqlstate", None) in _LOST_RACE


def _sqlite_settings(synchronous: Synchronous) -> Callable[[Any, ConnectionPoolEntry], None]:
    def set_up(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun by _sqlite_begin, not by the driver
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout = 30000",
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            "cache_size = -65536",
            "wal_autocheckpoint = 4000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return set_up


def _sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("aisle_begin", "BEGIN"))
