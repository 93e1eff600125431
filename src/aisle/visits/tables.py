"""The tables of the visits' database, for SQLite and PostgreSQL alike.

`journal` is the truth and only grows. `visits`, `ledger`, `debts`, `disputes` and `promotion_uses` are projections of
it. The others hold what is not about one visit: the outbox, devices' messages, entry codes used, provider notices and
customers. Moments are Unix nanoseconds, amounts minor units, bodies JSON text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

journal = Table(
    "journal",
    metadata,
    Column("visit_id", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    Column("visit_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("payer", String(160), nullable=False),
    Column("customer_id", String(64)),
    Column("entered_at_ns", BigInteger, nullable=False),
    Column("due_at_ns", BigInteger),
    Column("total_minor", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("visits_due", "due_at_ns"),
    Index("visits_payer", "payer", "state"),
    Index("visits_entered", "entered_at_ns", "visit_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("visit_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(8), nullable=False),  # pending, done, parked
    Column("attempts", Integer, nullable=False),
    Column("due_at_ns", BigInteger, nullable=False),
    Column("claimed_until_ns", BigInteger, nullable=False),
    Column("last_error", Text, nullable=False),
    Index("outbox_due", "state", "due_at_ns"),
    Index("outbox_visit", "visit_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("boot_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("command", String(32), nullable=False),
    Column("answer", Text, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("used_at_ns", BigInteger, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("customer_id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("member", Boolean, nullable=False),
    Column("card", Text),
)

promotion_uses = Table(
    "promotion_uses",
    metadata,
    Column("visit_id", String(64), primary_key=True),
    Column("promotion_id", String(64), primary_key=True),
    Column("payer", String(160), nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # reserved, committed, released
    Index("promotion_uses_promotion", "promotion_id", "state"),
    Index("promotion_uses_payer", "payer", "promotion_id"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("posting_id", String(96), primary_key=True),
    Column("correlation", String(240), nullable=False),
    Column("account", String(160), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Index("ledger_account", "account"),
    Index("ledger_correlation", "correlation"),
)

debts = Table(
    "debts",
    metadata,
    Column("visit_id", String(64), primary_key=True),
    Column("payer", String(160), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("pay_token", String(64), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("paid_at_ns", BigInteger),
    Index("debts_payer", "payer"),
    Index("debts_token", "pay_token"),
)

disputes = Table(
    "disputes",
    metadata,
    Column("dispute_id", String(64), primary_key=True),
    Column("visit_id", String(64), nullable=False),
    Column("payer", String(160), nullable=False),
    Column("line_id", String(64), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("instant", Boolean, nullable=False),
    Column("is_right", Boolean),
    Column("at_ns", BigInteger, nullable=False),
    Index("disputes_payer", "payer"),
    Index("disputes_outcome", "outcome"),
)

notices = Table(
    "notices",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
)
