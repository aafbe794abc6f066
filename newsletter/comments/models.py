"""The table of comments."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base


class Comment(Base):
    """What somebody wrote about an item; the address was typed and never proved."""

    __tablename__ = "comment"
    __table_args__ = (sa.Index(None, "item_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("item.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    address: Mapped[str] = mapped_column(sa.String(254))
    canonical: Mapped[str] = mapped_column(sa.String(254), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    # Of the page that they wrote on.
    language: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[datetime] = mapped_column(index=True)
    dealt_with_at: Mapped[datetime | None] = mapped_column(index=True)
    # How the editor was called then; names change.
    dealt_with_by: Mapped[str] = mapped_column(sa.String(200), default="")
