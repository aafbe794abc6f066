"""Changes of address that are kept while they may be objected to; good-byes that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

CHANGES = "reader_address_change"
ONE_EACH = "uq_reader_address_change_subscriber_id"
BY_READER = "ix_reader_address_change_subscriber_id"


def upgrade() -> None:
    with op.batch_alter_table(CHANGES, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(op.f(ONE_EACH), type_="unique")
        batch_op.add_column(sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(BY_READER, CHANGES, ["subscriber_id"])
    op.add_column("undo", sa.Column("goodbye_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("undo", "goodbye_at")
    op.execute(
        "DELETE FROM reader_address_change WHERE objected_at IS NOT NULL OR id NOT IN "
        "(SELECT max(id) FROM reader_address_change GROUP BY subscriber_id)"
    )
    op.drop_index(BY_READER, table_name=CHANGES)
    with op.batch_alter_table(CHANGES, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("objected_at")
        batch_op.create_unique_constraint(op.f(ONE_EACH), ["subscriber_id"])
