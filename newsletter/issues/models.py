"""The tables of issues, their editions and their revisions."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base
from newsletter.library.models import Item, Topic
from newsletter.media.models import Image
from newsletter.subscriptions.models import MailingList


class IssueState(enum.StrEnum):
    """How far an issue has come."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"


# Which images an issue has, or had in any version: these are never deleted.
issue_image = sa.Table(
    "issue_image",
    Base.metadata,
    sa.Column("issue_id", sa.ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("image_id", sa.ForeignKey(Image.id), primary_key=True, index=True),
)

issue_topic = sa.Table(
    "issue_topic",
    Base.metadata,
    sa.Column("issue_id", sa.ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)


class Issue(Base):
    """The thing composed and sent; its id is its number."""

    __tablename__ = "issue"
    __table_args__ = (
        # An issue that waits for a time knows the wall time and the zone.
        sa.CheckConstraint(
            "state <> 'scheduled' OR (send_at IS NOT NULL AND zone IS NOT NULL)",
            name="scheduled_has_a_time",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"), index=True)
    state: Mapped[IssueState] = mapped_column(default=IssueState.DRAFT, index=True)
    # Counts the saves: who saves an older one is told (STANDARDS XD22).
    version: Mapped[int] = mapped_column(default=1)
    # The version of the revision that was approved; every later save clears it.
    approved_version: Mapped[int | None]
    # A wall time in `zone`, without a zone of its own: zone laws change (STANDARDS XH20).
    send_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
    zone: Mapped[str | None] = mapped_column(sa.String(60))
    # Why it paused, as a sentence for the editor; empty when a person paused it. While it is
    # being sent: why nothing goes out now.
    pause_reason: Mapped[str] = mapped_column(sa.String(500), default="")
    created_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # When its audience was frozen: from then on it has readers and a web version.
    begun_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    mailing_list: Mapped[MailingList] = relationship()
    topics: Mapped[list[Topic]] = relationship(secondary=issue_topic, order_by=Topic.name)
    editions: Mapped[list["Edition"]] = relationship(
        cascade="all, delete-orphan", order_by="Edition.id"
    )
    rows: Mapped[list["IssueRow"]] = relationship(
        cascade="all, delete-orphan", order_by="IssueRow.position"
    )


class Edition(Base):
    """One language of an issue."""

    __tablename__ = "edition"
    __table_args__ = (
        sa.UniqueConstraint("issue_id", "language"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(sa.String(12))
    subject: Mapped[str] = mapped_column(sa.String(500), default="")
    preheader: Mapped[str] = mapped_column(sa.String(500), default="")
    # Markdown with merge fields.
    introduction: Mapped[str] = mapped_column(sa.Text, default="")


class IssueRow(Base):
    """One library item in an issue, at its place."""

    __tablename__ = "issue_row"
    __table_args__ = (
        sa.UniqueConstraint("issue_id", "item_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), index=True)
    position: Mapped[int]

    # Asked for with the row: an issue of many items would ask once for each.
    item: Mapped[Item] = relationship(lazy="joined")


class Revision(Base):
    """The whole content of an issue as it was saved; what is approved is one of these."""

    __tablename__ = "revision"
    __table_args__ = (
        sa.UniqueConstraint("issue_id", "version"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
