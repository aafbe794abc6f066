"""What is known of links and of senders' domains, and when they are asked again."""

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base


class LinkState(enum.StrEnum):
    """What a link said when it was last asked."""

    NEW = "new"
    FINE = "fine"
    # For good: the page is not there, or there is no such site.
    GONE = "gone"
    # For now, perhaps: the site has trouble.
    DOWN = "down"
    # Nobody knows: it does not answer programs, or we cannot get out.
    UNSEEN = "unseen"


class DomainResult(enum.StrEnum):
    """What the DNS says about one way to prove a sender."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"


def _result_of(what: str) -> sa.Enum:
    """Return the type of a result; each needs a name of its own, for PostgreSQL's constraints."""
    return sa.Enum(
        DomainResult,
        name=f"{what}_result",
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=20,
    )


class LinkCheck(Base):
    """One address that an issue links to, and how often in a row it failed."""

    __tablename__ = "link_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Of the whole address; the address itself is too long to be unique everywhere.
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    url: Mapped[str] = mapped_column(sa.String(2000))
    host: Mapped[str] = mapped_column(sa.String(255))
    first_wanted_at: Mapped[datetime]
    wanted_at: Mapped[datetime]
    # When it is asked next; while somebody asks, when that is over at the latest. With none it
    # waits until it is wanted again.
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    state: Mapped[LinkState] = mapped_column(default=LinkState.NEW)
    # The last answer's status, or the kind of failure (fetching.troubles).
    status: Mapped[int | None]
    trouble: Mapped[str] = mapped_column(sa.String(20), default="")
    tried_at: Mapped[datetime | None]
    # When it last said anything at all, and when it was last as it should be.
    answered_at: Mapped[datetime | None] = mapped_column(index=True)
    fine_at: Mapped[datetime | None]
    # The failures in a row that count, and the days on which they were.
    failing_since: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failed_days: Mapped[int] = mapped_column(default=0)


class DomainCheck(Base):
    """One domain that we send from, and what the DNS says of its mail."""

    __tablename__ = "domain_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(sa.String(255), unique=True)
    wanted_at: Mapped[datetime]
    next_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    spf: Mapped[DomainResult] = mapped_column(_result_of("spf"), default=DomainResult.UNKNOWN)
    spf_detail: Mapped[str] = mapped_column(sa.String(500), default="")
    dkim: Mapped[DomainResult] = mapped_column(_result_of("dkim"), default=DomainResult.UNKNOWN)
    dkim_detail: Mapped[str] = mapped_column(sa.String(500), default="")
    dmarc: Mapped[DomainResult] = mapped_column(_result_of("dmarc"), default=DomainResult.UNKNOWN)
    dmarc_detail: Mapped[str] = mapped_column(sa.String(500), default="")
