"""The ends of batches and of whole runs, by whoever finds that nothing is open in them."""

import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import turns
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.errors import Refused
from newsletter.extensions import db, rows_changed
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)

OPEN = (DeliveryState.WAITING, DeliveryState.IN_FLIGHT)
"""The states that are not final."""

CANCELLED = "The issue was cancelled before this message was sent."


def cancel_waiting(send: Send, *, now: datetime, within: float = math.inf) -> int:
    """Cancel what still waits of a cancelled issue and return how many rows; commits, in turns.

    What is in flight ends by itself. So does what somebody holds at this moment, and what
    is left after `within` seconds: it is not sent any more, and a sweep cancels it.
    """
    return turns.take(_cancel(send.id, now=now), within=within)


def _cancel(send_id: int, *, now: datetime) -> Iterator[int]:
    """Cancel batch after batch and close those that nobody works on; give the rows of each."""
    still_open = db.session.scalars(
        sa.select(Batch.id).where(Batch.send_id == send_id, ~Batch.is_done).order_by(Batch.id)
    )
    for batch_id in still_open.all():
        cancelled = _cancel_in(batch_id, now=now)
        close_batches(Batch.id == batch_id, Batch.leased_until.is_(None))
        yield cancelled


def _cancel_in(batch_id: int, *, now: datetime) -> int:
    free = (
        sa.select(Delivery.id)
        .where(Delivery.batch_id == batch_id, Delivery.state == DeliveryState.WAITING)
        .with_for_update(skip_locked=True)
    )
    # What a person wants sent again is not known not to have been sent, as the rest is.
    may_have_it = Delivery.reason.startswith(AGAIN)
    ended = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(free))
        .values(
            state=sa.case(
                (may_have_it, DeliveryState.UNCERTAIN.value), else_=DeliveryState.CANCELLED.value
            ),
            finished_at=now,
            due_at=None,
            merge_values=sa.case((may_have_it, Delivery.merge_values), else_=sa.null()),
            reason=sa.case((may_have_it, Delivery.reason), else_=CANCELLED),
        )
        .execution_options(synchronize_session=False)
    )
    return rows_changed(ended)


def finish_done(*, now: datetime) -> None:
    """End every send with nothing open; its issue, if it was being sent, is now `sent`."""
    done = db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            Send.finished_at.is_(None),
            # Cancelled while it was planned, it never had readers.
            Issue.begun_at.is_not(None),
            Issue.state.in_([IssueState.SENDING, IssueState.CANCELLED]),
            ~sa.exists().where(Batch.send_id == Send.id, ~Batch.is_done),
        )
        # Of two couriers that close the last two batches, one does it; nobody waits for
        # somebody who froze with one of these rows in his hands: a sweep comes again.
        .with_for_update(of=[Send, Issue], key_share=True, skip_locked=True)
    ).all()
    for send in done:
        send.finished_at = now
        with suppress(Refused):
            # Somebody may cancel at this very moment: then it stays cancelled.
            workflow.finish(send.issue, now=now)
        db.session.flush()
        log.info("issue %s: all %s deliveries are final", send.issue_id, send.planned)


def close_batches(*which: sa.ColumnElement[bool]) -> None:
    """Mark those of the batches as done in which no row is open, but for who holds one now."""
    over = db.session.scalars(
        sa.select(Batch.id)
        .where(
            *which,
            ~Batch.is_done,
            ~sa.exists().where(Delivery.batch_id == Batch.id, Delivery.state.in_(OPEN)),
        )
        .with_for_update(skip_locked=True)
    ).all()
    if over:
        db.session.execute(
            sa.update(Batch)
            .where(Batch.id.in_(over))
            .values(is_done=True)
            .execution_options(synchronize_session=False)
        )
