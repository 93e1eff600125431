"""Rows waiting to be written in one transaction, as few statements as there are tables.

Inserting many rows of a table at once costs little more than inserting one; that is what makes a shop's events cheap.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

Row = dict[str, Any]


class Queued:
    """Rows to insert, rows to insert or replace by primary key, and outbox rows to change by key."""

    __slots__ = ("_inserts", "_updates", "_upserts")

    def __init__(self) -> None:
        self._inserts: dict[Table, list[Row]] = {}
        self._upserts: dict[Table, dict[tuple[Any, ...], Row]] = {}
        self._updates: dict[Table, list[Row]] = {}

    def insert(self, table: Table, row: Row) -> None:
        """A new row; writing fails when there is one of that key."""
        self._inserts.setdefault(table, []).append(row)

    def upsert(self, table: Table, row: Row) -> None:
        """A row that replaces the one of the same key; the last one queued counts."""
        key = tuple(row[column.name] for column in table.primary_key)
        self._upserts.setdefault(table, {})[key] = row

    def update(self, table: Table, row: Row) -> None:
        """Change the named columns of the row of that key; all rows queued for a table name the same columns."""
        self._updates.setdefault(table, []).append(row)

    def take(self, other: Queued) -> None:
        """All rows of another queue, after those here."""
        for table, rows in other._inserts.items():
            self._inserts.setdefault(table, []).extend(rows)
        for table, keyed in other._upserts.items():
            self._upserts.setdefault(table, {}).update(keyed)
        for table, rows in other._updates.items():
            self._updates.setdefault(table, []).extend(rows)

    def write(self, connection: Connection) -> None:
        """Write all of it and be empty. Raises IntegrityError when a new row's key is taken."""
        for table, rows in self._inserts.items():
            connection.execute(_insert(table), rows)
        for table, keyed in self._upserts.items():
            connection.execute(_upsert(table, connection.dialect.name), list(keyed.values()))
        for table, rows in self._updates.items():
            _update_all(connection, table, rows)
        self._inserts, self._upserts, self._updates = {}, {}, {}


def _update_all(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Rows changing the same columns go together, in the order in which they were queued."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end].keys() != rows[start].keys():
            statement = _update(table, tuple(rows[start]))
            keys = {column.name for column in table.primary_key}
            connection.execute(
                statement,
                [{f"of_{k}" if k in keys else k: value for k, value in row.items()} for row in rows[start:end]],
            )
            start = end


@lru_cache
def _insert(table: Table) -> Insert:
    return insert(table)


@lru_cache
def _upsert(table: Table, dialect: str) -> Insert:
    keys = [column.name for column in table.primary_key]
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@lru_cache
def _update(table: Table, columns: tuple[str, ...]) -> Update:
    keys = {column.name for column in table.primary_key}
    return (
        update(table)
        .where(*(table.c[key] == bindparam(f"of_{key}") for key in sorted(keys)))
        .values({name: bindparam(name) for name in columns if name not in keys})
    )
