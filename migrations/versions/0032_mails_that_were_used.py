"""Whether the latest mail of a purpose did what it was for, so that the next need not wait."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mail_allowance",
        sa.Column("latest_was_used", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("mail_allowance", "latest_was_used")
