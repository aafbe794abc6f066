"""Editors who are bound to some mailing lists."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editor_mailing_list",
        sa.Column("editor_id", sa.Integer(), nullable=False),
        sa.Column("mailing_list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["editor.id"],
            name=op.f("fk_editor_mailing_list_editor_id_editor"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mailing_list_id"],
            ["mailing_list.id"],
            name=op.f("fk_editor_mailing_list_mailing_list_id_mailing_list"),
        ),
        sa.PrimaryKeyConstraint(
            "editor_id", "mailing_list_id", name=op.f("pk_editor_mailing_list")
        ),
    )
    with op.batch_alter_table("editor_mailing_list", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_editor_mailing_list_mailing_list_id"), ["mailing_list_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("editor_mailing_list", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_editor_mailing_list_mailing_list_id"))
    op.drop_table("editor_mailing_list")
