"""What the sandbox remembers: its own SQLite database, in a file or in memory, as a provider's own books would be.

Rows go in and out here; what may happen to them is decided in `sandbox`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aisle.commerce.payments.port import HoldStatus

_SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (reference TEXT PRIMARY KEY, customer TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS cards (
    token TEXT PRIMARY KEY, customer TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (customer, kind));
CREATE TABLE IF NOT EXISTS holds (
    n INTEGER PRIMARY KEY, hold_id TEXT NOT NULL UNIQUE, token TEXT NOT NULL, kind TEXT NOT NULL,
    reference TEXT NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, held INTEGER NOT NULL,
    captured INTEGER NOT NULL DEFAULT 0, refunded INTEGER NOT NULL DEFAULT 0, increments INTEGER NOT NULL DEFAULT 0,
    made_at_ns INTEGER NOT NULL, expires_at_ns INTEGER,
    CHECK (captured <= held AND refunded <= captured));
CREATE INDEX IF NOT EXISTS holds_made ON holds (made_at_ns);
CREATE INDEX IF NOT EXISTS holds_kind ON holds (kind);
CREATE INDEX IF NOT EXISTS holds_standing ON holds (expires_at_ns) WHERE status = 'held';
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY, hold_id TEXT NOT NULL REFERENCES holds (hold_id), minor INTEGER NOT NULL,
    at_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, answer BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS calls (key TEXT PRIMARY KEY, attempts INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS post (
    n INTEGER PRIMARY KEY, event_id TEXT NOT NULL, body BLOB NOT NULL, due_at_ns INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS post_due ON post (due_at_ns, n);
"""

_COLUMNS = (
    "hold_id, token, kind, reference, currency, status, held, captured, refunded, increments, made_at_ns, expires_at_ns"
)


@dataclass(slots=True)
class HoldRow:
    """A hold as the sandbox keeps it. `held` is the amount asked for while the customer still has to confirm."""

    hold_id: str
    token: str
    kind: str
    reference: str
    currency: str
    status: HoldStatus
    held: int
    captured: int
    refunded: int
    increments: int
    made_at_ns: int
    expires_at_ns: int | None


class Book:
    """The sandbox's tables. Not thread-safe by itself: `sandbox.Sandbox` holds a lock around each call."""

    def __init__(self, path: Path | None) -> None:
        where = ":memory:" if path is None else str(path)
        self._connection = sqlite3.connect(where, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database; nothing else may be called afterwards."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what happens inside is kept, or none of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def answer(self, key: str) -> tuple[str, bytes] | None:
        """The digest of the first request made with a key, and its answer."""
        row = self._connection.execute("SELECT request, answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def keep_answer(self, key: str, request: str, answer: bytes) -> None:
        self._connection.execute("INSERT INTO answers VALUES (?, ?, ?)", (key, request, answer))

    def count_call(self, key: str) -> int:
        """How many calls with a key there were before this one."""
        row = self._connection.execute(
            "INSERT INTO calls VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET attempts = attempts + 1"
            " RETURNING attempts",
            (key,),
        ).fetchone()
        return int(row[0]) - 1

    def customer(self, reference: str, fresh: str) -> str:
        """The customer of a reference, `fresh` when there is none yet."""
        self._connection.execute("INSERT OR IGNORE INTO customers VALUES (?, ?)", (reference, fresh))
        row = self._connection.execute("SELECT customer FROM customers WHERE reference = ?", (reference,)).fetchone()
        return str(row[0])

    def keep_card(self, token: str, customer: str, kind: str) -> str:
        """The token of a customer's card of a kind, which is `token` when the card is new."""
        self._connection.execute("INSERT OR IGNORE INTO cards VALUES (?, ?, ?)", (token, customer, kind))
        row = self._connection.execute(
            "SELECT token FROM cards WHERE customer = ? AND kind = ?", (customer, kind)
        ).fetchone()
        return str(row[0])

    def card_kind(self, token: str, customer: str) -> str | None:
        """The test token a customer's card was registered with, None when the customer has no such card."""
        row = self._connection.execute(
            "SELECT kind FROM cards WHERE token = ? AND customer = ?", (token, customer)
        ).fetchone()
        return None if row is None else str(row[0])

    def hold(self, hold_id: str) -> HoldRow | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM holds WHERE hold_id = ?", (hold_id,)).fetchone()
        return None if row is None else HoldRow(*row)

    def holds(self, since_ns: int) -> list[HoldRow]:
        """The holds made since a moment, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM holds WHERE made_at_ns >= ? ORDER BY made_at_ns, n", (since_ns,)
        )
        return [HoldRow(*row) for row in rows]

    def lapsed(self, now_ns: int) -> list[HoldRow]:
        """The holds that still count as standing although their time is over."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM holds WHERE status = 'held' AND expires_at_ns <= ?", (now_ns,)
        )
        return [HoldRow(*row) for row in rows]

    def bound(self, kind: str) -> int:
        """What is held and captured, less what was refunded, on one card (minor units of whatever currency)."""
        row = self._connection.execute(
            "SELECT COALESCE(SUM(CASE status WHEN 'held' THEN held WHEN 'captured' THEN captured - refunded END), 0)"
            " FROM holds WHERE kind = ?",
            (kind,),
        ).fetchone()
        return int(row[0])

    def add_hold(self, row: HoldRow) -> None:
        values = (
            row.hold_id, row.token, row.kind, row.reference, row.currency, row.status, row.held, row.captured,
            row.refunded, row.increments, row.made_at_ns, row.expires_at_ns,
        )  # fmt: skip
        self._connection.execute(f"INSERT INTO holds ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def change_hold(self, row: HoldRow) -> None:
        self._connection.execute(
            "UPDATE holds SET status = ?, held = ?, captured = ?, refunded = ?, increments = ?, expires_at_ns = ?"
            " WHERE hold_id = ?",
            (row.status, row.held, row.captured, row.refunded, row.increments, row.expires_at_ns, row.hold_id),
        )

    def add_refund(self, refund_id: str, hold_id: str, minor: int, at_ns: int) -> None:
        self._connection.execute("INSERT INTO refunds VALUES (?, ?, ?, ?)", (refund_id, hold_id, minor, at_ns))

    def add_post(self, event_id: str, body: bytes, due_at_ns: int) -> None:
        self._connection.execute(
            "INSERT INTO post (event_id, body, due_at_ns) VALUES (?, ?, ?)", (event_id, body, due_at_ns)
        )

    def post_due(self, now_ns: int) -> list[tuple[int, str, bytes, int]]:
        """Webhooks to be sent by now: number, event, body, how often it was tried before."""
        rows = self._connection.execute(
            "SELECT n, event_id, body, attempts FROM post WHERE due_at_ns <= ? ORDER BY due_at_ns, n", (now_ns,)
        )
        return [tuple(row) for row in rows]

    def next_post_ns(self) -> int | None:
        """When the next webhook is to be sent, None when there is none."""
        row = self._connection.execute("SELECT MIN(due_at_ns) FROM post").fetchone()
        return None if row[0] is None else int(row[0])

    def drop_post(self, n: int) -> None:
        self._connection.execute("DELETE FROM post WHERE n = ?", (n,))

    def put_off_post(self, n: int, due_at_ns: int) -> None:
        self._connection.execute("UPDATE post SET attempts = attempts + 1, due_at_ns = ? WHERE n = ?", (due_at_ns, n))
