"""When very many left a list at once, and an index by which an earlier address is found."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mailing_list", sa.Column("many_left_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("mailing_list", sa.Column("many_left", sa.Integer(), nullable=True))
    op.create_index(
        op.f("ix_earlier_address_address_hmac"), "earlier_address", ["address_hmac"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_earlier_address_address_hmac"), table_name="earlier_address")
    op.drop_column("mailing_list", "many_left")
    op.drop_column("mailing_list", "many_left_at")
