"""Which window saved a version by itself: nobody is in their own way, or loses words of another."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("revision", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("window", sa.String(length=32), server_default="", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("revision", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("window")
