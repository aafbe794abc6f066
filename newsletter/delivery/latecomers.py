"""Answers that came after their row was given up: it was not sent, so it is tried again.

A database may be away for longer than a lease. Then a sweep calls uncertain what the
relay had refused for now, or what no dot was written for, and whoever knows better
says so here (STANDARDS 5.2 clause 6).
"""

import logging
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import resolving
from newsletter.delivery.ledger import Answer
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.extensions import db, rows_changed
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)


def hear(answer: Answer, *, now: datetime) -> bool:
    """Let an uncertain row wait again that is known not to have been sent; commits.

    Of a cancelled issue it is cancelled. Returns False for a row that is not
    uncertain, or whose batch somebody claimed since: the doubt may be theirs.
    """
    # Whoever ends this run, because nothing is open in it, waits until it is.
    send = db.session.scalars(
        sa.select(Send)
        .join(Delivery, Delivery.send_id == Send.id)
        .where(Delivery.id == answer.delivery_id)
        .with_for_update(of=Send)
    ).one_or_none()
    heard = send is not None and _hear(send, answer, now=now)
    db.session.commit()
    if heard:
        log.info("delivery %s: not sent after all", answer.delivery_id)
    return heard


def _hear(send: Send, answer: Answer, *, now: datetime) -> bool:
    issue = db.session.get_one(Issue, send.issue_id, populate_existing=True)
    is_cancelled = issue.state is IssueState.CANCELLED
    is_again = Delivery.reason.startswith(AGAIN)
    batch_id = answer.lease.batch_id
    batch = db.session.scalars(sa.select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    # The sweep raised the number once.
    if batch.lease != answer.lease.token + 1:
        return False
    changed = db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.id == answer.delivery_id,
            Delivery.state == DeliveryState.UNCERTAIN,
            Delivery.attempts == answer.attempt,
            # What became of an earlier attempt nobody knows, and no further one will tell.
            *([~is_again] if is_cancelled else []),
        )
        .values(
            state=DeliveryState.CANCELLED if is_cancelled else DeliveryState.WAITING,
            attempts=answer.attempt - 1 if answer.is_undone else answer.attempt,
            due_at=None if is_cancelled else answer.due_at,
            finished_at=now if is_cancelled else None,
            reply_code=answer.code,
            reply_status=answer.status[:12],
            reason=sa.case((is_again, Delivery.reason), else_=answer.reason[:500]),
        )
        .execution_options(synchronize_session=False)
    )
    if not rows_changed(changed):
        return False
    if not is_cancelled:
        resolving.reopen(issue, send, [batch_id], now=now)
    return True
