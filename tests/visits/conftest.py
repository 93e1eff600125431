"""What the visits' tests share: a store with its till, and databases of both kinds, migrated and empty."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.commerce.pricing.till import Till
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.visits.database import Database
from visits.databases import PostgresServer, start_postgres


@pytest.fixture(scope="session")
def store() -> Store:
    return example_store()


@pytest.fixture(scope="session")
def till(store: Store) -> Till:
    return Till(store)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema and nothing in it."""
    path = tmp_path_factory.mktemp("template") / "visits.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture
def sqlite_path(template: Path, tmp_path: Path) -> Path:
    """A fresh SQLite file with the newest schema."""
    return Path(shutil.copyfile(template, tmp_path / "visits.db"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server of the tests' own, on a socket of its own, stopped at the end."""
    with start_postgres(tmp_path_factory) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()
