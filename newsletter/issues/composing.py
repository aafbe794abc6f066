"""Putting an issue together: every save is a revision, and nobody overwrites anybody silently."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, NotFound, Refused, StaleVersion
from newsletter.extensions import db, rows_changed
from newsletter.issues import content, texts
from newsletter.issues.content import Content, ItemRow
from newsletter.issues.models import Edition, Issue, IssueRow, IssueState, Revision
from newsletter.issues.texts import Texts
from newsletter.library import catalogue
from newsletter.library.models import Item
from newsletter.subscriptions.models import MailingList

MAX_ITEMS = 100
"""Items that one issue may hold."""

BASKET_SIZE = 100
"""Items that the basket offers, newest first."""

EDITABLE = (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED)


@dataclass(frozen=True)
class Choice:
    """An item in the basket and the numbers of the issues that it was sent in, latest last."""

    item: Item
    sent_in: tuple[int, ...]


def create_issue(
    mailing_list: MailingList,
    *,
    subject: str,
    preheader: str = "",
    introduction: str = "",
    items: Sequence[str] = (),
    topics: Sequence[str] = (),
    by: Editor | None,
    now: datetime,
) -> Issue:
    """Start an issue with one edition, in the list's default language, and its first revision.

    `items` and `topics` are slugs, items in their order. Raises InvalidInput
    naming the field for what cannot be used. An unfinished issue is welcome:
    what it lacks is a finding before sending.
    """
    words = texts.checked(subject, preheader, introduction)
    issue = Issue(
        mailing_list=mailing_list,
        editions=[_write(Edition(language=mailing_list.default_language), words)],
        topics=catalogue.find_topics(topics),
        created_by_id=by.id if by else None,
        created_at=now,
        updated_at=now,
        version=1,
    )
    _place(issue, _chosen(items))
    db.session.add(issue)
    db.session.flush()
    _keep_revision(issue, by=by, now=now)
    return issue


def save_issue(
    issue: Issue,
    *,
    based_on_version: int,
    subject: str,
    preheader: str,
    introduction: str,
    items: Sequence[str],
    topics: Sequence[str],
    mailing_list: MailingList | None = None,
    by: Editor | None,
    now: datetime,
) -> Issue:
    """Save the whole of an issue as a new revision, which withdraws any approval.

    Raises StaleVersion when somebody saved since `based_on_version`, Refused
    when the issue is beyond editing, InvalidInput for what cannot be used;
    then nothing of it is kept.
    """
    chosen, themes = _chosen(items), catalogue.find_topics(topics)
    words = texts.checked(subject, preheader, introduction)
    _take_version(issue, based_on_version, now=now)
    if mailing_list is not None:
        issue.mailing_list = mailing_list
        issue.editions[0].language = mailing_list.default_language
    _write(issue.editions[0], words)
    _place(issue, chosen)
    issue.topics = themes
    db.session.flush()
    _keep_revision(issue, by=by, now=now)
    return issue


def find_issue(number: int) -> Issue:
    """Return the issue with this number; raise NotFound."""
    issue = db.session.get(Issue, number) if 0 < number < 2**31 else None
    if issue is None:
        raise NotFound(no_such_issue(number))
    return issue


def no_such_issue(number: int) -> str:
    """Return the sentence about an issue that does not exist, or not for who asks."""
    return f"There is no issue {number}."


def newest_issues(most: int = 200, *, lists: frozenset[int] | None = None) -> Sequence[Issue]:
    """Return the newest `most` issues, of `lists` if they are given, with lists and editions."""
    question = (
        sa.select(Issue)
        .options(selectinload(Issue.mailing_list), selectinload(Issue.editions))
        .order_by(Issue.id.desc())
        .limit(most)
    )
    if lists is not None:
        question = question.where(Issue.mailing_list_id.in_(lists))
    return db.session.scalars(question).all()


def content_of(issue: Issue) -> Content:
    """Return what the issue says now, with its items as the library has them now."""
    edition = issue.editions[0]
    return Content(
        subject=edition.subject,
        preheader=edition.preheader,
        introduction=edition.introduction,
        rows=tuple(_item_row(row.item) for row in issue.rows),
        language=edition.language,
    )


def approved_content(issue: Issue) -> Content:
    """Return what was approved, as it was then; raise Refused where nothing is approved."""
    plain = db.session.scalar(
        sa.select(Revision.content).where(
            Revision.issue_id == issue.id, Revision.version == issue.approved_version
        )
    )
    if plain is None:
        raise Refused(f"Issue {issue.id} is not approved. Approve it first.")
    return content.from_json(plain)


def keep_current(issue: Issue, *, by: Editor | None, now: datetime) -> int:
    """Make sure that the newest revision is what the issue says now; return its version.

    The library may have changed an item since the last save; what is approved
    is what can be seen, so that difference becomes a revision of its own.
    """
    latest = db.session.scalar(
        sa.select(Revision.content).where(
            Revision.issue_id == issue.id, Revision.version == issue.version
        )
    )
    if latest != content.to_json(content_of(issue)):
        _take_version(issue, issue.version, now=now)
        _keep_revision(issue, by=by, now=now)
    return issue.version


def basket(mailing_list: MailingList, *, issue: Issue | None = None) -> list[Choice]:
    """Return the items to choose from, newest first, with the issues that had them already.

    The items of `issue` are always among them, however old or withdrawn.
    """
    newest = (
        sa.select(Item.id)
        .where(Item.withdrawn_at.is_(None))
        .order_by(Item.published_on.desc(), Item.id.desc())
        .limit(BASKET_SIZE)
    )
    wanted: sa.ColumnElement[bool] = Item.id.in_(newest)
    if issue is not None:
        wanted |= Item.id.in_(sa.select(IssueRow.item_id).where(IssueRow.issue_id == issue.id))
    items = db.session.scalars(
        sa.select(Item)
        .where(wanted)
        .options(selectinload(Item.topics))
        .order_by(Item.published_on.desc(), Item.id.desc())
    ).all()
    sent = sent_in(mailing_list, [item.id for item in items], besides=issue)
    return [Choice(item, tuple(sent[item.id])) for item in items]


def sent_in(
    mailing_list: MailingList, item_ids: Sequence[int], *, besides: Issue | None = None
) -> dict[int, list[int]]:
    """Return by item id the numbers of the list's issues that took the item to readers."""
    found = db.session.execute(
        sa.select(IssueRow.item_id, Issue.id)
        .join(Issue, Issue.id == IssueRow.issue_id)
        .where(
            Issue.mailing_list_id == mailing_list.id,
            Issue.begun_at.is_not(None),
            IssueRow.item_id.in_(item_ids),
            Issue.id != (besides.id if besides else None),
        )
        .order_by(Issue.id)
    )
    numbers: dict[int, list[int]] = defaultdict(list)
    for item_id, number in found:
        numbers[item_id].append(number)
    return numbers


def _chosen(slugs: Sequence[str]) -> list[Item]:
    unique = list(dict.fromkeys(slugs))
    if len(unique) > MAX_ITEMS:
        raise InvalidInput(f"An issue holds at most {MAX_ITEMS} items.", field="items")
    try:
        return catalogue.find_items(unique)
    except NotFound as exc:
        raise InvalidInput(str(exc), field="items") from exc


def _write(edition: Edition, words: Texts) -> Edition:
    edition.subject = words.subject
    edition.preheader = words.preheader
    edition.introduction = words.introduction
    return edition


def _place(issue: Issue, items: Sequence[Item]) -> None:
    """Put `items` into the issue in this order, keeping the rows that are there already."""
    known = {row.item_id: row for row in issue.rows}
    rows = [known.get(item.id) or IssueRow(item=item) for item in items]
    for position, row in enumerate(rows, start=1):
        row.position = position
    issue.rows = rows


def _take_version(issue: Issue, based_on_version: int, *, now: datetime) -> None:
    """Move the issue one version on, if nobody did so meanwhile: the database decides."""
    taken = db.session.execute(
        sa.update(Issue)
        .where(
            Issue.id == issue.id,
            Issue.version == based_on_version,
            Issue.state.in_(EDITABLE),
        )
        .values(
            version=based_on_version + 1,
            state=IssueState.DRAFT,
            approved_version=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(issue)
    if rows_changed(taken) == 1:
        return
    if issue.state not in EDITABLE:
        raise Refused(_why_not_editable(issue))
    raise StaleVersion(yours=based_on_version, theirs=issue.version)


def _why_not_editable(issue: Issue) -> str:
    if issue.state is IssueState.SCHEDULED:
        return f"Issue {issue.id} is scheduled and cannot be changed. Stop it first, then edit it."
    if issue.state in (IssueState.SENDING, IssueState.PAUSED):
        return (
            f"Issue {issue.id} is on its way, and what was approved is what goes out. "
            "Send what you want to add as a new issue."
        )
    return f"Issue {issue.id} is {issue.state} and cannot be changed. Begin a new issue instead."


def _keep_revision(issue: Issue, *, by: Editor | None, now: datetime) -> None:
    db.session.add(
        Revision(
            issue_id=issue.id,
            version=issue.version,
            content=content.to_json(content_of(issue)),
            saved_at=now,
            saved_by_id=by.id if by else None,
        )
    )
    db.session.flush()


def _item_row(item: Item) -> ItemRow:
    return ItemRow(
        slug=item.slug,
        kind=item.kind,
        title=item.title,
        summary=item.summary,
        url=item.url,
        published_on=item.published_on,
        language=item.language,
    )
