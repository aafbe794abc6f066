"""Pause, resume, cancel: what a person may do while an issue is being sent.

Each is the issue's own move, by which the couriers go: they look before each
recipient and act within two seconds. What it means for rows that wait is written
in turns, because there may be a million of them.
"""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import closing, pacing, turns
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.extensions import db, rows_changed
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState

MOMENT = 0.2
"""Seconds for which somebody who cancels waits for the rows; a sweep ends what is left."""

PORTION = 500
"""Rows that are changed by one statement."""


def pause(issue: Issue, *, now: datetime) -> None:
    """Stop sending between two recipients, as a person wants it; raise Refused before its time."""
    workflow.pause(issue, now=now)


def resume(issue: Issue, *, now: datetime) -> None:
    """Go on exactly where it stopped.

    A person has looked: rows that wait for their back-off are due at once, and
    providers that were held are written to again. The waits end before the issue
    moves, and are committed, in turns: if that is cut short, it is paused still.
    """
    send = find_send(issue.id)
    if send is not None:
        turns.take(_end_waits(send.id, issue.id))
    workflow.resume(issue, now=now)
    if send is not None:
        send.resumed_at = now
        _let_go_on(send)
        pacing.end_holds()


def cancel(issue: Issue, *, now: datetime) -> None:
    """End the issue for good: who has not got it will not; what is in flight ends by itself.

    Commits: the issue's move first, after which nothing more is sent, and then rows in
    turns. Those of a large issue that are left after a moment are for the next sweeps.
    """
    workflow.cancel(issue)
    send = find_send(issue.id)
    db.session.commit()
    if send is not None:
        closing.cancel_waiting(send, now=now, within=MOMENT)


def find_send(issue_id: int) -> Send | None:
    """Return the run of an issue, or None while it is not planned."""
    return db.session.scalar(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Send.issue_id == issue_id, Issue.begun_at.is_not(None))
    )


def _end_waits(send_id: int, issue_id: int) -> Iterator[int]:
    """Make due what waits for its back-off, some rows at a time, as long as the issue is paused."""
    some = (
        sa.select(Delivery.id)
        .where(
            Delivery.send_id == send_id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.due_at.is_not(None),
        )
        .limit(PORTION)
        .with_for_update(skip_locked=True)
    )
    is_paused = sa.exists().where(Issue.id == issue_id, Issue.state == IssueState.PAUSED)
    end = (
        sa.update(Delivery)
        .where(Delivery.id.in_(some), is_paused)
        .values(due_at=None)
        .execution_options(synchronize_session=False)
    )
    while ended := rows_changed(db.session.execute(end)):
        yield ended


def _let_go_on(send: Send) -> None:
    """Make due what nobody works on; who holds a batch finds out by its rows when it is due.

    Its owner prolongs several in one transaction: who waited here for one of them, and had
    another already, would keep him waiting and himself.
    """
    free = (
        sa.select(Batch.id)
        .where(Batch.send_id == send.id, ~Batch.is_done, Batch.leased_until.is_(None))
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id.in_(free))
        .values(due_at=AT_ONCE)
        .execution_options(synchronize_session=False)
    )
