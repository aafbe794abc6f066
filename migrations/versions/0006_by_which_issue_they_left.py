"""By which issue a reader left, and how evidence says so."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT_AS_WRITTEN = ("id", "at", "kind", "mailing_list_id", "wording_id", "page", "actor", "detail")

# What stood in the detail alone so far: “link, delivery 7”.
DELIVERY = {
    "sqlite": "CAST(substr(detail, instr(detail, ', delivery ') + 11) AS INTEGER)",
    "postgresql": "CAST(split_part(detail, ', delivery ', 2) AS BIGINT)",
}


def upgrade() -> None:
    unguard_update()
    op.add_column("consent_event", sa.Column("issue_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_consent_event_issue_id"), "consent_event", ["issue_id"])
    op.execute(
        "UPDATE consent_event SET issue_id = (SELECT send.issue_id FROM delivery "
        "JOIN send ON send.id = delivery.send_id "
        f"WHERE delivery.id = {DELIVERY[op.get_bind().dialect.name]}) "
        "WHERE kind = 'unsubscribed' AND detail LIKE '%, delivery %'"
    )
    guard_update(*KEPT_AS_WRITTEN, "issue_id")


def downgrade() -> None:
    unguard_update()
    op.drop_index(op.f("ix_consent_event_issue_id"), "consent_event")
    # By itself, not as a batch: a table made anew would have lost its other guard.
    op.drop_column("consent_event", "issue_id")
    guard_update(*KEPT_AS_WRITTEN)


def guard_update(*columns: str) -> None:
    """Let the database refuse every change of evidence but the blanking of a person."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    equals = "IS" if is_sqlite else "IS NOT DISTINCT FROM"
    same = " AND ".join(f"NEW.{column} {equals} OLD.{column}" for column in columns)
    blanked = f"NEW.subscriber_id IS NULL AND NEW.ip IS NULL AND {same}"
    if is_sqlite:
        op.execute(
            "CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event "
            f"WHEN NOT ({blanked}) "
            "BEGIN SELECT RAISE(ABORT, 'consent events are append-only'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event FOR EACH ROW "
        f"WHEN (NOT ({blanked})) EXECUTE FUNCTION refuse_consent_event_change()"
    )


def unguard_update() -> None:
    """Take that guard away; the one against deleting stays."""
    table = "" if op.get_bind().dialect.name == "sqlite" else " ON consent_event"
    op.execute(f"DROP TRIGGER consent_event_update{table}")
