"""The table of transactional mail that waits to leave."""

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base, BigId


class OutboxState(enum.StrEnum):
    """Where one transactional mail is."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    SENT = "sent"
    FAILED = "failed"


class OutboxMessage(Base):
    """One transactional mail: what kind, to whom, with which facts.

    It is written in the transaction of what caused it and rendered when it
    leaves. Once it left, the address and the facts are blanked.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.Index(None, "state", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[OutboxState] = mapped_column(default=OutboxState.WAITING)
    # Names the folder of its templates: templates/mail/<kind>/.
    kind: Mapped[str] = mapped_column(sa.String(40))
    recipient: Mapped[str] = mapped_column(sa.String(254))
    language: Mapped[str] = mapped_column(sa.String(12))
    sender_name: Mapped[str] = mapped_column(sa.String(120))
    sender_address: Mapped[str] = mapped_column(sa.String(254))
    # What the templates need; plain values only.
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    # Frozen at the first attempt: every attempt has the same Date (STANDARDS M04).
    first_attempt_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    # When its acknowledgement was missed; it is tried once more, not twice (STANDARDS 5.2).
    uncertain_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
