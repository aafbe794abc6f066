"""How many each list had at the end of each day."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The clock's first run fills in the last year, from the intervals of the subscriptions.
    op.create_table(
        "list_day",
        sa.Column("mailing_list_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_list_id"],
            ["mailing_list.id"],
            name=op.f("fk_list_day_mailing_list_id_mailing_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_list_id", "day", name=op.f("pk_list_day")),
        sqlite_autoincrement=False,
    )


def downgrade() -> None:
    op.drop_table("list_day")
