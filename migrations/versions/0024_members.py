"""Members, what they agree to, which list is theirs; comments that items ask for."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

SOURCES = ("form", "embed", "import")
REASONS = ("link", "one-click", "mailto", "erased")
OPEN = sa.text("state IN ('pending', 'waiting', 'accepted')")


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.Integer(), nullable=False),
        _choice("state", "memberstate", "pending", "waiting", "accepted", "declined", "ended"),
        _choice("kind", "memberkind", "organisation", "individual"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("canonical", sa.String(length=254), nullable=False),
        sa.Column("website", sa.String(length=500), nullable=False),
        sa.Column("brings", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("wish", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=200), nullable=False),
        sa.Column("subscriber_id", _big(), nullable=True),
        sa.ForeignKeyConstraint(
            ["wording_id"],
            ["consent_wording.id"],
            name=op.f("fk_member_wording_id_consent_wording"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_member_subscriber_id_subscriber"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_member_state_id", "member", ["state", "id"])
    op.create_index("ix_member_canonical", "member", ["canonical"])
    op.create_index("ix_member_subscriber_id", "member", ["subscriber_id"])
    op.create_index(
        "uq_member_open",
        "member",
        ["canonical"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "membership_words",
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("language", name=op.f("pk_membership_words")),
    )
    op.create_table(
        "members_list",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailing_list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_list_id"],
            ["mailing_list.id"],
            name=op.f("fk_members_list_mailing_list_id_mailing_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members_list")),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("canonical", sa.String(length=254), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealt_with_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dealt_with_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_comment_item_id_item"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_comment_item_id_id", "comment", ["item_id", "id"])
    op.create_index("ix_comment_canonical", "comment", ["canonical"])
    op.create_index("ix_comment_at", "comment", ["at"])
    op.create_index("ix_comment_dealt_with_at", "comment", ["dealt_with_at"])
    op.add_column("item", sa.Column("comments_until", sa.Date(), nullable=True))
    op.add_column(
        "item", sa.Column("comments_invitation", sa.Text(), server_default="", nullable=False)
    )
    _allow((*SOURCES, "membership"), (*REASONS, "membership"))


def downgrade() -> None:
    op.execute("UPDATE subscription SET source = 'form' WHERE source = 'membership'")
    op.execute("UPDATE subscription_interval SET source = 'form' WHERE source = 'membership'")
    op.execute(
        "UPDATE subscription_interval SET ended_reason = 'link' WHERE ended_reason = 'membership'"
    )
    _allow(SOURCES, REASONS)
    op.drop_column("item", "comments_invitation")
    op.drop_column("item", "comments_until")
    for table in ("comment", "members_list", "membership_words", "member"):
        op.drop_table(table)


def _big() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _choice(column: str, name: str, *values: str) -> sa.Column[Any]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)
    return sa.Column(column, kind, nullable=False)


def _allow(sources: tuple[str, ...], reasons: tuple[str, ...]) -> None:
    """Let a subscription come and end in these ways; SQLite makes the tables anew for it."""
    rules = {
        "subscription": {"source": ("source", sources)},
        "subscription_interval": {
            "source": ("source", sources),
            "ended_reason": ("endedreason", reasons),
        },
    }
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    how: dict[str, Any] = {"recreate": "never"}
    if is_sqlite:
        how = {"recreate": "always", "table_kwargs": {"sqlite_autoincrement": True}}
    for table, columns in rules.items():
        with op.batch_alter_table(table, schema=None, **how) as batch_op:
            for column, (name, values) in columns.items():
                known = ", ".join(f"'{value}'" for value in values)
                rule = op.f(f"ck_{table}_{name}")
                batch_op.drop_constraint(rule, type_="check")
                batch_op.create_check_constraint(rule, f"{column} IN ({known})")
