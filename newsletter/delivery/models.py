"""The ledger's tables: a frozen run, its units of work, one row per recipient."""

import enum
import secrets
from datetime import datetime
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
    planned: Mapped[int]
    planned_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # Makes Message-IDs and MIME boundaries of this run: the same on every attempt.
    nonce: Mapped[str] = mapped_column(sa.String(32), default=lambda: secrets.token_hex(16))

    issue: Mapped[Issue] = relationship()
    editions: Mapped[list["CompiledEdition"]] = relationship(order_by="CompiledEdition.id")


class CompiledEdition(Base):
    """One language of a send, rendered once; only the merge fields are still open."""

    __tablename__ = "compiled_edition"
    __table_args__ = (
        sa.UniqueConstraint("send_id", "language"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    send_id: Mapped[int] = mapped_column(sa.ForeignKey("send.id"))
    language: Mapped[str] = mapped_column(sa.String(12))
    # From, Reply-To, list id and the three texts with their slots.
    content: Mapped[dict[str, Any]]


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


class Delivery(Base):
    """One recipient of one send: the row that proves who got what."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("send_id", "subscriber_id"),
        sa.Index(None, "send_id", "state"),
        sa.Index(None, "batch_id", "state"),
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


class Heartbeat(Base):
    """A sign of life of the clock."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    beat_at: Mapped[datetime]
