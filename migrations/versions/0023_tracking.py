"""What is recorded of links: nothing, how often, or by whom of those who agreed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = ("requested", "confirmed", "changed", "unsubscribed", "imported", "erased")
NEW_KINDS = ("tracking-agreed", "tracking-ended")

GUARDED = (
    "id",
    "at",
    "kind",
    "mailing_list_id",
    "wording_id",
    "page",
    "actor",
    "detail",
    "issue_id",
)


def upgrade() -> None:
    # A constraint of the column itself, which SQLite lets go again with the column.
    op.execute(
        "ALTER TABLE mailing_list ADD COLUMN tracking VARCHAR(20) DEFAULT 'none' NOT NULL "
        "CONSTRAINT ck_mailing_list_tracking "
        "CHECK (tracking IN ('none', 'aggregate', 'individual'))"
    )
    with op.batch_alter_table("subscription", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("agreed_to_tracking", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("last_open_on", sa.Date(), nullable=True))
    _allow_kinds(*KINDS, *NEW_KINDS)
    op.create_table(
        "tracked_link",
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issue.id"],
            name=op.f("fk_tracked_link_issue_id_issue"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_tracked_link")),
    )
    op.create_index("ix_tracked_link_issue_id", "tracked_link", ["issue_id"])
    op.create_table(
        "click_day",
        sa.Column("link_key", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("machines", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_key"],
            ["tracked_link.key"],
            name=op.f("fk_click_day_link_key_tracked_link"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("link_key", "day", name=op.f("pk_click_day")),
    )
    op.create_table(
        "reader_click",
        sa.Column("subscription_id", _big(), autoincrement=False, nullable=False),
        sa.Column("link_key", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_reader_click_subscription_id_subscription"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["link_key"],
            ["tracked_link.key"],
            name=op.f("fk_reader_click_link_key_tracked_link"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", "link_key", name=op.f("pk_reader_click")),
    )
    op.create_index("ix_reader_click_link_key", "reader_click", ["link_key"])


def downgrade() -> None:
    """Record nothing any more; what readers said about it stays as a change of theirs."""
    op.drop_index("ix_reader_click_link_key", table_name="reader_click")
    op.drop_table("reader_click")
    op.drop_table("click_day")
    op.drop_index("ix_tracked_link_issue_id", table_name="tracked_link")
    op.drop_table("tracked_link")
    _allow_kinds(*KINDS)
    with op.batch_alter_table("subscription", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("last_open_on")
        batch_op.drop_column("agreed_to_tracking")
    with op.batch_alter_table("mailing_list", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("tracking")


def _big() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _allow_kinds(*kinds: str) -> None:
    """Let evidence be of these kinds; its guards are put up again around the new table."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    on = "" if is_sqlite else " ON consent_event"
    op.execute(f"DROP TRIGGER consent_event_update{on}")
    op.execute(f"DROP TRIGGER consent_event_delete{on}")
    known = ", ".join(f"'{kind}'" for kind in kinds)
    how: dict[str, Any] = {"recreate": "never"}
    if is_sqlite:
        how = {"recreate": "always", "table_kwargs": {"sqlite_autoincrement": True}}
    if len(kinds) == len(KINDS):
        gone = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
        op.execute(f"UPDATE consent_event SET kind = 'changed' WHERE kind IN ({gone})")
    with op.batch_alter_table("consent_event", schema=None, **how) as batch_op:
        batch_op.drop_constraint(op.f("ck_consent_event_consentkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_consent_event_consentkind"), f"kind IN ({known})")
    _guard(is_sqlite=is_sqlite)


def _guard(*, is_sqlite: bool) -> None:
    equals = "IS" if is_sqlite else "IS NOT DISTINCT FROM"
    same = " AND ".join(f"NEW.{column} {equals} OLD.{column}" for column in GUARDED)
    blanked = f"NEW.subscriber_id IS NULL AND NEW.ip IS NULL AND {same}"
    if is_sqlite:
        refuse = "BEGIN SELECT RAISE(ABORT, 'consent events are append-only'); END"
        op.execute(
            "CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event "
            f"WHEN NOT ({blanked}) {refuse}"
        )
        op.execute(f"CREATE TRIGGER consent_event_delete BEFORE DELETE ON consent_event {refuse}")
        return
    refuse = "EXECUTE FUNCTION refuse_consent_event_change()"
    op.execute(
        "CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event FOR EACH ROW "
        f"WHEN (NOT ({blanked})) {refuse}"
    )
    op.execute(
        f"CREATE TRIGGER consent_event_delete BEFORE DELETE ON consent_event FOR EACH ROW {refuse}"
    )
