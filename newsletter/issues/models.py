"""The tables of issues, their editions and their revisions."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base
from newsletter.library.models import Topic
from newsletter.media.models import Image
from newsletter.subscriptions.models import MailingList


class IssueKind(enum.StrEnum):
    """Whether an issue was written, or put together for readers who want less mail.

    The number of a digest is below zero: it uses up none that readers and editors see.
    """

    ISSUE = "issue"
    DIGEST = "digest"


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


# Which items the newest revision has: what “sent in issue 41” is found by.
issue_item = sa.Table(
    "issue_item",
    Base.metadata,
    sa.Column("issue_id", sa.ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True, index=True),
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
        sa.Index(None, "mailing_list_id", "begun_order", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"))
    kind: Mapped[IssueKind] = mapped_column(default=IssueKind.ISSUE, server_default="issue")
    state: Mapped[IssueState] = mapped_column(default=IssueState.DRAFT, index=True)
    # Counts the saves: who saves an older one is told (STANDARDS XD22).
    version: Mapped[int] = mapped_column(default=1)
    # The version of the revision that was approved; every later save clears it.
    approved_version: Mapped[int | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    approved_at: Mapped[datetime | None]
    # Who asked a colleague to look at it, whom (None: anybody who may), and when.
    review_asked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    review_asked_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    review_asked_at: Mapped[datetime | None]
    # Who pressed “Send” or “Schedule” last: whom the numbers of the next day go to.
    scheduled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    # A correction goes to exactly those who got this issue, and stands on its page.
    corrects_id: Mapped[int | None] = mapped_column(sa.ForeignKey("issue.id"), index=True)
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
    # The how-manieth of its list it is, counted when they begin: what windows of digests go by,
    # whatever the clocks say. A digest has none.
    begun_order: Mapped[int | None]
    sent_at: Mapped[datetime | None]

    mailing_list: Mapped[MailingList] = relationship()
    topics: Mapped[list[Topic]] = relationship(secondary=issue_topic, order_by=Topic.name)
    editions: Mapped[list["Edition"]] = relationship(
        cascade="all, delete-orphan", order_by="Edition.position"
    )


class Edition(Base):
    """One language of an issue as its newest revision has it: for lists and for searching."""

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
    # All its words, without markup of ours.
    words: Mapped[str] = mapped_column(sa.Text, default="")
    # The first one is everybody's whose own language there is no edition in.
    position: Mapped[int] = mapped_column(default=0)


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
    # Saved by itself while somebody wrote; older ones of these are thinned out.
    is_automatic: Mapped[bool] = mapped_column(default=False)
    # Which window of whose browser sent it, as its script calls itself; empty without scripts.
    window: Mapped[str] = mapped_column(sa.String(32), default="", server_default="")
    # Somebody asked about it, answered, tested it or went back to it: it is never thinned out.
    is_kept: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class ReviewStep(enum.StrEnum):
    """What happens between who asks for approval and who is asked."""

    ASKED = "asked"
    APPROVED = "approved"
    SENT_BACK = "sent-back"


class Review(Base):
    """One step of two colleagues about one version; it is never changed."""

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    step: Mapped[ReviewStep]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("editor.id"))
    # Whom somebody asked; None: anybody who may.
    of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    note: Mapped[str] = mapped_column(sa.String(1000), default="")
    at: Mapped[datetime]


class Waiver(Base):
    """A warning that somebody lets pass, and why; it holds for this one finding only."""

    __tablename__ = "waiver"
    __table_args__ = (
        sa.UniqueConstraint("issue_id", "finding"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id", ondelete="CASCADE"))
    # The identity of the finding: its code, its place and what it is about.
    finding: Mapped[str] = mapped_column(sa.String(64))
    sentence: Mapped[str] = mapped_column(sa.String(500))
    reason: Mapped[str] = mapped_column(sa.String(300))
    waived_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("editor.id"))
    waived_at: Mapped[datetime]


class Presence(Base):
    """Who has an issue open to write in it, and when that was last seen."""

    __tablename__ = "presence"

    issue_id: Mapped[int] = mapped_column(
        sa.ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True
    )
    editor_id: Mapped[int] = mapped_column(
        sa.ForeignKey("editor.id", ondelete="CASCADE"), primary_key=True
    )
    seen_at: Mapped[datetime]
