"""Evidence that an editor put somebody on a list."""

from typing import Any

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KINDS = (
    "requested",
    "confirmed",
    "changed",
    "unsubscribed",
    "imported",
    "erased",
    "tracking-agreed",
    "tracking-ended",
)
NEW = "admitted"

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
    _allow_kinds(*KINDS, NEW)


def downgrade() -> None:
    _allow_kinds(*KINDS)


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
    if NEW not in kinds:
        op.execute(f"UPDATE consent_event SET kind = 'changed' WHERE kind = '{NEW}'")
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
