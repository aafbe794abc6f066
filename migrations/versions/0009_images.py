"""Images, and which issues have them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "image",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "jpg",
                "png",
                "gif",
                name="imageformat",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("octets", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.Column("is_decorative", sa.Boolean(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("is_decorative = (alt = '')", name=op.f("ck_image_says_what_it_shows")),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["editor.id"], name=op.f("fk_image_uploaded_by_id_editor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
        sa.UniqueConstraint("digest", name=op.f("uq_image_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "issue_image",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_issue_image_image_id_image")
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issue.id"],
            name=op.f("fk_issue_image_issue_id_issue"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "image_id", name=op.f("pk_issue_image")),
    )
    with op.batch_alter_table("issue_image", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_issue_image_image_id"), ["image_id"], unique=False)


def downgrade() -> None:
    op.drop_table("issue_image")
    op.drop_table("image")
