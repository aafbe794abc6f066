"""How often something may happen, counted in the database so that all processes agree.

Counters are keyed by HMAC: the table holds no address and no network.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.errors import TooOften
from newsletter.extensions import Base, db, insert, rows_changed
from newsletter.marking import marked

KEPT = timedelta(days=30)
"""How long a counter outlives its last use."""

MAIL_PAUSE = timedelta(hours=24)
"""The least time between two mails of one purpose to one address."""

OF_A_NETWORK = marked("Too many requests came from your network.")
"""What is said where nothing else is: what is limited is a network."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Counter(Base):
    """How often one thing happened in one window of time."""

    __tablename__ = "counter"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class MailAllowance(Base):
    """When one address was last written to for one purpose; three times are remembered."""

    __tablename__ = "mail_allowance"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    latest_at: Mapped[datetime]
    second_at: Mapped[datetime]
    third_at: Mapped[datetime]


def count(
    what: str,
    who: str,
    *,
    window: timedelta,
    most: int,
    now: datetime,
    sentence: str = OF_A_NETWORK,
) -> None:
    """Count one event of `what` by `who`; raise TooOften with `sentence` beyond `most` of them.

    Windows are fixed slices of time. The count is part of the caller's
    transaction, and one statement makes it exact for any number of processes.
    """
    seconds = int(window.total_seconds())
    start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    row = {"key": _key(what, who), "window_start": start, "count": 1}
    statement = insert(Counter).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["key", "window_start"], set_={"count": Counter.count + 1}
    )
    reached = db.session.scalars(statement.returning(Counter.count)).one()
    if reached > most:
        left = int((start + window - now).total_seconds()) + 1
        raise TooOften(sentence, retry_after=left)


def may_mail(purpose: str, address: str, *, now: datetime) -> bool:
    """Take the right to mail `address` once for `purpose`; False if it was used up.

    At most one mail in 24 hours and three in 30 days (STANDARDS XA01). One
    conditional UPDATE decides, so two processes can never both be told yes.
    """
    key = _key(purpose, address)
    never = {"latest_at": NEVER, "second_at": NEVER, "third_at": NEVER}
    db.session.execute(insert(MailAllowance).values({"key": key, **never}).on_conflict_do_nothing())
    taken = db.session.execute(
        sa.update(MailAllowance)
        .where(
            MailAllowance.key == key,
            MailAllowance.latest_at <= now - MAIL_PAUSE,
            MailAllowance.third_at <= now - KEPT,
        )
        .values(
            third_at=MailAllowance.second_at,
            second_at=MailAllowance.latest_at,
            latest_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return rows_changed(taken) == 1


def forget_old(*, now: datetime) -> None:
    """Delete the counters that no rule looks at any more."""
    db.session.execute(sa.delete(Counter).where(Counter.window_start < now - KEPT))
    db.session.execute(sa.delete(MailAllowance).where(MailAllowance.latest_at < now - KEPT))


def _key(what: str, who: str) -> str:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(secret, f"limits\n{what}\n{who}".encode(), hashlib.sha256).hexdigest()
