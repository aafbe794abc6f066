"""The ledger's tables: a frozen run, its units of work, one row per recipient."""

import enum
import secrets
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from newsletter.extensions import Base, BigId
from newsletter.issues.models import Issue


class DeliveryState(enum.StrEnum):
    """Where one recipient's mail is; `sent` means that our relay took it, no more."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class Send(Base):
    """One issue to its frozen audience."""

    __tablename__ = "send"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Unique: an issue is planned once, whoever presses and however often (STANDARDS XH01).
    issue_id: Mapped[int] = mapped_column(sa.ForeignKey("issue.id"), unique=True)
    # How many rows there are. They count when the issue has begun; until then they are being
    # written, and `planned_at` is the last sign of life of whoever writes them.
    planned: Mapped[int]
    planned_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # When a person let it go on: what waits has waited since then, not since it was planned.
    resumed_at: Mapped[datetime | None]
    # When the editors were told that its oldest message waits too long, or all of it for the relay.
    alarmed_at: Mapped[datetime | None]
    # When it last began to wait for the relay.
    held_at: Mapped[datetime | None]
    # When the numbers of its first day were mailed to those who made it.
    told_at: Mapped[datetime | None]
    # Makes Message-IDs and MIME boundaries of this run: the same on every attempt. Who plans it
    # knows it by this, and is refused when somebody else took it over.
    nonce: Mapped[str] = mapped_column(sa.String(32), default=lambda: secrets.token_hex(16))

    issue: Mapped[Issue] = relationship()
    editions: Mapped[list["CompiledEdition"]] = relationship(order_by="CompiledEdition.id")


class CompiledEdition(Base):
    """One language of a send, rendered once; only the merge fields are still open."""

    __tablename__ = "compiled_edition"
    __table_args__ = (
        sa.UniqueConstraint("send_id", "language", "variant"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(sa.ForeignKey("send.id"))
    language: Mapped[str] = mapped_column(sa.String(12))
    # Which of the texts of a digest in this language: for who gets which issues. Else empty.
    variant: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    # From, Reply-To, list id and the three texts with their slots.
    content: Mapped[dict[str, Any]]


class Period(enum.StrEnum):
    """How often a digest comes; a summary comes once, when somebody wants more mail again."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SUMMARY = "summary"


class Digest(Base):
    """What is known of a digest beside its row in `issue`."""

    __tablename__ = "digest"
    __table_args__ = ()

    issue_id: Mapped[int] = mapped_column(
        sa.ForeignKey("issue.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    period: Mapped[Period]
    # The day that it was where its readers are.
    day: Mapped[date]

    issue: Mapped[Issue] = relationship()


class DigestIssue(Base):
    """An issue in one of the texts of a digest."""

    __tablename__ = "digest_issue"
    __table_args__ = ()

    edition_id: Mapped[int] = mapped_column(
        sa.ForeignKey("compiled_edition.id", ondelete="CASCADE"), primary_key=True
    )
    issue_id: Mapped[int] = mapped_column(
        sa.ForeignKey("issue.id"), primary_key=True, index=True, autoincrement=False
    )


class Batch(Base):
    """A unit of work: some deliveries of one send, under one lease."""

    __tablename__ = "batch"
    __table_args__ = (
        sa.Index(None, "is_done", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    send_id: Mapped[int] = mapped_column(sa.ForeignKey("send.id"), index=True)
    is_done: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime]
    # The fencing token: every claim raises it, and the ledger refuses who has an older one.
    lease: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    # When its number was last given to a broker; lost on the way, it is given again.
    dispatched_at: Mapped[datetime | None]


class Delivery(Base):
    """One recipient of one send: the row that proves who got what."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("send_id", "subscriber_id"),
        # What waits has no end and what is final has no due time, so this one finds the oldest
        # that waits and counts what ended within the last minute without looking at the rest.
        sa.Index(None, "send_id", "state", "due_at", "finished_at"),
        sa.Index(None, "batch_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    send_id: Mapped[int] = mapped_column(sa.ForeignKey("send.id"))
    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("batch.id"))
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("compiled_edition.id"))
    # NULL after erasure: the sum stays true, the person is gone.
    subscriber_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="SET NULL"), index=True
    )
    # Whose servers take the mail: see `providers`. Empty after erasure.
    provider: Mapped[str] = mapped_column(sa.String(255), default="", server_default="")
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    # The Date of the message, frozen at the first hand-over (STANDARDS M04).
    first_attempt_at: Mapped[datetime | None]
    # The merge values of the first attempt, kept while it may be tried again.
    merge_values: Mapped[dict[str, Any] | None]
    finished_at: Mapped[datetime | None]
    reply_code: Mapped[int | None]
    reply_status: Mapped[str] = mapped_column(sa.String(12), default="")
    # What the relay said, or our own reason, as a sentence; no address in it.
    reason: Mapped[str] = mapped_column(sa.String(500), default="")


class PaceScope(enum.StrEnum):
    """What a pace is for."""

    INSTALLATION = "installation"
    MAILING_LIST = "mailing-list"
    PROVIDER = "provider"


class PaceRule(Base):
    """How fast mail may go: everywhere, for one list, or to one provider; None is no limit."""

    __tablename__ = "pace_rule"
    __table_args__ = (sa.UniqueConstraint("scope", "key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[PaceScope]
    # The slug of the list or the name of the provider; empty for the installation.
    key: Mapped[str] = mapped_column(sa.String(255), default="")
    per_second: Mapped[int | None]
    per_minute: Mapped[int | None]
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    connections: Mapped[int | None]
    # A new sender's plan: so many on the first day, so many times more each day after.
    warm_up_from: Mapped[date | None]
    warm_up_first: Mapped[int | None]
    warm_up_growth: Mapped[float | None]


class PaceSpent(Base):
    """How many messages went in one short stretch of time, for the limits of one rule."""

    __tablename__ = "pace_spent"

    rule_id: Mapped[int] = mapped_column(
        sa.ForeignKey("pace_rule.id", ondelete="CASCADE"), primary_key=True
    )
    period: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    slot: Mapped[int] = mapped_column(BigId, primary_key=True)
    spent: Mapped[int] = mapped_column(default=0)


class Provider(Base):
    """How things stand with one provider of mailboxes; shared by all senders."""

    __tablename__ = "provider"

    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    held_until: Mapped[datetime | None]
    held_for: Mapped[str] = mapped_column(sa.String(500), default="")
    # Refusals by policy (5.7.x) in a row.
    refusals: Mapped[int] = mapped_column(default=0)
    # How many connections may carry its mail at once; None is as many as there are.
    window: Mapped[int | None]
    # Messages taken since the window last changed.
    taken: Mapped[int] = mapped_column(default=0)
    # When the window was last made smaller.
    narrowed_at: Mapped[datetime | None]
    sent: Mapped[int] = mapped_column(BigId, default=0)
    deferred: Mapped[int] = mapped_column(BigId, default=0)
    failed: Mapped[int] = mapped_column(BigId, default=0)
    uncertain: Mapped[int] = mapped_column(BigId, default=0)
    last_success_at: Mapped[datetime | None]
    last_trouble_at: Mapped[datetime | None]


class Heartbeat(Base):
    """A sign of life of the clock, or of a process that sends."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    beat_at: Mapped[datetime]
    # How many connections to the relay it has open.
    connections: Mapped[int] = mapped_column(default=0, server_default="0")
