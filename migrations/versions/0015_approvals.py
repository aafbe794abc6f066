"""Whom somebody asked to approve an issue, and what the two told each other."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constraint of the column itself, which SQLite lets go again with the column.
    op.execute(
        "ALTER TABLE issue ADD COLUMN review_asked_of_id INTEGER "
        "CONSTRAINT fk_issue_review_asked_of_id_editor REFERENCES editor (id)"
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "asked",
                "approved",
                "sent-back",
                name="reviewstep",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("of_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_review_issue_id_issue"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["editor.id"], name=op.f("fk_review_by_id_editor")),
        sa.ForeignKeyConstraint(["of_id"], ["editor.id"], name=op.f("fk_review_of_id_editor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_issue_id"), "review", ["issue_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_review_issue_id"), table_name="review")
    op.drop_table("review")
    with op.batch_alter_table("issue", schema=None, recreate="never") as batch_op:
        batch_op.drop_column("review_asked_of_id")
