"""What is known of links and of senders' domains."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _when(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _result(name: str) -> sa.Column:
    return sa.Column(
        name,
        sa.Enum(
            "ok",
            "missing",
            "wrong",
            "unknown",
            name=f"{name}_result",
            native_enum=False,
            create_constraint=True,
            length=20,
        ),
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "link_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        _when("first_wanted_at", nullable=False),
        _when("wanted_at", nullable=False),
        _when("next_at"),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "fine",
                "gone",
                "down",
                "unseen",
                name="linkstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(length=20), nullable=False),
        _when("tried_at"),
        _when("answered_at"),
        _when("fine_at"),
        _when("failing_since"),
        _when("failed_at"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_check")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_check_digest")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("link_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_check_next_at"), ["next_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_link_check_answered_at"), ["answered_at"], unique=False
        )
    op.create_table(
        "domain_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        _when("wanted_at", nullable=False),
        _when("next_at", nullable=False),
        _when("asked_at"),
        _result("spf"),
        sa.Column("spf_detail", sa.String(length=500), nullable=False),
        _result("dkim"),
        sa.Column("dkim_detail", sa.String(length=500), nullable=False),
        _result("dmarc"),
        sa.Column("dmarc_detail", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_check")),
        sa.UniqueConstraint("domain", name=op.f("uq_domain_check_domain")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("domain_check")
    with op.batch_alter_table("link_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_check_answered_at"))
        batch_op.drop_index(batch_op.f("ix_link_check_next_at"))
    op.drop_table("link_check")
