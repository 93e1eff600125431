"""The first schema: journal, projections, outbox, and what devices, gates and providers said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_REFUSED = "the journal only grows: entries are never changed or removed"


def upgrade() -> None:
    """Make all tables, and let the database itself refuse changes to the journal."""
    op.create_table(
        "journal",
        sa.Column("visit_id", sa.String(64), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("visit_id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("payer", sa.String(160), nullable=False),
        sa.Column("customer_id", sa.String(64)),
        sa.Column("entered_at_ns", sa.BigInteger, nullable=False),
        sa.Column("due_at_ns", sa.BigInteger),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("visits_due", "visits", ["due_at_ns"])
    op.create_index("visits_payer", "visits", ["payer", "state"])
    op.create_index("visits_entered", "visits", ["entered_at_ns", "visit_id"])
    op.create_table(
        "outbox",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("visit_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at_ns", sa.BigInteger, nullable=False),
        sa.Column("claimed_until_ns", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
    )
    op.create_index("outbox_due", "outbox", ["state", "due_at_ns"])
    op.create_index("outbox_visit", "outbox", ["visit_id"])
    op.create_table(
        "messages",
        sa.Column("device_id", sa.String(64), primary_key=True),
        sa.Column("boot_id", sa.String(64), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("command", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_table(
        "codes",
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("used_at_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("member", sa.Boolean, nullable=False),
        sa.Column("card", sa.Text),
    )
    op.create_table(
        "promotion_uses",
        sa.Column("visit_id", sa.String(64), primary_key=True),
        sa.Column("promotion_id", sa.String(64), primary_key=True),
        sa.Column("payer", sa.String(160), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
    )
    op.create_index("promotion_uses_promotion", "promotion_uses", ["promotion_id", "state"])
    op.create_index("promotion_uses_payer", "promotion_uses", ["payer", "promotion_id"])
    op.create_table(
        "ledger",
        sa.Column("posting_id", sa.String(96), primary_key=True),
        sa.Column("correlation", sa.String(240), nullable=False),
        sa.Column("account", sa.String(160), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ledger_account", "ledger", ["account"])
    op.create_index("ledger_correlation", "ledger", ["correlation"])
    op.create_table(
        "debts",
        sa.Column("visit_id", sa.String(64), primary_key=True),
        sa.Column("payer", sa.String(160), nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("pay_token", sa.String(64), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("paid_at_ns", sa.BigInteger),
    )
    op.create_index("debts_payer", "debts", ["payer"])
    op.create_index("debts_token", "debts", ["pay_token"])
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.String(64), primary_key=True),
        sa.Column("visit_id", sa.String(64), nullable=False),
        sa.Column("payer", sa.String(160), nullable=False),
        sa.Column("line_id", sa.String(64), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        sa.Column("instant", sa.Boolean, nullable=False),
        sa.Column("is_right", sa.Boolean),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("disputes_payer", "disputes", ["payer"])
    op.create_index("disputes_outcome", "disputes", ["outcome"])
    op.create_table(
        "notices",
        sa.Column("event_id", sa.String(128), primary_key=True),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_only_grows()"
    )
