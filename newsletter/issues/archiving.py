"""The issues that anybody may read: those sent to public lists, in each of their languages."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues import editions, merge_fields
from newsletter.issues.models import Edition, Issue, IssueKind, IssueState, issue_item
from newsletter.library.models import Item
from newsletter.marking import marked
from newsletter.subscriptions.models import MailingList

PER_PAGE = 20

YEARS = range(1, 9999)
"""Years that a calendar of ours has, the next one included."""

Question = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Entry:
    """One line of the archive, and one entry of a feed, in one of the issue's languages.

    `corrected_at` is when its last correction began to go out.
    """

    number: int
    list_name: str
    languages: tuple[str, ...]
    language: str
    subject: str
    preheader: str
    sent_at: datetime
    corrected_at: datetime | None

    @property
    def changed_at(self) -> datetime:
        """When its page last said something new."""
        return max(self.sent_at, self.corrected_at or self.sent_at)


@dataclass(frozen=True)
class _Line:
    """What one edition of an issue is called."""

    language: str
    subject: str
    preheader: str


def entries(
    *, page: int = 1, year: int = 0, list_slug: str = "", language: str = ""
) -> tuple[list[Entry], bool]:
    """Return one page of sent issues, newest first, and whether there are older ones.

    Each is told in `language` if it has an edition in that, else in its first one.
    """
    question = _of_year(_of_list(_sent(), list_slug), year)
    found = _told(
        _newest_first(question).limit(PER_PAGE + 1).offset((page - 1) * PER_PAGE), language
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


def latest(most: int, *, list_slug: str = "", language: str = "") -> Sequence[Entry]:
    """Return the newest `most` entries."""
    return _told(_newest_first(_of_list(_sent(), list_slug)).limit(most), language)


def last_changed(most: int, *, list_slug: str = "", language: str = "") -> Sequence[Entry]:
    """Return the `most` entries that said something new last: a correction counts."""
    question = _of_list(_sent(), list_slug)
    changed_at = sa.func.coalesce(_corrected_at(), Issue.sent_at)
    return _told(question.order_by(changed_at.desc(), Issue.id.desc()).limit(most), language)


def with_item(item: Item, *, language: str = "") -> Sequence[Entry]:
    """Return the issues that took an item to readers, the newest first, a page at most."""
    question = _sent().where(
        Issue.id.in_(sa.select(issue_item.c.issue_id).where(issue_item.c.item_id == item.id))
    )
    return _told(_newest_first(question).limit(PER_PAGE), language)


def years(*, list_slug: str = "") -> list[tuple[int, int]]:
    """Return each year in which issues were sent with their number, the newest first."""
    year = sa.cast(sa.extract("year", Issue.sent_at), sa.Integer)
    question = _of_list(_sent(year, sa.func.count(Issue.id)), list_slug)
    return [(row[0], row[1]) for row in db.session.execute(question.group_by(year).order_by(-year))]


def lists() -> Sequence[MailingList]:
    """Return the public lists that issues were sent to, the oldest first."""
    has_issues = sa.exists().where(
        Issue.mailing_list_id == MailingList.id,
        Issue.state == IssueState.SENT,
        Issue.kind == IssueKind.ISSUE,
    )
    return db.session.scalars(
        sa.select(MailingList).where(MailingList.is_public, has_issues).order_by(MailingList.id)
    ).all()


def neighbours(issue: Issue, *, language: str = "") -> tuple[Entry | None, Entry | None]:
    """Return the issues of the same list that were sent before and after this one."""
    if issue.sent_at is None:
        return None, None
    of_list = _sent().where(Issue.mailing_list_id == issue.mailing_list_id)
    here = sa.tuple_(sa.literal(issue.sent_at, Issue.sent_at.type), sa.literal(issue.id))
    place = sa.tuple_(Issue.sent_at, Issue.id)
    before = _told(_newest_first(of_list.where(place < here)).limit(1), language)
    later = of_list.where(place > here).order_by(Issue.sent_at, Issue.id).limit(1)
    after = _told(later, language)
    return next(iter(before), None), next(iter(after), None)


def find_public(number: int) -> Issue:
    """Return a public list's issue of which at least the first mail may have left.

    The web version in an e-mail must work from its first second, and after
    somebody cancelled the rest. Raises NotFound for every other issue alike.
    """
    issue = db.session.get(Issue, number)
    is_sent = issue is not None and issue.kind is IssueKind.ISSUE and issue.begun_at is not None
    if issue is None or not is_sent or not issue.mailing_list.is_public:
        raise NotFound(
            marked("There is no such issue here. The archive lists those that were sent.")
        )
    return issue


def numbers() -> Iterator[tuple[int, list[str], datetime]]:
    """Give number, languages and last change of every issue in the archive, the oldest first."""
    question = _sent(Issue.id, Issue.sent_at, _corrected_at()).order_by(Issue.id)
    found = db.session.execute(question).all()
    known = _lines_of([number for number, *_ in found])
    for number, sent_at, corrected_at in found:
        languages = [line.language for line in known[number]]
        yield number, languages, max(sent_at, corrected_at or sent_at)


def _sent(*columns: Any) -> Question:
    """Return the question for what was sent to public lists: for entries, or for `columns`."""
    told = (Issue.id, MailingList.name, Issue.sent_at, _corrected_at())
    return (
        sa.select(*(columns or told))
        .select_from(Issue)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .where(
            Issue.state == IssueState.SENT,
            Issue.kind == IssueKind.ISSUE,
            MailingList.is_public,
        )
    )


def _corrected_at() -> sa.ScalarSelect[datetime | None]:
    corrections = aliased(Issue)
    return (
        sa.select(sa.func.max(corrections.begun_at))
        .where(corrections.corrects_id == Issue.id)
        .correlate(Issue)
        .scalar_subquery()
    )


def _of_list(question: Question, slug: str) -> Question:
    return question.where(MailingList.slug == slug) if slug else question


def _of_year(question: Question, year: int) -> Question:
    if not year:
        return question
    if year not in YEARS:
        return question.where(sa.false())
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    return question.where(Issue.sent_at >= begins, Issue.sent_at < ends)


def _newest_first(question: Question) -> Question:
    return question.order_by(Issue.sent_at.desc(), Issue.id.desc())


def _told(question: Question, language: str) -> list[Entry]:
    rows = db.session.execute(question).all()
    said = _lines_of([row[0] for row in rows])
    return [
        _entry(number, name, sent_at, corrected_at, said[number], language)
        for number, name, sent_at, corrected_at in rows
        if sent_at and said[number]
    ]


def _lines_of(issue_ids: Collection[int]) -> dict[int, list[_Line]]:
    found = db.session.execute(
        sa.select(Edition.issue_id, Edition.language, Edition.subject, Edition.preheader)
        .where(Edition.issue_id.in_(issue_ids))
        .order_by(Edition.position)
    )
    lines: dict[int, list[_Line]] = defaultdict(list)
    for number, *line in found:
        lines[number].append(_Line(*line))
    return lines


def _entry(
    number: int,
    list_name: str,
    sent_at: datetime,
    corrected_at: datetime | None,
    lines: list[_Line],
    language: str,
) -> Entry:
    known = tuple(line.language for line in lines)
    line = lines[known.index(editions.nearest(known, language))]
    return Entry(
        number=number,
        list_name=list_name,
        languages=known,
        language=line.language,
        subject=merge_fields.neutral(line.subject),
        preheader=merge_fields.neutral(line.preheader),
        sent_at=sent_at,
        corrected_at=corrected_at,
    )
