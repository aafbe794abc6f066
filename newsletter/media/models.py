"""The table of images; what they look like is in files (see `store`)."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base
from newsletter.media.formats import ImageFormat


class Image(Base):
    """One uploaded image, made anew; its bytes never change, its words may."""

    __tablename__ = "image"
    __table_args__ = (
        # Readers who do not see it are told what it shows, or nothing where that is nothing.
        sa.CheckConstraint("is_decorative = (alt = '')", name="says_what_it_shows"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # SHA-256 of the stored bytes, in hexadecimal digits.
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    format: Mapped[ImageFormat]
    width: Mapped[int]
    height: Mapped[int]
    octets: Mapped[int]
    # What editors call it.
    name: Mapped[str] = mapped_column(sa.String(120))
    alt: Mapped[str] = mapped_column(sa.String(300))
    is_decorative: Mapped[bool] = mapped_column(default=False)
    uploaded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    uploaded_at: Mapped[datetime]

    @property
    def path(self) -> str:
        """Where readers' mail programs find it on this site."""
        return f"/media/{self.digest}.{self.format.value}"
