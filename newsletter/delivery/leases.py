"""Who works on which batch: claims with a fencing token, renewals.

A lease is a number and an end. Every claim raises the number, and the ledger
refuses whoever comes with an older one, however long that process was asleep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Batch, Delivery, DeliveryState
from newsletter.extensions import UtcDateTime, db, rows_changed

LEASE = timedelta(seconds=20)
"""How long a batch stays with an owner who gives no sign of life."""


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
        .values(lease=Batch.lease + 1, leased_until=now + length, dispatched_at=None)
        .returning(Batch.lease)
        .execution_options(synchronize_session=False)
    )
    return None if token is None else Lease(batch_id, token, length)


def shared_now(now: datetime) -> datetime:
    """Return the time by which leases are judged: the one that all machines agree on.

    That is the database server's; SQLite serves one machine, and `now` will do.
    """
    if db.engine.dialect.name == "sqlite":
        return now
    return db.session.scalars(sa.select(sa.func.clock_timestamp(type_=UtcDateTime()))).one()


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
    is_open, in_flight, due_at = _what_is_left(lease.batch_id, now=now)
    if in_flight:
        return
    due_at = max(due_at or now, not_before or now)
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id == lease.batch_id)
        .values(leased_until=None, is_done=not is_open, due_at=due_at)
        .execution_options(synchronize_session=False)
    )


def _what_is_left(batch_id: int, *, now: datetime) -> tuple[bool, bool, datetime | None]:
    """Return whether rows are open, whether one is in flight, and when the next is due."""
    in_flight = sa.case((Delivery.state == DeliveryState.IN_FLIGHT, 1), else_=0)
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(in_flight), 0),
            sa.func.min(sa.func.coalesce(Delivery.due_at, sa.literal(now, Delivery.due_at.type))),
        ).where(
            Delivery.batch_id == batch_id,
            Delivery.state.in_([DeliveryState.WAITING, DeliveryState.IN_FLIGHT]),
        )
    ).one()
    return bool(row[0]), bool(row[1]), row[2]


def end_expired(*, now: datetime) -> Sequence[int]:
    """End the leases that ran out and return their batches; their owners are refused from now."""
    return db.session.scalars(
        sa.update(Batch)
        .where(~Batch.is_done, Batch.leased_until < now)
        .values(lease=Batch.lease + 1, leased_until=None)
        .returning(Batch.id)
        .execution_options(synchronize_session=False)
    ).all()
