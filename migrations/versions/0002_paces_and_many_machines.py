"""Paces, providers, and what many machines need."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pace_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "installation",
                "mailing-list",
                "provider",
                name="pacescope",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_hour", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("connections", sa.Integer(), nullable=True),
        sa.Column("warm_up_from", sa.Date(), nullable=True),
        sa.Column("warm_up_first", sa.Integer(), nullable=True),
        sa.Column("warm_up_growth", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace_rule")),
        sa.UniqueConstraint("scope", "key", name=op.f("uq_pace_rule_scope_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "provider",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_for", sa.String(length=500), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("narrowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("deferred", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "uncertain", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_trouble_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pace_spent",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("slot", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["pace_rule.id"],
            name=op.f("fk_pace_spent_rule_id_pace_rule"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("rule_id", "period", "slot", name=op.f("pk_pace_spent")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("provider", sa.String(length=255), server_default="", nullable=False)
        )
        batch_op.drop_index(batch_op.f("ix_delivery_batch_id_state"))
        batch_op.create_index(batch_op.f("ix_delivery_batch_id"), ["batch_id"], unique=False)
        batch_op.drop_index(batch_op.f("ix_delivery_send_id_state"))
        batch_op.create_index(
            batch_op.f("ix_delivery_send_id_state_due_at_finished_at"),
            ["send_id", "state", "due_at", "finished_at"],
            unique=False,
        )

    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("connections", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.alter_column(
            "name",
            existing_type=sa.VARCHAR(length=40),
            type_=sa.String(length=80),
            existing_nullable=False,
        )

    with op.batch_alter_table("send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # A table that others point at is never made anew: SQLite would refuse to drop the old one,
    # and the new one would have neither the CHECKs nor the AUTOINCREMENT of the old.
    with op.batch_alter_table("send", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("alarmed_at")
        batch_op.drop_column("resumed_at")

    # The names were shorter; signs of life come again within seconds.
    op.execute("DELETE FROM heartbeat")
    with op.batch_alter_table("heartbeat", schema=None) as batch_op:
        batch_op.alter_column(
            "name",
            existing_type=sa.String(length=80),
            type_=sa.VARCHAR(length=40),
            existing_nullable=False,
        )
        batch_op.drop_column("connections")

    with op.batch_alter_table("delivery", schema=None, recreate="never") as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_send_id_state_due_at_finished_at"))
        batch_op.create_index(
            batch_op.f("ix_delivery_send_id_state"), ["send_id", "state"], unique=False
        )
        batch_op.drop_index(batch_op.f("ix_delivery_batch_id"))
        batch_op.create_index(
            batch_op.f("ix_delivery_batch_id_state"), ["batch_id", "state"], unique=False
        )
        batch_op.drop_column("provider")

    with op.batch_alter_table("batch", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("dispatched_at")

    op.drop_table("pace_spent")
    op.drop_table("provider")
    op.drop_table("pace_rule")
