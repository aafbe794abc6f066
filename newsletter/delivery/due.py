"""What is due: the batches that somebody may claim now, in turns between the issues."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery.leases import DueBatch
from newsletter.delivery.models import Batch, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState


@dataclass(frozen=True)
class Line:
    """The due batches of one issue, the longest due first; `busy` more are being worked on."""

    busy: int
    batches: Sequence[DueBatch]


def lines(*, now: datetime, most: int) -> list[Line]:
    """Return up to `most` due, unowned batches of each issue that is being sent."""
    is_due = (~Batch.is_done, Batch.due_at <= now, Batch.leased_until.is_(None))
    return [
        Line(
            busy,
            [
                DueBatch(batch_id, send_id, issue_id)
                for batch_id in db.session.scalars(
                    sa.select(Batch.id)
                    .where(Batch.send_id == send_id, *is_due)
                    .order_by(Batch.due_at, Batch.id)
                    .limit(most)
                )
            ],
        )
        for send_id, issue_id, busy in _being_sent()
    ]


def _being_sent() -> Sequence[tuple[int, int, int]]:
    """Return send, issue and how many batches are under lease, for each issue being sent."""
    under_lease = (
        sa.select(sa.func.count())
        .where(Batch.send_id == Send.id, ~Batch.is_done, Batch.leased_until.is_not(None))
        .scalar_subquery()
    )
    return (
        db.session.execute(
            sa.select(Send.id, Send.issue_id, under_lease)
            .join(Issue, Issue.id == Send.issue_id)
            .where(Issue.state == IssueState.SENDING, Send.finished_at.is_(None))
            .order_by(Send.id)
        )
        .tuples()
        .all()
    )


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
