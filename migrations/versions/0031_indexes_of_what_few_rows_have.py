"""Indexes that hold few of a large table's rows, and tables that are their own index."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SELDOM = (
    ("subscription", "digest_due_at"),
    ("subscription", "paused_until"),
    ("consent_event", "issue_id"),
)
"""What hardly any row has: an index of the others is written for nothing at every sign-up."""

KEYED = ("counter", "mail_allowance")


def upgrade() -> None:
    for table, column in SELDOM:
        has_one = sa.text(f"{column} IS NOT NULL")
        name = op.f(f"ix_{table}_{column}")
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [column], sqlite_where=has_one, postgresql_where=has_one)
    _make_anew(with_rowid=False)


def downgrade() -> None:
    _make_anew(with_rowid=True)
    for table, column in SELDOM:
        name = op.f(f"ix_{table}_{column}")
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [column])


def _make_anew(*, with_rowid: bool) -> None:
    """On SQLite, keep what is counted by keys in one tree each, not in a table and an index."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in KEYED:
        kept = {"sqlite_with_rowid": with_rowid}
        with op.batch_alter_table(table, recreate="always", table_kwargs=kept):
            pass
