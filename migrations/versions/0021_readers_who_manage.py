"""What readers manage: links to it, what can be undone, new addresses, why they left."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ANSWERS = ("too-many", "not-for-me", "never-asked", "elsewhere", "other")


def upgrade() -> None:
    op.create_table(
        "manage_link",
        sa.Column("id", _big(), nullable=False),
        sa.Column("subscriber_id", _big(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _of_subscriber("manage_link"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manage_link")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_manage_link_subscriber_id", "manage_link", ["subscriber_id"])
    op.create_table(
        "undo",
        sa.Column("id", _big(), nullable=False),
        sa.Column("subscriber_id", _big(), nullable=False),
        sa.Column("mailing_list_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("says_goodbye", sa.Boolean(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        _of_subscriber("undo"),
        sa.ForeignKeyConstraint(
            ["mailing_list_id"],
            ["mailing_list.id"],
            name=op.f("fk_undo_mailing_list_id_mailing_list"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undo")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_undo_subscriber_id", "undo", ["subscriber_id"])
    op.create_index("ix_undo_made_at", "undo", ["made_at"])
    op.create_table(
        "reader_address_change",
        sa.Column("id", _big(), nullable=False),
        sa.Column("subscriber_id", _big(), nullable=False),
        sa.Column("old_address", sa.String(length=254), nullable=False),
        sa.Column("new_address", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        _of_subscriber("reader_address_change"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_address_change")),
        sa.UniqueConstraint("subscriber_id", name=op.f("uq_reader_address_change_subscriber_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leaving_answer",
        sa.Column("mailing_list_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                *ANSWERS,
                name="answer",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_list_id"],
            ["mailing_list.id"],
            name=op.f("fk_leaving_answer_mailing_list_id_mailing_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "mailing_list_id", "day", "issue_id", "answer", name=op.f("pk_leaving_answer")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscription_paused_until", "subscription", ["paused_until"])
    _allow_reasons("link", "one-click", "mailto", "erased")


def downgrade() -> None:
    op.execute(
        "UPDATE subscription_interval SET ended_reason = 'link' WHERE ended_reason = 'mailto'"
    )
    _allow_reasons("link", "one-click", "erased")
    op.drop_index("ix_subscription_paused_until", table_name="subscription")
    op.drop_table("leaving_answer")
    op.drop_table("reader_address_change")
    op.drop_index("ix_undo_made_at", table_name="undo")
    op.drop_index("ix_undo_subscriber_id", table_name="undo")
    op.drop_table("undo")
    op.drop_index("ix_manage_link_subscriber_id", table_name="manage_link")
    op.drop_table("manage_link")


def _big() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_subscriber(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["subscriber_id"],
        ["subscriber.id"],
        name=op.f(f"fk_{table}_subscriber_id_subscriber"),
        ondelete="CASCADE",
    )


def _allow_reasons(*reasons: str) -> None:
    """Let an interval end for one of these; SQLite makes the table anew for it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    how: dict[str, Any] = {"recreate": "never"}
    if is_sqlite:
        how = {"recreate": "always", "table_kwargs": {"sqlite_autoincrement": True}}
    known = ", ".join(f"'{reason}'" for reason in reasons)
    with op.batch_alter_table("subscription_interval", schema=None, **how) as batch_op:
        batch_op.drop_constraint(op.f("ck_subscription_interval_endedreason"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_subscription_interval_endedreason"), f"ended_reason IN ({known})"
        )
