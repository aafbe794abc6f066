"""After a backup was put back: what waits in it may have been sent since (STANDARDS XH28)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import closing
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.delivery.reasons import AGAIN
from newsletter.extensions import Base, db, rows_changed
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import Subscriber, Subscription

log = logging.getLogger(__name__)

SKIPPED = 1_000_000
"""How many numbers are left out of those that links carry: more than anybody used since."""

UNKNOWN = (
    "The database was restored from a backup that was made while this waited. "
    "It may have been sent since."
)
BEGUN = (
    "The database was restored from a backup that was made while this issue was being sent. Who "
    "had not got it then is uncertain now. Decide what becomes of them, then resume or cancel it."
)
DUE = (
    "The database was restored from a backup, and this issue was due before that. It may have "
    "been sent since. Resume it to send it to everybody, or cancel it."
)


@dataclass(frozen=True)
class Restored:
    """What was found: issues on their way, rows that are uncertain now, issues that were due."""

    begun: Sequence[int]
    uncertain: int
    due: Sequence[int]


def after_restore(*, now: datetime) -> Restored:
    """Send nothing that the backup calls open: it becomes uncertain, and its issues pause.

    What still waited of an issue that was cancelled by then is cancelled. Issues that
    were due before now pause, too. Numbers that links carry go on far beyond the backup's,
    so that a link mailed since means nobody else. For a moment in which nothing else runs;
    doing it twice is harmless.
    """
    sends = db.session.scalars(
        sa.select(Send)
        .join(Issue, Issue.id == Send.issue_id)
        .where(Send.finished_at.is_(None), Issue.begun_at.is_not(None))
        .order_by(Send.id)
    ).all()
    uncertain = sum(_doubt(send, now=now) for send in sends)
    begun = [send.issue_id for send in sends if send.issue.state is not IssueState.CANCELLED]
    for send in sends:
        if send.issue.state is IssueState.SENDING:
            workflow.pause(send.issue, BEGUN, now=now)
        elif send.issue.state is IssueState.PAUSED:
            send.issue.pause_reason = BEGUN
    due = workflow.due_issues(now=now)
    for issue in due:
        workflow.pause(issue, DUE, now=now)
    for model in (Subscriber, Subscription, Delivery):
        _skip_numbers(model)
    db.session.flush()
    log.info("restored: issues %s begun, %s rows uncertain", begun, uncertain)
    return Restored(begun, uncertain, [issue.id for issue in due])


def _doubt(send: Send, *, now: datetime) -> int:
    if send.issue.state is IssueState.CANCELLED:
        _cancel_unsent(send, now=now)
    doubted = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.send_id == send.id, Delivery.state.in_(closing.OPEN))
        .values(state=DeliveryState.UNCERTAIN, due_at=None, finished_at=now, reason=UNKNOWN)
        .execution_options(synchronize_session=False)
    )
    # A higher number, so that no sender of before can write any more.
    db.session.execute(
        sa.update(Batch)
        .where(Batch.send_id == send.id, ~Batch.is_done)
        .values(is_done=True, leased_until=None, lease=Batch.lease + 1)
        .execution_options(synchronize_session=False)
    )
    return rows_changed(doubted)


def _cancel_unsent(send: Send, *, now: datetime) -> None:
    """Cancel what waits and was never sent: after the backup nobody sent it either."""
    db.session.execute(
        sa.update(Delivery)
        .where(
            Delivery.send_id == send.id,
            Delivery.state == DeliveryState.WAITING,
            ~Delivery.reason.startswith(AGAIN),
        )
        .values(
            state=DeliveryState.CANCELLED,
            due_at=None,
            finished_at=now,
            merge_values=sa.null(),
            reason=closing.CANCELLED,
        )
        .execution_options(synchronize_session=False)
    )


def _skip_numbers(model: type[Base]) -> None:
    table = model.__tablename__
    if db.engine.dialect.name == "sqlite":
        db.session.execute(
            sa.text("UPDATE sqlite_sequence SET seq = seq + :skipped WHERE name = :name"),
            {"skipped": SKIPPED, "name": table},
        )
        return
    sequence = sa.func.pg_get_serial_sequence(table, "id")
    db.session.execute(sa.select(sa.func.setval(sequence, sa.func.nextval(sequence) + SKIPPED)))
