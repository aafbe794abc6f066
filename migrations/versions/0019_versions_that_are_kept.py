"""Versions that somebody dealt with are never thinned out."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("revision", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("is_kept", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    # What was asked about, answered or approved before, as far as it is there.
    op.execute(
        "UPDATE revision SET is_kept = TRUE WHERE EXISTS (SELECT 1 FROM review"
        " WHERE review.issue_id = revision.issue_id AND review.version = revision.version)"
        " OR EXISTS (SELECT 1 FROM issue"
        " WHERE issue.id = revision.issue_id AND issue.approved_version = revision.version)"
    )


def downgrade() -> None:
    with op.batch_alter_table("revision", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("is_kept")
