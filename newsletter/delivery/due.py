"""What is due: the batches that somebody may claim now, in turns between the issues."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute

from newsletter.delivery import backoff
from newsletter.delivery.leases import DueBatch
from newsletter.delivery.models import Batch, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState

ColumnOfTimes = sa.ColumnElement[datetime] | QueryableAttribute[datetime | None]


@dataclass(frozen=True)
class Line:
    """The due batches of one issue, the longest due first; `busy` more are being worked on."""

    busy: int
    batches: Sequence[DueBatch]


def lines(*, now: datetime, most: int, told_since: datetime | None = None) -> list[Line]:
    """Return up to `most` due, unowned batches of each issue that is being sent.

    With `told_since`, those that a broker was told of since then count as being worked on.
    """
    busy: sa.ColumnElement[bool] = Batch.leased_until.is_not(None)
    is_free = _may_be_claimed(now)
    if told_since is not None:
        told = was_told(told_since, now=now)
        busy |= told
        is_free &= ~told
    return [
        Line(
            _count(send_id, busy),
            [
                DueBatch(batch_id, send_id, issue_id)
                for batch_id in db.session.scalars(
                    sa.select(Batch.id)
                    .where(Batch.send_id == send_id, is_free)
                    .order_by(Batch.due_at, Batch.lease, Batch.id)
                    .limit(most)
                )
            ],
        )
        for send_id, issue_id in _being_sent()
    ]


def has_come(due_at: ColumnOfTimes, *, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition for a time to try again being over.

    It is also over when it is farther ahead than any wait: a clock wrote it
    that was set back since, and nobody waits for that (STANDARDS XH22).
    """
    return (due_at <= now) | (due_at > now + backoff.LONGEST_WAIT)


def was_told(since: datetime, *, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition for a broker having been told of a batch since then.

    One that will be told in the future was told by a clock that was set back since.
    """
    ahead = now + (now - since)
    return sa.func.coalesce(Batch.dispatched_at.between(since, ahead), sa.false())


def _may_be_claimed(now: datetime) -> sa.ColumnElement[bool]:
    # A batch that nobody had yet has nothing to wait for, whatever its clock said.
    return (
        ~Batch.is_done
        & Batch.leased_until.is_(None)
        & ((Batch.lease == 0) | has_come(Batch.due_at, now=now))
    )


def _being_sent() -> Sequence[tuple[int, int]]:
    rows = db.session.execute(
        sa.select(Send.id, Send.issue_id)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Issue.state == IssueState.SENDING, Send.finished_at.is_(None))
        .order_by(Send.id)
    )
    return [(send_id, issue_id) for send_id, issue_id in rows]


def _count(send_id: int, condition: sa.ColumnElement[bool]) -> int:
    return db.session.scalars(
        sa.select(sa.func.count()).where(Batch.send_id == send_id, ~Batch.is_done, condition)
    ).one()


def in_turn(waiting: Iterable[Line]) -> Iterator[DueBatch]:
    """Yield the batches of all lines, each time one of the issue that has the fewest going."""
    # The middle number settles ties: the issue that was planned first.
    going = [(line.busy, turn, iter(line.batches)) for turn, line in enumerate(waiting)]
    heapq.heapify(going)
    while going:
        busy, turn, batches = heapq.heappop(going)
        for batch in batches:
            heapq.heappush(going, (busy + 1, turn, batches))
            yield batch
            break


def find(batch_id: int, *, now: datetime) -> DueBatch | None:
    """Return one batch if somebody may claim it now."""
    row = db.session.execute(
        sa.select(Batch.id, Batch.send_id, Send.issue_id)
        .join(Send, Send.id == Batch.send_id)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            Batch.id == batch_id,
            _may_be_claimed(now),
            Issue.state == IssueState.SENDING,
        )
    ).one_or_none()
    return None if row is None else DueBatch(*row)
