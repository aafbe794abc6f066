"""Leases: who works on which batch, and when that ends.

A lease is a number and an end. Every claim raises the number, and the ledger
refuses whoever comes with an older one, however long that process was asleep.
A clock that is set forward or back ends no lease of who works, and keeps none
of who does not (STANDARDS XH22).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import clock
from newsletter.delivery.models import Batch
from newsletter.extensions import UtcDateTime, db

LEASE = timedelta(seconds=20)
"""How long a batch stays with an owner who gives no sign of life."""

LEAP = timedelta(seconds=1)
"""A clock that gets ahead by more, between two looks, was set forward."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one batch; `token` is its fencing token.

    Every sign of life prolongs it by `length`.
    """

    batch_id: int
    token: int
    length: timedelta = LEASE


@dataclass(frozen=True)
class DueBatch:
    """A batch that somebody may claim now."""

    batch_id: int
    send_id: int
    issue_id: int


def shared_now(now: datetime) -> datetime:
    """Return the time by which leases are judged: the one that all machines agree on.

    That is the database server's; SQLite serves one machine, and `now` will do.
    For a moment after that clock was set forward it is the time before, so that
    the owners can prolong their leases by the new one.
    """
    if db.engine.dialect.name != "sqlite":
        now, leap = _leaps.read(database_now)
        return now - leap
    _, leap = _leaps.read(clock.now)
    return now - leap


def database_now() -> datetime:
    """Return what the clock of a PostgreSQL server shows at this moment."""
    return db.session.scalars(sa.select(sa.func.clock_timestamp(type_=UtcDateTime()))).one()


class Leaps:
    """Notices that a clock was set forward, or slept, by the one that nobody sets."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # The clock as it was read last, and when it was asked.
        self._read: tuple[datetime, float] | None = None
        self._leap = timedelta(0)
        self._until = float("-inf")

    def read(self, look: Callable[[], datetime]) -> tuple[datetime, timedelta]:
        """Return what the clock shows, and how far it leapt forward in the length of a lease.

        An answer may be on its way for seconds, so the time between two looks is taken from the
        first question to the second answer: a slow answer is no leap.
        """
        asked_at = self._monotonic()
        now = look()
        at = self._monotonic()
        if self._read is not None:
            then, since = self._read
            ahead = now - then - timedelta(seconds=at - since)
            if ahead > LEAP:
                self._leap = ahead + (self._leap if at < self._until else timedelta(0))
                self._until = at + LEASE.total_seconds()
        self._read = now, asked_at
        return now, self._leap if at < self._until else timedelta(0)


_leaps = Leaps()


def end_expired(*, now: datetime) -> Sequence[int]:
    """End the leases that ran out and return their batches; their owners are refused from now.

    A batch that somebody holds at this moment is left for the next time: who
    froze in the middle of a transaction keeps nobody else's batch from going on.
    """
    _shorten(now=now)
    ended = db.session.scalars(
        sa.select(Batch.id)
        .where(~Batch.is_done, Batch.leased_until < now)
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    ).all()
    if ended:
        db.session.execute(
            sa.update(Batch)
            .where(Batch.id.in_(ended))
            .values(lease=Batch.lease + 1, leased_until=None)
            .execution_options(synchronize_session=False)
        )
    return ended


def _shorten(*, now: datetime) -> None:
    """Cut the leases that end later than any lease can: the clock was set back since.

    Who still works prolongs his by the new time; all others end with the cut one.
    """
    too_long = db.session.scalars(
        sa.select(Batch.id)
        .where(~Batch.is_done, Batch.leased_until > now + 2 * LEASE)
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    ).all()
    if too_long:
        db.session.execute(
            sa.update(Batch)
            .where(Batch.id.in_(too_long))
            .values(leased_until=now + LEASE)
            .execution_options(synchronize_session=False)
        )
