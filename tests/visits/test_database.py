"""Both databases: migrations make the schema the code speaks of, and the journal only grows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError

from aisle.visits.database import Database
from aisle.visits.tables import journal, metadata
from visits.databases import PostgresServer

ENTRY = {"visit_id": "v", "revision": 1, "kind": "left", "at_ns": 1, "body": "{}"}


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.empty_database()


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(journal), ENTRY)
    database.migrate()
    with database.read() as connection:
        assert len(connection.execute(journal.select()).fetchall()) == 1


@pytest.mark.parametrize(
    "change",
    [update(journal).values(body="other"), delete(journal)],
    ids=["an entry is changed", "an entry is removed"],
)
def test_the_database_itself_refuses_to_change_the_journal(change: object, database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(journal), ENTRY)
    with pytest.raises(DBAPIError, match="only grows"), database.write() as connection:
        connection.execute(change)  # type: ignore[call-overload]


def test_what_fails_is_rolled_back_and_probed_moments_surround_the_commit(url: str) -> None:
    moments: list[str] = []
    database = Database(url, probe=moments.append)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(journal), ENTRY)
        raise ZeroDivisionError
    with database.write() as connection:
        assert connection.execute(journal.select()).fetchall() == []
    assert moments == ["before commit", "after commit"]
    database.close()


def test_programs_that_start_together_find_one_schema(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as programs:
        list(programs.map(Database.migrate, databases))
    with databases[0].read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    for database in databases:
        database.close()
