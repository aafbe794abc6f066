"""The tables of the library."""

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base


class ItemKind(enum.StrEnum):
    """What sort of thing an item is."""

    NEWS = "news"
    GUIDANCE = "guidance"
    TOOL = "tool"
    EVENT = "event"
    PUBLICATION = "publication"


item_topic = sa.Table(
    "item_topic",
    Base.metadata,
    sa.Column("item_id", sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)


class Topic(Base):
    """A theme that library items and readers' interests share."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))


class Item(Base):
    """One thing that was published; withdrawn at most, never deleted."""

    __tablename__ = "item"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    kind: Mapped[ItemKind] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(sa.String(300))
    summary: Mapped[str] = mapped_column(sa.Text)
    # Markdown; empty where the item is only a link to elsewhere.
    body: Mapped[str] = mapped_column(sa.Text, default="")
    url: Mapped[str] = mapped_column(sa.String(2000), default="")
    published_on: Mapped[date] = mapped_column(index=True)
    region: Mapped[str] = mapped_column(sa.String(120), default="")
    language: Mapped[str] = mapped_column(sa.String(12))
    # The last day, in UTC, on which readers are asked what they think; NULL where nobody asks.
    comments_until: Mapped[date | None]
    # The words that ask; empty means our own.
    comments_invitation: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    topics: Mapped[list[Topic]] = relationship(secondary=item_topic, order_by=Topic.name)
