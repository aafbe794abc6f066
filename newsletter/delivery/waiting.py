"""How long mail has waited: the oldest row of a run that could go and has not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState


def sends_being_sent() -> Sequence[Send]:
    """Return the runs whose issues are being sent; paused ones wait on purpose."""
    return db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Issue.state == IssueState.SENDING)
        .order_by(Send.id)
    ).all()


def sends_held() -> Sequence[Send]:
    """Return the runs that wait until the relay answers."""
    return db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Issue.state == IssueState.PAUSED, workflow.waits_for_relay())
        .order_by(Send.id)
    ).all()


def waits_since(send: Send) -> datetime:
    """Return since when rows without a time of their own wait: planned, or let go on."""
    return max(send.planned_at, send.resumed_at or send.planned_at)


def oldest_wait(send: Send, *, now: datetime) -> timedelta | None:
    """Return for how long the oldest row that is due has waited; None if none is due.

    A row that was deferred waits since it is due again, not since it was planned.
    """
    began = waits_since(send)
    if db.session.scalar(sa.select(_waiting(send, Delivery.due_at.is_(None)).exists())):
        return max(now - began, timedelta(0))
    due_at = db.session.scalar(
        _waiting(send, Delivery.due_at <= now).with_only_columns(sa.func.min(Delivery.due_at))
    )
    return None if due_at is None else now - max(due_at, began)


def held_up(send: Send, *, now: datetime) -> timedelta | None:
    """Return for how long a row that is due has waited while nothing of its run was sent.

    In a large issue most rows wait for their turn, which comes nearer with every
    message: that is no trouble, however long it takes. None if no row is due.
    """
    waited = oldest_wait(send, now=now)
    sent_at = _last_sent_at(send)
    if waited is None or sent_at is None:
        return waited
    return min(waited, max(now - sent_at, timedelta(0)))


def _last_sent_at(send: Send) -> datetime | None:
    return db.session.scalar(
        sa.select(sa.func.max(Delivery.finished_at)).where(
            Delivery.send_id == send.id,
            Delivery.state == DeliveryState.SENT,
            # What is final has no due time; saying so makes it the end of a range of the index.
            Delivery.due_at.is_(None),
        )
    )


def deferred(send: Send, *, now: datetime) -> int:
    """Return how many rows wait for another try that is not due yet."""
    return (
        db.session.scalar(_waiting(send, Delivery.due_at > now).with_only_columns(sa.func.count()))
        or 0
    )


def ended_since(send: Send, since: datetime, *states: DeliveryState) -> int:
    """Return how many rows came to one of these ends since then, along an index."""
    counts = [
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(
            Delivery.send_id == send.id,
            Delivery.state == state,
            # What is final has no due time; saying so lets the index find the last minute.
            Delivery.due_at.is_(None),
            Delivery.finished_at > since,
        )
        .scalar_subquery()
        for state in states
    ]
    return sum(db.session.execute(sa.select(*counts)).one())


def _waiting(send: Send, due: sa.ColumnElement[bool]) -> sa.Select[int]:
    return sa.select(Delivery.id).where(
        Delivery.send_id == send.id, Delivery.state == DeliveryState.WAITING, due
    )
