"""The tables of lists, subscribers, their subscriptions and the evidence for them."""

import enum
import secrets
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base, BigId, index_of_some
from newsletter.library.models import Topic


class MailFormat(enum.StrEnum):
    """Which parts a subscriber's mail has."""

    HTML = "html"
    TEXT = "text"


class SubscriptionState(enum.StrEnum):
    """How things stand between one subscriber and one list."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class Frequency(enum.StrEnum):
    """How often a subscriber wants to hear from a list."""

    EVERY = "every"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Source(enum.StrEnum):
    """Where a subscription came from."""

    FORM = "form"
    EMBED = "embed"
    IMPORT = "import"
    MEMBERSHIP = "membership"


class EndedReason(enum.StrEnum):
    """Why an interval of a subscription ended."""

    LINK = "link"
    ONE_CLICK = "one-click"
    MAILTO = "mailto"
    MEMBERSHIP = "membership"
    ERASED = "erased"


class ConsentKind(enum.StrEnum):
    """What happened to a consent."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    UNSUBSCRIBED = "unsubscribed"
    IMPORTED = "imported"
    ERASED = "erased"
    TRACKING_AGREED = "tracking-agreed"
    TRACKING_WITHDRAWN = "tracking-ended"
    ADMITTED = "admitted"  # put on a list by an editor, as they had asked and confirmed


class Tracking(enum.StrEnum):
    """What is recorded of the links in a list's issues; see `newsletter.tracking`."""

    NONE = "none"
    # How often each link is followed, without who it was.
    AGGREGATE = "aggregate"
    # The same, and who it was of those who agreed to that separately.
    INDIVIDUAL = "individual"


class SuppressionReason(enum.StrEnum):
    """Why an address is never mailed."""

    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    OPERATOR = "operator"
    ERASED = "erased"


mailing_list_topic = sa.Table(
    "mailing_list_topic",
    Base.metadata,
    sa.Column(
        "mailing_list_id", sa.ForeignKey("mailing_list.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)

subscription_topic = sa.Table(
    "subscription_topic",
    Base.metadata,
    sa.Column(
        "subscription_id", sa.ForeignKey("subscription.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True, index=True),
)


class MailingList(Base):
    """What people subscribe to."""

    __tablename__ = "mailing_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    description: Mapped[str] = mapped_column(sa.String(300), default="")
    is_public: Mapped[bool] = mapped_column(default=False)
    # Empty means the list's name, and SLUG@<host of PUBLIC_URL>.
    from_name: Mapped[str] = mapped_column(sa.String(120), default="")
    from_address: Mapped[str] = mapped_column(sa.String(254), default="")
    reply_to: Mapped[str] = mapped_column(sa.String(254), default="")
    postal_address: Mapped[str] = mapped_column(sa.String(300), default="")
    default_language: Mapped[str] = mapped_column(sa.String(12), default="en")
    # Where it is morning for readers who named no zone of their own.
    zone: Mapped[str] = mapped_column(sa.String(60), default="UTC", server_default="UTC")
    # How many issues have begun: each is given the next number in the transaction in which it
    # begins, and digests cover stretches of these numbers (`Issue.begun_order`).
    issues_begun: Mapped[int] = mapped_column(default=0, server_default="0")
    # An issue is sent only when somebody else than who wrote it last has approved it.
    needs_approval: Mapped[bool] = mapped_column(default=False)
    # The addresses, letter by letter, to which forms elsewhere may bring their readers back.
    return_pages: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    tracking: Mapped[Tracking] = mapped_column(default=Tracking.NONE, server_default="none")
    # When editors were told that very many left it at once, and how many those were.
    many_left_at: Mapped[datetime | None]
    many_left: Mapped[int | None]
    created_at: Mapped[datetime]

    topics: Mapped[list[Topic]] = relationship(secondary=mailing_list_topic, order_by=Topic.name)


class Subscriber(Base):
    """A person behind one address."""

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # As it was typed, but for the case of its domain: this is where mail goes.
    address: Mapped[str] = mapped_column(sa.String(254))
    canonical: Mapped[str] = mapped_column(sa.String(254), unique=True)
    # Meets Suppression.address_hmac in one join.
    address_hmac: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    language: Mapped[str] = mapped_column(sa.String(12))
    # The name of a time zone; empty means that of the list.
    zone: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    format: Mapped[MailFormat] = mapped_column(default=MailFormat.HTML)
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]

    subscriptions: Mapped[list["Subscription"]] = relationship(
        back_populates="subscriber", passive_deletes="all"
    )


class Subscription(Base):
    """One subscriber on one list."""

    __tablename__ = "subscription"
    __table_args__ = (
        sa.UniqueConstraint("subscriber_id", "mailing_list_id"),
        sa.Index(None, "mailing_list_id", "state", "frequency"),
        index_of_some("digest_due_at"),
        index_of_some("paused_until"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"))
    mailing_list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"))
    state: Mapped[SubscriptionState]
    frequency: Mapped[Frequency] = mapped_column(default=Frequency.EVERY)
    requested_at: Mapped[datetime]
    # Where the latest wish came from; the interval that it may begin takes it over.
    source: Mapped[Source] = mapped_column(default=Source.FORM)
    # Part of every confirmation link of this wish: a new one kills the old links.
    wish: Mapped[str] = mapped_column(sa.String(16), default=lambda: secrets.token_hex(8))
    # The number of the list's last issue that a digest covered, or that came by itself: the
    # next digest has what begins after it. `digest_windows` alone moves these four.
    digest_after: Mapped[int] = mapped_column(default=0, server_default="0")
    digest_due_at: Mapped[datetime | None]
    # Stretches of these numbers, after the first up to the second, that began in a pause
    # and are not wanted; of a pause that lasts, the second is None.
    digest_gaps: Mapped[list[tuple[int, int | None]]] = mapped_column(
        sa.JSON, default=list, server_default="[]"
    )
    # When what was on its way to this reader was taken away: the next digest has that, too.
    digest_owed_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    # After a pause, what was missed comes as one summary.
    wants_summary: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    # A consent of its own, beside the one for the e-mails, for lists that track individually.
    agreed_to_tracking: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    last_open_on: Mapped[date | None]  # only the day, and only the last (STANDARDS C24)

    subscriber: Mapped[Subscriber] = relationship(back_populates="subscriptions")
    mailing_list: Mapped[MailingList] = relationship()
    # No topics means all of the list's.
    topics: Mapped[list[Topic]] = relationship(
        secondary=subscription_topic, order_by=Topic.name, passive_deletes=True
    )
    intervals: Mapped[list["SubscriptionInterval"]] = relationship(
        order_by="SubscriptionInterval.id", passive_deletes="all"
    )


class SubscriptionInterval(Base):
    """One stretch of time in which a subscription was confirmed; never overwritten."""

    __tablename__ = "subscription_interval"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscription.id", ondelete="CASCADE"), index=True
    )
    source: Mapped[Source]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[EndedReason | None]


class ListDay(Base):
    """How many a list had at the end of a day (UTC), and how many came and went on it.

    Written once: who is erased later was there on that day.
    """

    __tablename__ = "list_day"

    mailing_list_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing_list.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    confirmed: Mapped[int]
    joined: Mapped[int]
    left: Mapped[int]


class ConsentWording(Base):
    """The exact words that somebody agreed to, kept once however many agreed."""

    __tablename__ = "consent_wording"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    text: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[str] = mapped_column(sa.String(40))
    language: Mapped[str] = mapped_column(sa.String(12))


class ConsentEvent(Base):
    """One piece of evidence: append-only, guarded by triggers in the database.

    It holds no address and no name. Erasure blanks `subscriber_id` and `ip`,
    which is the only change that the triggers allow.
    """

    __tablename__ = "consent_event"
    __table_args__ = (index_of_some("issue_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[ConsentKind]
    # No foreign key: the evidence outlives the row, and nothing may cascade into it.
    subscriber_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    mailing_list_id: Mapped[int | None] = mapped_column(sa.ForeignKey("mailing_list.id"))
    wording_id: Mapped[int | None] = mapped_column(sa.ForeignKey("consent_wording.id"))
    page: Mapped[str] = mapped_column(sa.String(300), default="")
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    actor: Mapped[str] = mapped_column(sa.String(60))
    detail: Mapped[str] = mapped_column(sa.String(300), default="")
    # The issue whose link was used, which counts who left by it. No foreign key, as above.
    issue_id: Mapped[int | None]


class Suppression(Base):
    """An address that is never mailed; after erasure only its keyed HMAC is left."""

    __tablename__ = "suppression"

    id: Mapped[int] = mapped_column(primary_key=True)
    address_hmac: Mapped[str] = mapped_column(sa.String(64), unique=True)
    address: Mapped[str | None] = mapped_column(sa.String(254))
    reason: Mapped[SuppressionReason]
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    since: Mapped[datetime]
