"""The pages of other sites to which a list's form may bring its readers back."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mailing_list", schema=None, recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("return_pages", sa.JSON(), server_default="[]", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("mailing_list", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("return_pages")
