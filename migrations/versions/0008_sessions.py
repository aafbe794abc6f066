"""Sessions of editors."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editor_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=False),
        sa.Column(
            "way",
            sa.Enum(
                "password",
                "link",
                "passkey",
                name="signinway",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("is_half", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=80), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["editor.id"],
            name=op.f("fk_editor_session_editor_id_editor"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editor_session")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_editor_session_key_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("editor_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_editor_session_begun_at"), ["begun_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_editor_session_editor_id"), ["editor_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("editor_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_editor_session_editor_id"))
        batch_op.drop_index(batch_op.f("ix_editor_session_begun_at"))
    op.drop_table("editor_session")
