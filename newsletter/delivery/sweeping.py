"""What the clock does about senders that stopped: end their leases, settle what they left."""

import logging
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import closing, leases
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)

WHILE = 3.0
"""Seconds that a sweep spends on the rows of one cancelled issue: leases must end, too."""

STOPPED_WORKING = (
    "The sending process stopped after it handed the message over and before the answer came. "
    "The relay may have it or not."
)


def sweep(*, now: datetime) -> int:
    """End leases that ran out, settle what their owners left; return the rows now uncertain.

    Also closes what was cancelled, and ends the sends that have nothing open.
    Running it twice, or in two processes, is harmless. Commits where there are rows to cancel.
    """
    freed = leases.end_expired(now=now)
    uncertain = _settle_abandoned(now=now)
    if freed:
        closing.close_batches(Batch.id.in_(freed))
        log.warning(
            "%s batches freed, %s deliveries uncertain: their sender stopped",
            len(freed),
            uncertain,
        )
    for send in _cancelled_but_open():
        closing.cancel_waiting(send, now=now, within=WHILE)
    closing.finish_done(now=now)
    return uncertain


def _settle_abandoned(*, now: datetime) -> int:
    """Doubt what is in flight in batches that nobody has; return how many rows.

    A row that somebody holds at this moment stays as it is for a later sweep.
    """
    in_doubt = db.session.scalars(
        sa.select(Delivery.id)
        .join(Batch, Batch.id == Delivery.batch_id)
        .join(Send, Send.id == Delivery.send_id)
        .where(
            Send.finished_at.is_(None),
            Delivery.state == DeliveryState.IN_FLIGHT,
            Batch.leased_until.is_(None),
        )
        .order_by(Delivery.id)
        .with_for_update(of=Delivery, skip_locked=True)
    ).all()
    if in_doubt:
        # Of an attempt before this one it may not be known either: that is not forgotten.
        both = Delivery.reason + " Then: " + STOPPED_WORKING
        is_again = Delivery.reason.startswith(AGAIN)
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(in_doubt))
            .values(
                state=DeliveryState.UNCERTAIN,
                finished_at=now,
                reason=sa.case((is_again, sa.func.substr(both, 1, 500)), else_=STOPPED_WORKING),
            )
            .execution_options(synchronize_session=False)
        )
        closing.close_batches(
            Batch.id.in_(sa.select(Delivery.batch_id).where(Delivery.id.in_(in_doubt)))
        )
    return len(in_doubt)


def _cancelled_but_open() -> Sequence[Send]:
    return db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(
            Issue.state == IssueState.CANCELLED,
            Issue.begun_at.is_not(None),
            Send.finished_at.is_(None),
        )
    ).all()
