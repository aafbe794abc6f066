"""The table of what people did."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base, BigId


class AuditEntry(Base):
    """One thing that somebody did: append-only, guarded by triggers in the database.

    It holds no reader's address and no reader's name, so that erasure finds nothing here.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.Index(None, "kind", "id"),
        sa.Index(None, "kind", "key", "id"),
        sa.Index(None, "editor_id", "id"),
        sa.Index(None, "mailing_list_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    # NULL where it was the command line or the clock. Nothing cascades into this table.
    editor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    # How the editor was called then; names change.
    actor: Mapped[str] = mapped_column(sa.String(200))
    # A Deed and a Channel by value, without a CHECK: to widen one, SQLite makes the table
    # anew, and the triggers that guard it would be gone.
    deed: Mapped[str] = mapped_column(sa.String(60))
    channel: Mapped[str] = mapped_column(sa.String(20))
    # What it was done to: a kind of thing, and the number or short name of one.
    kind: Mapped[str] = mapped_column(sa.String(20))
    key: Mapped[str] = mapped_column(sa.String(120), default="")
    # The list it concerns: editors of some lists see what was done there.
    mailing_list_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mailing_list.id"))
    detail: Mapped[str] = mapped_column(sa.String(500), default="")
