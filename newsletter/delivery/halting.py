"""Holding what is being sent: for a person to mend a fault, or until the relay answers again."""

import logging
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.delivery import alarms
from newsletter.delivery.backoff import AT_ONCE
from newsletter.delivery.models import Batch, Send
from newsletter.errors import Refused
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState

log = logging.getLogger(__name__)

WORDS = 350
"""Characters of the longest reason that is kept, before the sentence that ends it."""


def pause(issue_id: int, reason: str, *, now: datetime) -> None:
    """Pause one issue and tell the editors why; commits. Once is enough for many senders."""
    if alarms.pause_and_tell(db.session.get_one(Issue, issue_id), reason, now=now):
        log.error("issue %s pauses: %s", issue_id, reason)
    db.session.commit()


def pause_all(reason: str, *, now: datetime) -> None:
    """Pause every issue that is being sent, or waits for the relay, for a person; commits."""
    for issue_id in _numbers(_is_sent() | _is_held()):
        pause(issue_id, reason, now=now)
    db.session.commit()


def until_the_relay_answers(words: str) -> str:
    """Return the reason of issues that wait for the relay; `words` say what is wrong with it."""
    return f"{words[:WORDS]} {workflow.BY_ITSELF}"


def say_why(reason: str) -> bool:
    """Write on all issues being sent, or held until the relay answers, why they wait; commits.

    True if one did not say so yet: it was begun, or a person resumed it, only just.
    What somebody else is writing to is left for the next time.
    """
    is_new = False
    for issue_id in _numbers((_is_sent() | _is_held()) & (Issue.pause_reason != reason)):
        said = _take(issue_id, _is_sent() | _is_held())
        if said is not None:
            is_new = is_new or not said
            db.session.execute(
                sa.update(Issue)
                .where(Issue.id == issue_id)
                .values(pause_reason=reason)
                .execution_options(synchronize_session=False)
            )
        # Each by itself: of two that do this at once neither waits for what the other holds.
        db.session.commit()
    db.session.commit()
    return is_new


def hold_all(reason: str, *, now: datetime) -> None:
    """Pause every issue that is being sent until the relay answers, and tell; commits.

    What somebody else is writing to is left for the next time.
    """
    for issue_id in _numbers(_is_sent()):
        if _take(issue_id, _is_sent()) is not None:
            issue = db.session.get_one(Issue, issue_id)
            workflow.wait_for_relay(issue, reason)
            log.error("issue %s waits for the relay: %s", issue_id, reason)
            alarms.note_held(issue, now=now)
        db.session.commit()
    db.session.commit()


def is_any_waiting() -> bool:
    """Tell whether it is said of an issue that it waits for the relay."""
    return bool(_numbers(_says_so() | _is_held()))


def is_any_held() -> bool:
    """Tell whether an issue is paused until the relay answers."""
    return bool(_numbers(_is_held()))


def go_on(*, now: datetime) -> None:
    """Let everything go on that waits for the relay, which answers; commits.

    What a person paused meanwhile stays paused. What somebody else is writing to is
    left for the next time.
    """
    for issue_id in _numbers(_says_so() | _is_held()):
        if _take(issue_id, _says_so() | _is_held()) is not None:
            _let_go_on(db.session.get_one(Issue, issue_id), now=now)
            _wake(issue_id)
        db.session.commit()


def _let_go_on(issue: Issue, *, now: datetime) -> None:
    db.session.execute(
        sa.update(Issue)
        .where(Issue.id == issue.id, _says_so())
        .values(pause_reason="")
        .execution_options(synchronize_session=False)
    )
    try:
        workflow.go_on(issue)
    except Refused:
        # It was not paused yet, or somebody else was faster.
        return
    log.info("issue %s goes on: the relay answers", issue.id)
    alarms.tell_going_on(issue, now=now)


def _wake(issue_id: int) -> None:
    """Make batches due that were put off until the relay would be called again."""
    send_id = sa.select(Send.id).where(Send.issue_id == issue_id).scalar_subquery()
    db.session.execute(
        sa.update(Batch)
        .where(
            Batch.send_id == send_id,
            ~Batch.is_done,
            Batch.leased_until.is_(None),
            Batch.due_at > AT_ONCE,
        )
        .values(due_at=AT_ONCE)
        .execution_options(synchronize_session=False)
    )


def _take(issue_id: int, condition: sa.ColumnElement[bool]) -> str | None:
    """Lock an issue and return its reason; None if it is locked, or not like that any more.

    Somebody frozen who holds one issue must not keep us from the others.
    """
    return db.session.scalar(
        sa.select(Issue.pause_reason)
        .where(Issue.id == issue_id, condition)
        .with_for_update(skip_locked=True)
    )


def _numbers(which: sa.ColumnElement[bool]) -> Sequence[int]:
    return db.session.scalars(sa.select(Issue.id).where(which).order_by(Issue.id)).all()


def _is_sent() -> sa.ColumnElement[bool]:
    return Issue.state == IssueState.SENDING


def _says_so() -> sa.ColumnElement[bool]:
    return _is_sent() & workflow.waits_for_relay()


def _is_held() -> sa.ColumnElement[bool]:
    return (Issue.state == IssueState.PAUSED) & workflow.waits_for_relay()
