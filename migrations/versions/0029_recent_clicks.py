"""Requests for links that wait a moment to be judged, of all processes together."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "recent_click",
        sa.Column("slice", big, autoincrement=False, nullable=False),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("link_key", sa.String(length=16), nullable=False),
        sa.Column("is_machine", sa.Boolean(), nullable=False),
        sa.Column("subscription_id", big, autoincrement=False, nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "slice",
            "network",
            "link_key",
            "is_machine",
            "subscription_id",
            name=op.f("pk_recent_click"),
        ),
    )


def downgrade() -> None:
    op.drop_table("recent_click")
