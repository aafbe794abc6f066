"""How often: what a digest covers and when it is due, zones of readers, digests in the ledger."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SEVEN = 7
"""The hour at which digests go out, where the reader is; there is no zone but UTC yet."""


def upgrade() -> None:
    _add("mailing_list", sa.Column("zone", sa.String(60), server_default="UTC"))
    _add("mailing_list", sa.Column("issues_begun", sa.Integer(), server_default="0"))
    _add("subscriber", sa.Column("zone", sa.String(60), server_default=""))
    _add("subscription", sa.Column("digest_after", sa.Integer(), server_default="0"))
    _add("subscription", sa.Column("digest_due_at", sa.DateTime(timezone=True), nullable=True))
    _add("subscription", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))
    _add("subscription", sa.Column("wants_summary", sa.Boolean(), server_default=sa.false()))
    op.drop_index("ix_subscription_mailing_list_id_state", table_name="subscription")
    op.create_index(
        "ix_subscription_mailing_list_id_state_frequency",
        "subscription",
        ["mailing_list_id", "state", "frequency"],
    )
    op.create_index("ix_subscription_digest_due_at", "subscription", ["digest_due_at"])

    # A constraint of the column itself, which SQLite lets go again with the column.
    op.execute(
        "ALTER TABLE issue ADD COLUMN kind VARCHAR(20) DEFAULT 'issue' NOT NULL "
        "CONSTRAINT ck_issue_issuekind CHECK (kind IN ('issue', 'digest'))"
    )
    _add("issue", sa.Column("begun_order", sa.Integer(), nullable=True))
    _number_the_past()
    op.drop_index("ix_issue_mailing_list_id", table_name="issue")
    op.create_index(
        "ix_issue_mailing_list_id_begun_order",
        "issue",
        ["mailing_list_id", "begun_order"],
        unique=True,
    )
    _set_due()

    with op.batch_alter_table("compiled_edition", schema=None, **_anew()) as batch_op:
        batch_op.add_column(
            sa.Column("variant", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.drop_constraint("uq_compiled_edition_send_id_language", type_="unique")
        batch_op.create_unique_constraint(
            "uq_compiled_edition_send_id_language_variant", ["send_id", "language", "variant"]
        )
    _make_tables()


def downgrade() -> None:
    """Go back to issues for everybody; digests are forgotten with their rows in the ledger."""
    op.drop_index("ix_digest_issue_issue_id", table_name="digest_issue")
    op.drop_table("digest_issue")
    op.drop_table("digest")
    _forget_digests()
    with op.batch_alter_table("compiled_edition", schema=None, **_anew()) as batch_op:
        batch_op.drop_constraint("uq_compiled_edition_send_id_language_variant", type_="unique")
        batch_op.create_unique_constraint(
            "uq_compiled_edition_send_id_language", ["send_id", "language"]
        )
        batch_op.drop_column("variant")
    op.drop_index("ix_issue_mailing_list_id_begun_order", table_name="issue")
    op.create_index("ix_issue_mailing_list_id", "issue", ["mailing_list_id"])
    _drop("issue", "kind", "begun_order")
    op.drop_index("ix_subscription_digest_due_at", table_name="subscription")
    op.drop_index("ix_subscription_mailing_list_id_state_frequency", table_name="subscription")
    op.create_index(
        "ix_subscription_mailing_list_id_state", "subscription", ["mailing_list_id", "state"]
    )
    _drop("subscription", "digest_after", "digest_due_at", "paused_until", "wants_summary")
    _drop("subscriber", "zone")
    _drop("mailing_list", "zone", "issues_begun")


def _number_the_past() -> None:
    """Count the issues of each list that have begun, in their order."""
    op.execute(
        "UPDATE issue SET begun_order = ("
        "SELECT count(*) FROM issue AS other "
        "WHERE other.mailing_list_id = issue.mailing_list_id AND other.begun_at IS NOT NULL "
        "AND (other.begun_at < issue.begun_at "
        "OR other.begun_at = issue.begun_at AND other.id <= issue.id)) "
        "WHERE begun_at IS NOT NULL"
    )
    op.execute(
        "UPDATE mailing_list SET issues_begun = ("
        "SELECT count(*) FROM issue "
        "WHERE issue.mailing_list_id = mailing_list.id AND issue.begun_at IS NOT NULL)"
    )
    op.execute(
        "UPDATE subscription SET digest_after = ("
        "SELECT issues_begun FROM mailing_list "
        "WHERE mailing_list.id = subscription.mailing_list_id)"
    )


def _set_due() -> None:
    """Give readers who chose a digest, and got every issue so far, the day of their first one."""
    subscription = sa.table(
        "subscription",
        sa.column("digest_due_at", sa.DateTime(timezone=True)),
        sa.column("frequency", sa.String()),
        sa.column("state", sa.String()),
    )
    now = datetime.now(UTC)
    today = now.replace(hour=SEVEN, minute=0, second=0, microsecond=0)
    monday = today + timedelta(days=-today.weekday() % 7)
    if monday <= now:
        monday += timedelta(days=7)
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    for frequency, due_at in (("weekly", monday), ("monthly", first)):
        if op.get_bind().dialect.name == "sqlite":
            due_at = due_at.replace(tzinfo=None)
        op.execute(
            sa.update(subscription)
            .where(subscription.c.frequency == frequency, subscription.c.state == "confirmed")
            .values(digest_due_at=due_at)
        )


def _make_tables() -> None:
    op.create_table(
        "digest",
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "period",
            sa.Enum(
                "weekly",
                "monthly",
                "summary",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_digest_issue_id_issue"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_digest")),
    )
    op.create_table(
        "digest_issue",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["compiled_edition.id"],
            name=op.f("fk_digest_issue_edition_id_compiled_edition"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_digest_issue_issue_id_issue")
        ),
        sa.PrimaryKeyConstraint("edition_id", "issue_id", name=op.f("pk_digest_issue")),
    )
    op.create_index("ix_digest_issue_issue_id", "digest_issue", ["issue_id"])


def _forget_digests() -> None:
    """Delete the digests: the version before takes every issue for one that was written."""
    sends = "SELECT send.id FROM send JOIN issue ON issue.id = send.issue_id WHERE issue.id < 0"
    for table in ("delivery", "batch", "compiled_edition"):
        op.execute(f"DELETE FROM {table} WHERE send_id IN ({sends})")
    op.execute("DELETE FROM send WHERE issue_id < 0")
    op.execute("DELETE FROM edition WHERE issue_id < 0")
    op.execute("DELETE FROM issue WHERE id < 0")


def _anew() -> dict[str, Any]:
    """Let SQLite make the table anew, which knows no other way to change what is unique."""
    if op.get_bind().dialect.name == "sqlite":
        return {"recreate": "always", "table_kwargs": {"sqlite_autoincrement": True}}
    return {"recreate": "never"}


def _add(table: str, column: sa.Column[object]) -> None:
    if column.server_default is not None:
        column.nullable = False
    with op.batch_alter_table(table, schema=None, recreate="never") as batch_op:
        batch_op.add_column(column)


def _drop(table: str, *columns: str) -> None:
    with op.batch_alter_table(table, schema=None, recreate="never") as batch_op:
        for column in columns:
            batch_op.drop_column(column)
