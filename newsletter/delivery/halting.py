"""Pausing what is being sent when every further mail would meet the same fault."""

import logging
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import alarms
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)


def pause(issue_id: int, reason: str, *, now: datetime) -> None:
    """Pause one issue and tell the editors why; commits. Once is enough for many senders."""
    if alarms.pause_and_tell(db.session.get_one(Issue, issue_id), reason, now=now):
        log.error("issue %s pauses: %s", issue_id, reason)
    db.session.commit()


def pause_all(reason: str, *, now: datetime) -> None:
    """Pause every issue that is being sent; commits."""
    sending = db.session.scalars(
        sa.select(Issue.id).where(Issue.state == IssueState.SENDING).order_by(Issue.id)
    ).all()
    if not sending:
        db.session.commit()
    for issue_id in sending:
        pause(issue_id, reason, now=now)
