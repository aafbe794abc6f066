"""What the clock does about senders that stopped: end their leases, settle what they left."""

import logging
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import closing, leases
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
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
    uncertain = _settle(leases.end_expired(now=now), now=now)
    for send in _cancelled_but_open():
        closing.cancel_waiting(send, now=now, within=WHILE)
    closing.finish_done(now=now)
    return uncertain


def _settle(batch_ids: Sequence[int], *, now: datetime) -> int:
    """Doubt what was in flight in these batches; return how many rows.

    A row that somebody holds stays as it is: the batch's next owner leaves it
    to a later sweep.
    """
    if not batch_ids:
        return 0
    in_doubt = db.session.scalars(
        sa.select(Delivery.id)
        .where(Delivery.batch_id.in_(batch_ids), Delivery.state == DeliveryState.IN_FLIGHT)
        .order_by(Delivery.id)
        .with_for_update(skip_locked=True)
    ).all()
    if in_doubt:
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(in_doubt))
            .values(state=DeliveryState.UNCERTAIN, finished_at=now, reason=STOPPED_WORKING)
            .execution_options(synchronize_session=False)
        )
    closing.close_batches(Batch.id.in_(batch_ids))
    log.warning(
        "%s batches freed, %s deliveries uncertain: their sender stopped",
        len(batch_ids),
        len(in_doubt),
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
