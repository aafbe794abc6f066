"""Lists of issues for the desk: what there is, what waits, what was last."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.issues.models import Edition, Issue, IssueState
from newsletter.subscriptions.models import MailingList

PER_PAGE = 30


@dataclass(frozen=True)
class Line:
    """One issue in a list; `send_at` is a wall time in `zone`."""

    number: int
    list_name: str
    subject: str
    state: IssueState
    updated_at: datetime
    send_at: datetime | None
    zone: str | None
    sent_at: datetime | None
    pause_reason: str


def lines(
    *,
    states: Collection[IssueState] = (),
    lists: frozenset[int] | None = None,
    page: int = 1,
) -> tuple[list[Line], bool]:
    """Return one page of issues, the newest number first, and whether there are older ones.

    With `states`, only issues in one of them; with `lists`, of these mailing lists only.
    """
    question = _select(lists).order_by(Issue.id.desc()).limit(PER_PAGE + 1)
    if states:
        question = question.where(Issue.state.in_(states))
    found = db.session.execute(question.offset((max(page, 1) - 1) * PER_PAGE)).all()
    return [Line(*row) for row in found[:PER_PAGE]], len(found) > PER_PAGE


def last_sent(*, lists: frozenset[int] | None = None) -> Line | None:
    """Return the issue that was finished last, of `lists` if they are given, or None."""
    found = db.session.execute(
        _select(lists)
        .where(Issue.state == IssueState.SENT)
        .order_by(Issue.sent_at.desc(), Issue.id.desc())
        .limit(1)
    ).first()
    return Line(*found) if found else None


def _select(lists: frozenset[int] | None) -> sa.Select[*tuple[Any, ...]]:
    subject = (
        sa.select(Edition.subject)
        .where(Edition.issue_id == Issue.id)
        .order_by(Edition.position)
        .limit(1)
        .scalar_subquery()
    )
    question = sa.select(
        Issue.id,
        MailingList.name,
        sa.func.coalesce(subject, ""),
        Issue.state,
        Issue.updated_at,
        Issue.send_at,
        Issue.zone,
        Issue.sent_at,
        Issue.pause_reason,
    ).join(MailingList, MailingList.id == Issue.mailing_list_id)
    return question if lists is None else question.where(Issue.mailing_list_id.in_(lists))
