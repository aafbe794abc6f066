"""How often something may happen, counted in the database so that all processes agree.

Counters are keyed by HMAC: the table holds no address and no network.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.errors import TooOften
from newsletter.extensions import Base, db
from newsletter.marking import marked
from newsletter.statements import Statement, run

KEPT = timedelta(days=30)
"""How long a counter outlives its last use."""

MAIL_PAUSE = timedelta(hours=24)
"""The least time between two mails of one purpose to one address."""

OF_A_NETWORK = marked("Too many requests came from your network.")
"""What is said where nothing else is: what is limited is a network."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


KEYED = {"sqlite_with_rowid": False}
"""How SQLite keeps these: a row is where its key is, not in a table beside an index."""


class Counter(Base):
    """How often one thing happened in one window of time."""

    __tablename__ = "counter"
    __table_args__: Any = KEYED

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class MailAllowance(Base):
    """When one address was last written to for one purpose; three times are remembered."""

    __tablename__ = "mail_allowance"
    __table_args__: Any = KEYED

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    latest_at: Mapped[datetime]
    second_at: Mapped[datetime]
    third_at: Mapped[datetime]
    # Who has the mailbox did what the latest was for: the next one need not wait for a day.
    latest_was_used: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


@dataclass(frozen=True)
class Limit:
    """How often something may happen in one window of time; with no `most` it is only counted."""

    what: str
    who: str
    window: timedelta
    most: int | None = None
    sentence: str = OF_A_NETWORK

    def start(self, now: datetime) -> datetime:
        """Return when the window of `now` began; windows are fixed slices of time."""
        seconds = int(self.window.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def count(
    what: str,
    who: str,
    *,
    window: timedelta,
    most: int,
    now: datetime,
    sentence: str = OF_A_NETWORK,
) -> None:
    """Count one event of `what` by `who`; raise TooOften with `sentence` beyond `most` of them."""
    count_all((Limit(what, who, window, most, sentence),), now=now)


def counted(what: str, who: str, *, window: timedelta, now: datetime) -> int:
    """Count one event of `what` by `who`, and return the how manieth of its window it is."""
    limit = Limit(what, who, window)
    return count_all((limit,), now=now)[limit]


def count_all(limits: Sequence[Limit], *, now: datetime) -> dict[Limit, int]:
    """Count one event for each of these, and return the how manieth it is; TooOften beyond a most.

    The counts are part of the caller's transaction, and one statement makes all of them exact
    for any number of processes.
    """
    places = {_key(limit.what, f"{limit.who} in {limit.window}"): limit for limit in limits}
    values: dict[str, Any] = {}
    # Always in one order: two who count the same must not wait for each other.
    for number, key in enumerate(sorted(places)):
        values |= {f"key{number}": key, f"start{number}": places[key].start(now)}
    counts = {places[key]: reached for key, reached in run(_counting(len(places)), **values).rows}
    for limit, reached in counts.items():
        if limit.most is not None and reached > limit.most:
            left = int((limit.start(now) + limit.window - now).total_seconds()) + 1
            raise TooOften(limit.sentence, retry_after=left)
    return counts


@cache
def _counting(number: int) -> Statement:
    """Return the statement that counts so many things at once."""
    rows = ", ".join(f"(:key{n}, :start{n}, 1)" for n in range(number))
    return Statement(
        f"""INSERT INTO counter ("key", window_start, count) VALUES {rows}
        ON CONFLICT ("key", window_start) DO UPDATE SET count = counter.count + 1
        RETURNING "key", count""",
        times=tuple(f"start{n}" for n in range(number)),
    )


_TAKE = Statement(
    """INSERT INTO mail_allowance ("key", latest_at, second_at, third_at)
    VALUES (:key, :now, :never, :never)
    ON CONFLICT ("key") DO UPDATE
    SET third_at = mail_allowance.second_at, second_at = mail_allowance.latest_at,
        latest_at = excluded.latest_at, latest_was_used = :no
    WHERE (mail_allowance.latest_at <= :a_pause_ago OR mail_allowance.latest_was_used)
        AND mail_allowance.third_at <= :forgotten""",
    times=("now", "never", "a_pause_ago", "forgotten"),
)

_USED = Statement('UPDATE mail_allowance SET latest_was_used = :yes WHERE "key" = :key')


def may_mail(purpose: str, address: str, *, now: datetime) -> bool:
    """Take the right to mail `address` once for `purpose`; False if it was used up.

    At most one mail in 24 hours and three in 30 days (STANDARDS XA01). One
    conditional statement decides, so two processes can never both be told yes.
    """
    values = {
        "key": _key(purpose, address),
        "now": now,
        "never": NEVER,
        "a_pause_ago": now - MAIL_PAUSE,
        "forgotten": now - KEPT,
        "no": False,
    }
    return run(_TAKE, **values).count == 1


def mail_was_used(purpose: str, address: str) -> None:
    """Let the next mail of a purpose come at once: who reads `address` did what the last was for.

    To be called only with proof that they did. Each proof frees one mail, so nobody without
    the mailbox can have more than that one sent, and of three in 30 days none comes back.
    """
    run(_USED, key=_key(purpose, address), yes=True)


def forget_old(*, now: datetime) -> None:
    """Delete the counters that no rule looks at any more."""
    db.session.execute(sa.delete(Counter).where(Counter.window_start < now - KEPT))
    db.session.execute(sa.delete(MailAllowance).where(MailAllowance.latest_at < now - KEPT))


def _key(what: str, who: str) -> str:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(secret, f"limits\n{what}\n{who}".encode(), "sha256").hex()
