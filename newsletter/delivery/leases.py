"""Who works on which batch: claims with a fencing token, renewals.

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
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, Delivery, DeliveryState
from newsletter.extensions import UtcDateTime, db, rows_changed

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


def claim(batch_id: int, *, now: datetime, length: timedelta = LEASE) -> Lease | None:
    """Take one batch; None if somebody else was faster. One UPDATE decides.

    A lease that ran out is not taken over here: `sweeping.sweep` ends it first,
    because its last message may be in flight.
    """
    token = db.session.scalar(
        sa.update(Batch)
        .where(Batch.id == batch_id, ~Batch.is_done, Batch.leased_until.is_(None))
        # Whoever was told of it has come: given back, it is told again at once.
        .values(lease=Batch.lease + 1, leased_until=_end(now, length), dispatched_at=None)
        .returning(Batch.lease)
        .execution_options(synchronize_session=False)
    )
    return None if token is None else Lease(batch_id, token, length)


def shared_now(now: datetime) -> datetime:
    """Return the time by which leases are judged: the one that all machines agree on.

    That is the database server's; SQLite serves one machine, and `now` will do.
    For a moment after that clock was set forward it is the time before, so that
    the owners can prolong their leases by the new one.
    """
    if db.engine.dialect.name != "sqlite":
        now = db.session.scalars(sa.select(sa.func.clock_timestamp(type_=UtcDateTime()))).one()
        return now - _leaps.recent(now)
    return now - _leaps.recent(clock.now())


class Leaps:
    """Notices that a clock was set forward, or slept, by the one that nobody sets."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # The clock as it was read last, and when that was.
        self._read: tuple[datetime, float] | None = None
        self._leap = timedelta(0)
        self._until = float("-inf")

    def recent(self, now: datetime) -> timedelta:
        """Read the clock; return how far it leapt forward in the length of a lease, or nothing."""
        at = self._monotonic()
        if self._read is not None:
            then, since = self._read
            ahead = now - then - timedelta(seconds=at - since)
            if ahead > LEAP:
                self._leap = ahead + (self._leap if at < self._until else timedelta(0))
                self._until = at + LEASE.total_seconds()
        self._read = now, at
        return self._leap if at < self._until else timedelta(0)


_leaps = Leaps()


def _end(now: datetime, length: timedelta) -> sa.ColumnElement[datetime]:
    """Return when a lease taken now ends, by the clock of `shared_now`."""
    if db.engine.dialect.name == "sqlite":
        return sa.literal(now + length, Batch.leased_until.type)
    return sa.func.clock_timestamp(type_=UtcDateTime()) + sa.literal(length, sa.Interval())


def renew(lease: Lease, *, now: datetime) -> bool:
    """Prolong a lease; False if it is lost.

    It also locks the batch's row until the transaction ends, so that no
    sweep can end the lease between this answer and the commit.
    """
    renewed = db.session.execute(
        sa.update(Batch)
        .where(
            Batch.id == lease.batch_id,
            Batch.lease == lease.token,
            Batch.leased_until.is_not(None),
        )
        .values(leased_until=_end(now, lease.length))
        .execution_options(synchronize_session=False)
    )
    return rows_changed(renewed) == 1


def give_back(lease: Lease, *, now: datetime, not_before: datetime | None = None) -> None:
    """Let the batch go: done if nothing is open in it, else due when its next row is.

    `not_before` holds it back while the relay does not answer. A batch with a
    row in flight is kept until its lease runs out: only `sweeping.sweep` may say
    what became of that row.
    """
    if not renew(lease, now=now):
        return
    is_open, in_flight, due_at = _what_is_left(lease.batch_id)
    if in_flight:
        return
    due_at = max(due_at or AT_ONCE, not_before or AT_ONCE)
    if due_at <= now:
        due_at = AT_ONCE
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id == lease.batch_id)
        .values(leased_until=None, is_done=not is_open, due_at=due_at)
        .execution_options(synchronize_session=False)
    )


def _what_is_left(batch_id: int) -> tuple[bool, bool, datetime | None]:
    """Return whether rows are open, whether one is in flight, and when the next is due."""
    in_flight = sa.case((Delivery.state == DeliveryState.IN_FLIGHT, 1), else_=0)
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(in_flight), 0),
            sa.func.min(
                sa.func.coalesce(Delivery.due_at, sa.literal(AT_ONCE, Delivery.due_at.type))
            ),
        ).where(
            Delivery.batch_id == batch_id,
            Delivery.state.in_([DeliveryState.WAITING, DeliveryState.IN_FLIGHT]),
        )
    ).one()
    return bool(row[0]), bool(row[1]), row[2]


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
