"""The tables of members, of the words they agree to, and of which list is theirs."""

import enum
import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base


class MemberKind(enum.StrEnum):
    """Who asks to become a member."""

    ORGANISATION = "organisation"
    INDIVIDUAL = "individual"


class MemberState(enum.StrEnum):
    """How things stand: `states.move` alone goes from one to the next."""

    PENDING = "pending"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


OPEN = (MemberState.PENDING, MemberState.WAITING, MemberState.ACCEPTED)
"""States of which an address has one at most."""


class Member(Base):
    """An application, and what became of it; declined or ended, it is the past of its address."""

    __tablename__ = "member"
    __table_args__ = (
        sa.Index(None, "state", "id"),
        sa.Index(
            "uq_member_open",
            "canonical",
            unique=True,
            sqlite_where=sa.text("state IN ('pending', 'waiting', 'accepted')"),
            postgresql_where=sa.text("state IN ('pending', 'waiting', 'accepted')"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[MemberState] = mapped_column(default=MemberState.PENDING)
    kind: Mapped[MemberKind]
    name: Mapped[str] = mapped_column(sa.String(200))
    # ISO 3166-1, two letters.
    country: Mapped[str] = mapped_column(sa.String(2))
    # As it was typed, or what the reader changed it to since: mail goes there until the person
    # is a subscriber.
    address: Mapped[str] = mapped_column(sa.String(254))
    canonical: Mapped[str] = mapped_column(sa.String(254), index=True)
    website: Mapped[str] = mapped_column(sa.String(500), default="")
    # What they would bring, in their own words.
    brings: Mapped[str] = mapped_column(sa.Text)
    language: Mapped[str] = mapped_column(sa.String(12))
    # The exact words that stood beside the box they ticked.
    wording_id: Mapped[int] = mapped_column(sa.ForeignKey("consent_wording.id"))
    # Part of the mailed link.
    wish: Mapped[str] = mapped_column(sa.String(16), default=lambda: secrets.token_hex(8))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # Where the address was confirmed from: evidence, until the subscription has it.
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    decided_at: Mapped[datetime | None]
    # How the editor was called then; names change.
    decided_by: Mapped[str] = mapped_column(sa.String(200), default="")
    # Why it was declined or ended, as it was mailed.
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(sa.String(200), default="")
    # Since they were accepted, or changed their address as a reader; it follows them to any other.
    subscriber_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="SET NULL"), index=True
    )


class MembershipWords(Base):
    """The objectives that members agree to, in one language; every change counts the version up."""

    __tablename__ = "membership_words"
    __table_args__ = ()

    language: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    text: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]


class MembersList(Base):
    """Which mailing list is the members'; one row, or none while nobody chose or was accepted."""

    __tablename__ = "members_list"
    __table_args__ = ()

    # Always 1: there is one such list.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mailing_list_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing_list.id", ondelete="CASCADE")
    )
