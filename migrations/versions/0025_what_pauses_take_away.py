"""What a reader is owed whose mail was taken away by a pause, and stretches that are left out."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscription", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("digest_gaps", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(
            sa.Column("digest_owed_since", sa.DateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("subscription", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("digest_owed_since")
        batch_op.drop_column("digest_gaps")
