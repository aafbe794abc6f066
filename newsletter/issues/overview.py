"""Lists of issues for the desk: what there is, what waits, what was last."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter import searching
from newsletter.accounts import Editor
from newsletter.extensions import db
from newsletter.issues import merge_fields
from newsletter.issues.models import Edition, Issue, IssueKind, IssueState, Revision
from newsletter.searching import Index
from newsletter.subscriptions.models import MailingList

PER_PAGE = 30

MOST_OPEN = 100
"""Issues that are neither sent nor cancelled and are shown at once."""

OVER = (IssueState.SENT, IssueState.CANCELLED)


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
    # Of the newest version; and who was asked to approve it, if one person was.
    saved_by_id: int | None
    saved_by: str
    asked_id: int | None
    asked: str

    @property
    def title(self) -> str:
        """Return the subject as it reads to nobody in particular."""
        return merge_fields.neutral(self.subject)


def lines(
    *,
    states: Collection[IssueState] = (),
    lists: frozenset[int] | None = None,
    year: int | None = None,
    page: int = 1,
) -> tuple[list[Line], bool]:
    """Return one page of issues, the newest number first, and whether there are older ones.

    With `states`, only issues in one of them; with `lists`, of these mailing lists only;
    with `year`, those that were sent or, if they were not, last saved in it.
    """
    question = _select(lists).order_by(Issue.id.desc()).limit(PER_PAGE + 1)
    if states:
        question = question.where(Issue.state.in_(states))
    if year is not None:
        moment = sa.func.coalesce(Issue.sent_at, Issue.updated_at)
        question = question.where(moment >= _new_year(year), moment < _new_year(year + 1))
    found = db.session.execute(question.offset((max(page, 1) - 1) * PER_PAGE)).all()
    return [Line(*row) for row in found[:PER_PAGE]], len(found) > PER_PAGE


def open_lines(*, lists: frozenset[int] | None = None) -> list[Line]:
    """Return the issues that are neither sent nor cancelled, the newest number first.

    Digests on their way are among them, and come last.
    """
    question = (
        _select(lists, digests=True).where(Issue.state.not_in(OVER)).order_by(Issue.id.desc())
    )
    return [Line(*row) for row in db.session.execute(question.limit(MOST_OPEN))]


def find_by_words(
    search: str, *, lists: frozenset[int] | None = None, most: int = PER_PAGE
) -> list[Line]:
    """Return the issues whose newest version has all words of a search, the best first."""
    found = searching.best(Index.ISSUES, search)
    question = _select(lists).join(found, found.c.id == Issue.id).limit(most)
    rows = db.session.execute(question.order_by(found.c.place, found.c.id.desc()))
    return [Line(*row) for row in rows]


def find_by_number(number: int, *, lists: frozenset[int] | None = None) -> Line | None:
    """Return the issue with this number, or None."""
    found = db.session.execute(_select(lists).where(Issue.id == number)).first()
    return Line(*found) if found else None


def years(*, lists: frozenset[int] | None = None) -> list[int]:
    """Return the years from the first issue to the newest, the newest first."""
    question = sa.select(sa.func.min(Issue.created_at), sa.func.max(Issue.updated_at)).where(
        Issue.kind == IssueKind.ISSUE
    )
    if lists is not None:
        question = question.where(Issue.mailing_list_id.in_(lists))
    first, last = db.session.execute(question).one()
    return list(range(last.year, first.year - 1, -1)) if first else []


def last_sent(*, lists: frozenset[int] | None = None) -> Line | None:
    """Return the issue that was finished last, of `lists` if they are given, or None."""
    found = db.session.execute(
        _select(lists)
        .where(Issue.state == IssueState.SENT)
        .order_by(Issue.sent_at.desc(), Issue.id.desc())
        .limit(1)
    ).first()
    return Line(*found) if found else None


def latest_list(known: Sequence[MailingList]) -> str:
    """Return the short name of the list that the newest issue is for, the first one without any."""
    latest = db.session.scalar(
        sa.select(MailingList.slug)
        .join(Issue, Issue.mailing_list_id == MailingList.id)
        .where(MailingList.id.in_([one.id for one in known]), Issue.kind == IssueKind.ISSUE)
        .order_by(Issue.id.desc())
        .limit(1)
    )
    return latest or known[0].slug


def _select(lists: frozenset[int] | None, *, digests: bool = False) -> sa.Select[*tuple[Any, ...]]:
    subject = (
        sa.select(Edition.subject)
        .where(Edition.issue_id == Issue.id)
        .order_by(Edition.position)
        .limit(1)
        .scalar_subquery()
    )
    saver, asked = aliased(Editor), aliased(Editor)
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
        saver.id,
        sa.func.coalesce(sa.func.nullif(saver.name, ""), saver.email, ""),
        asked.id,
        sa.func.coalesce(sa.func.nullif(asked.name, ""), asked.email, ""),
    )
    question = (
        question.join(MailingList, MailingList.id == Issue.mailing_list_id)
        .outerjoin(
            Revision, sa.and_(Revision.issue_id == Issue.id, Revision.version == Issue.version)
        )
        .outerjoin(saver, saver.id == Revision.saved_by_id)
        .outerjoin(asked, asked.id == Issue.review_asked_of_id)
    )
    if not digests:
        question = question.where(Issue.kind == IssueKind.ISSUE)
    return question if lists is None else question.where(Issue.mailing_list_id.in_(lists))


def _new_year(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)
