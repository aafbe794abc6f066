"""Pause, resume, cancel: what a person may do while an issue is being sent.

Each is the issue's own move and what it means for the rows that wait, in one
transaction. The couriers look before each recipient and act within two seconds.
"""

from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import closing, pacing, resolving
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue


def pause(issue: Issue, *, reason: str = "") -> None:
    """Stop sending between two recipients; raise Refused if the issue is not being sent.

    `reason` is a sentence for the editors; it stays empty when a person pauses.
    """
    workflow.pause(issue, reason)


def resume(issue: Issue, *, now: datetime) -> None:
    """Go on exactly where it stopped.

    A person has looked: rows that wait for their back-off are due at once, and
    providers that were held are written to again.
    """
    workflow.resume(issue, now=now)
    send = find_send(issue.id)
    if send is not None:
        send.resumed_at = now
        _end_waits(send)
        pacing.end_holds()


def cancel(issue: Issue, *, now: datetime) -> None:
    """End the issue for good: who has not got it will not; what is in flight ends by itself."""
    workflow.cancel(issue)
    send = find_send(issue.id)
    if send is not None:
        resolving.doubt_again(send, now=now)
        closing.cancel_waiting(send, now=now)


def find_send(issue_id: int) -> Send | None:
    """Return the run of an issue, or None while it is not planned."""
    return db.session.scalar(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Send.issue_id == issue_id, Issue.begun_at.is_not(None))
    )


def _end_waits(send: Send) -> None:
    db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.send_id == send.id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.due_at.is_not(None),
        )
        .values(due_at=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        sa.update(Batch)
        .where(Batch.send_id == send.id, ~Batch.is_done)
        .values(due_at=AT_ONCE)
        .execution_options(synchronize_session=False)
    )
