"""Issues of blocks in several languages; approvals, corrections, waivers, who is writing."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = "b{:010x}"
"""The key of an item's block, made from its place."""

POINTERS = {
    "approved_by_id": "editor",
    "review_asked_by_id": "editor",
    "scheduled_by_id": "editor",
    "corrects_id": "issue",
}
TIMES = ("approved_at", "review_asked_at")


def upgrade() -> None:
    op.create_table(
        "issue_item",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issue.id"],
            name=op.f("fk_issue_item_issue_id_issue"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_issue_item_item_id_item")),
        sa.PrimaryKeyConstraint("issue_id", "item_id", name=op.f("pk_issue_item")),
    )
    op.create_index(op.f("ix_issue_item_item_id"), "issue_item", ["item_id"])
    op.execute("INSERT INTO issue_item (issue_id, item_id) SELECT issue_id, item_id FROM issue_row")
    op.drop_index(op.f("ix_issue_row_item_id"), table_name="issue_row")
    op.drop_table("issue_row")

    op.create_table(
        "waiver",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.String(length=64), nullable=False),
        sa.Column("sentence", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("waived_by_id", sa.Integer(), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_waiver_issue_id_issue"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["waived_by_id"], ["editor.id"], name=op.f("fk_waiver_waived_by_id_editor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver")),
        sa.UniqueConstraint("issue_id", "finding", name=op.f("uq_waiver_issue_id_finding")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "presence",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("editor_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_presence_issue_id_issue"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"],
            ["editor.id"],
            name=op.f("fk_presence_editor_id_editor"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issue_id", "editor_id", name=op.f("pk_presence")),
    )

    _add("mailing_list", sa.Column("needs_approval", sa.Boolean(), server_default=sa.false()))
    for name, table in POINTERS.items():
        # A constraint of the column itself, which SQLite lets go again with the column.
        op.execute(
            f"ALTER TABLE issue ADD COLUMN {name} INTEGER "
            f"CONSTRAINT fk_issue_{name}_{table} REFERENCES {table} (id)"
        )
    op.create_index(op.f("ix_issue_corrects_id"), "issue", ["corrects_id"])
    for name in TIMES:
        _add("issue", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    _add("revision", sa.Column("is_automatic", sa.Boolean(), server_default=sa.false()))
    _rewrite(_to_blocks)

    _add("edition", sa.Column("words", sa.Text(), server_default=""))
    _add("edition", sa.Column("position", sa.Integer(), server_default="0"))
    op.execute("UPDATE edition SET words = introduction")
    _drop("edition", "introduction")


def downgrade() -> None:
    """Go back to one language of items; what is not that in a revision is lost."""
    _add("edition", sa.Column("introduction", sa.Text(), server_default=""))
    _drop("edition", "words", "position")
    op.create_table(
        "issue_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"],
            ["issue.id"],
            name=op.f("fk_issue_row_issue_id_issue"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_issue_row_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_row")),
        sa.UniqueConstraint("issue_id", "item_id", name=op.f("uq_issue_row_issue_id_item_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_issue_row_item_id"), "issue_row", ["item_id"])
    _restore_rows()
    _rewrite(_to_rows)
    op.drop_index(op.f("ix_issue_item_item_id"), table_name="issue_item")
    op.drop_table("issue_item")
    _drop("revision", "is_automatic")
    op.drop_index(op.f("ix_issue_corrects_id"), table_name="issue")
    _drop("issue", *TIMES, *POINTERS)
    _drop("mailing_list", "needs_approval")
    op.drop_table("presence")
    op.drop_table("waiver")


def _add(table: str, column: sa.Column[Any]) -> None:
    # A table that others point at is never made anew: see 0002.
    with op.batch_alter_table(table, schema=None, recreate="never") as batch_op:
        if column.server_default is not None:
            column.nullable = False
        batch_op.add_column(column)


def _drop(table: str, *columns: str) -> None:
    with op.batch_alter_table(table, schema=None, recreate="never") as batch_op:
        for column in columns:
            batch_op.drop_column(column)


def _rewrite(change: Any) -> None:
    """Change the content of every revision, one at a time."""
    table = sa.table("revision", sa.column("id", sa.Integer), sa.column("content", sa.JSON))
    connection = op.get_bind()
    numbers = list(connection.scalars(sa.select(table.c.id).order_by(table.c.id)))
    for number in numbers:
        content = connection.scalar(sa.select(table.c.content).where(table.c.id == number))
        connection.execute(
            sa.update(table).where(table.c.id == number).values(content=change(content))
        )


def _to_blocks(old: dict[str, Any]) -> dict[str, Any]:
    if "rows" not in old:
        return old
    texts = {name: old[name] for name in ("subject", "preheader", "introduction")}
    blocks = [
        {
            "key": KEY.format(place),
            "kind": "item",
            "words": {},
            "item": {**row, "seen_at": "", "trouble": ""},
        }
        for place, row in enumerate(old["rows"], start=1)
    ]
    return {"editions": [{"language": old["language"], **texts}], "blocks": blocks}


def _to_rows(new: dict[str, Any]) -> dict[str, Any]:
    if "blocks" not in new:
        return new
    names = ("slug", "kind", "title", "summary", "url", "published_on", "language")
    rows = [
        {name: block["item"][name] for name in names}
        for block in new["blocks"]
        if block.get("item") and block["item"]["slug"]
    ]
    return {**new["editions"][0], "rows": rows}


def _restore_rows() -> None:
    """Write issue_row and the introductions anew from the newest revisions."""
    connection = op.get_bind()
    newest = connection.execute(
        sa.text(
            "SELECT revision.issue_id, revision.content FROM revision "
            "JOIN issue ON issue.id = revision.issue_id AND issue.version = revision.version"
        ).columns(issue_id=sa.Integer, content=sa.JSON)
    ).all()
    for issue_id, content in newest:
        if "blocks" not in content:
            continue
        first = content["editions"][0]
        connection.execute(
            sa.text(
                "UPDATE edition SET introduction = :words "
                "WHERE issue_id = :issue AND language = :language"
            ),
            {"words": first["introduction"], "issue": issue_id, "language": first["language"]},
        )
        for position, slug in enumerate(_slugs(content), start=1):
            connection.execute(
                sa.text(
                    "INSERT INTO issue_row (issue_id, item_id, position) "
                    "SELECT :issue, id, :position FROM item WHERE slug = :slug"
                ),
                {"issue": issue_id, "position": position, "slug": slug},
            )


def _slugs(content: dict[str, Any]) -> Iterator[str]:
    return (
        block["item"]["slug"]
        for block in content["blocks"]
        if block.get("item") and block["item"]["slug"]
    )
