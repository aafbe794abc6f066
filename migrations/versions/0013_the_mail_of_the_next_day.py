"""The mail of the next day: that it went out, and who does not want it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("send", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("editor", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("wants_next_day", sa.Boolean(), server_default=sa.true(), nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("editor", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("wants_next_day")
    with op.batch_alter_table("send", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("told_at")
