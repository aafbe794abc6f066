"""Putting an issue together: every save is a revision, and nobody overwrites anybody silently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from newsletter import searching
from newsletter.accounts import Editor
from newsletter.errors import InvalidInput, NotFound, Refused, StaleVersion
from newsletter.extensions import db, rows_changed
from newsletter.issues import (
    composition,
    editing,
    editions,
    picking,
    pictures,
    revisions,
)
from newsletter.issues.composition import Composition
from newsletter.issues.models import Edition, Issue, IssueKind, IssueState, Revision, issue_item
from newsletter.issues.texts import Texts
from newsletter.library import catalogue
from newsletter.library.models import Item, Topic
from newsletter.searching import Index
from newsletter.subscriptions.models import MailingList

_COLUMNS = [attribute.key for attribute in sa.inspect(Issue).column_attrs]

EDITABLE = (IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED)


@dataclass(frozen=True)
class Saved:
    """What a save did: whether there is a new version, and whether an approval went with it."""

    is_new: bool
    withdrew_approval: bool


def create_issue(
    mailing_list: MailingList,
    *,
    subject: str = "",
    preheader: str = "",
    introduction: str = "",
    items: Sequence[str] = (),
    topics: Sequence[str] = (),
    corrects: Issue | None = None,
    by: Editor | None,
    now: datetime,
) -> Issue:
    """Start an issue with one edition, in the list's default language, and its first revision.

    `items` and `topics` are slugs, items in their order. Raises InvalidInput
    naming the field for what cannot be used. An unfinished issue is welcome:
    what it lacks is a finding before sending.
    """
    language = mailing_list.default_language
    whole = editing.blank(language)
    whole = editing.with_texts(whole, whole.first_language, Texts(subject, preheader, introduction))
    whole = editing.with_items(whole, [picking.picked(item) for item in find_items(items)])
    found = catalogue.find_topics(topics)
    return begin(mailing_list, whole, topics=found, corrects=corrects, by=by, now=now)


def begin(
    mailing_list: MailingList,
    whole: Composition,
    *,
    topics: Sequence[Topic] = (),
    corrects: Issue | None = None,
    by: Editor | None,
    now: datetime,
) -> Issue:
    """Start an issue that says `whole`, its first revision."""
    issue = Issue(
        mailing_list=mailing_list,
        topics=list(topics),
        corrects_id=corrects.id if corrects else None,
        created_by_id=by.id if by else None,
        created_at=now,
        updated_at=now,
        version=1,
    )
    db.session.add(issue)
    db.session.flush()
    _keep(issue, whole, by=by, now=now)
    return issue


def save(
    issue: Issue,
    whole: Composition,
    *,
    based_on_version: int,
    topics: Sequence[Topic] | None = None,
    mailing_list: MailingList | None = None,
    is_automatic: bool = False,
    window: str = "",
    by: Editor | None,
    now: datetime,
) -> Saved:
    """Save all of an issue as a new revision, which withdraws any approval.

    Where nothing differs, nothing is saved and an approval stays. What
    `editing` made of typed text is checked already. Raises StaleVersion when
    somebody saved since `based_on_version`, other than the same window by itself;
    Refused when the issue is beyond editing; then nothing of it is kept.
    """
    if mailing_list is not None and mailing_list is not issue.mailing_list:
        whole = editions.with_first(whole, mailing_list.default_language)
    themes = list(issue.topics) if topics is None else list(topics)
    home = mailing_list or issue.mailing_list
    is_same = home is issue.mailing_list and {*themes} == {*issue.topics}
    if issue.corrects_id is not None and not is_same:
        raise InvalidInput(
            f"A correction goes to exactly those who got issue {issue.corrects_id}: "
            "its list and topics stay as they are.",
            field="mailing_list",
        )
    if is_same and whole == current(issue):
        # Also from a page that is older: it was sent twice, or says what a colleague says.
        _refuse_beyond_editing(issue)
        return Saved(is_new=False, withdrew_approval=False)
    was_approved = issue.state is IssueState.APPROVED
    if not _take_version(issue, based_on_version, now=now):
        _refuse_beyond_editing(issue)
        is_own = revisions.are_steps_of(issue, window, since=based_on_version, by=by)
        if not is_own or not _take_version(issue, issue.version, now=now):
            raise StaleVersion(yours=based_on_version, theirs=issue.version)
    issue.mailing_list, issue.topics = home, themes
    _keep(issue, whole, is_automatic=is_automatic, window=window, by=by, now=now)
    return Saved(is_new=True, withdrew_approval=was_approved)


def restore(
    issue: Issue, version: int, *, based_on_version: int, by: Editor | None, now: datetime
) -> Saved:
    """Save what a version said once more, as the newest; both are kept, and all in between.

    Raises NotFound for a version that is not kept, and what `save` raises.
    """
    whole = revisions.composition_at(issue, version)
    saved = save(issue, whole, based_on_version=based_on_version, by=by, now=now)
    revisions.keep(issue, version)
    return saved


def find_items(slugs: Sequence[str]) -> list[Item]:
    """Return items of the library in the order of their slugs, each once; raise InvalidInput."""
    unique = list(dict.fromkeys(slugs))
    if len(unique) > editing.MAX_ITEMS:
        raise InvalidInput(f"An issue holds at most {editing.MAX_ITEMS} items.", field="items")
    try:
        return catalogue.find_items(unique)
    except NotFound as exc:
        raise InvalidInput(str(exc), field="items") from exc


def find_issue(number: int) -> Issue:
    """Return the issue with this number; raise NotFound."""
    # Every page of an issue needs its list, too.
    known = [joinedload(Issue.mailing_list)]
    issue = db.session.get(Issue, number, options=known) if 0 < number < 2**31 else None
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
        .where(Issue.kind == IssueKind.ISSUE)
        .options(selectinload(Issue.mailing_list), selectinload(Issue.editions))
        .order_by(Issue.id.desc())
        .limit(most)
    )
    if lists is not None:
        question = question.where(Issue.mailing_list_id.in_(lists))
    return db.session.scalars(question).all()


def current(issue: Issue) -> Composition:
    """Return all that the issue says in its newest revision."""
    return revisions.composition_at(issue, issue.version)


def approved(issue: Issue) -> Composition:
    """Return what was approved, as it was then; raise Refused where nothing is approved."""
    if issue.approved_version is None:
        raise Refused(f"Issue {issue.id} is not approved. Approve it first.")
    return revisions.composition_at(issue, issue.approved_version)


def _take_version(issue: Issue, based_on_version: int, *, now: datetime) -> bool:
    """Move the issue one version on, if nobody did so meanwhile: the database decides."""
    seen = issue.version
    if based_on_version < seen:
        # Numbers only grow: it cannot be taken any more.
        return False
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
            approved_by_id=None,
            approved_at=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    is_taken = rows_changed(taken) == 1
    # Its list and topics are as they were read, if nobody saved since.
    is_as_read = is_taken and seen == based_on_version
    db.session.refresh(issue, _COLUMNS if is_as_read else None)
    return is_taken


def _refuse_beyond_editing(issue: Issue) -> None:
    if issue.state in EDITABLE:
        return
    if issue.state is IssueState.SCHEDULED:
        advice = "is scheduled and cannot be changed. Stop it first, then edit it."
    elif issue.state in (IssueState.SENDING, IssueState.PAUSED):
        advice = (
            "is on its way, and what was approved is what goes out. "
            "Send what you want to add as a new issue."
        )
    else:
        advice = f"is {issue.state} and cannot be changed. Begin a new issue instead."
    raise Refused(f"Issue {issue.id} {advice}")


def _keep(
    issue: Issue,
    whole: Composition,
    *,
    is_automatic: bool = False,
    window: str = "",
    by: Editor | None,
    now: datetime,
) -> None:
    """Write the revision, and what lists and searches find the issue by."""
    editing.refuse_costly(whole)
    plain = composition.to_json(whole)
    db.session.add(
        Revision(
            issue_id=issue.id,
            version=issue.version,
            content=plain,
            saved_at=now,
            saved_by_id=by.id if by else None,
            is_automatic=is_automatic,
            window=window,
        )
    )
    _list_editions(issue, whole)
    _list_items(issue, whole)
    pictures.note_images(issue, [block.image.number for block in whole.blocks if block.image])
    db.session.flush()
    revisions.remember(issue, plain)
    revisions.thin_out(issue)


def _list_editions(issue: Issue, whole: Composition) -> None:
    known = {edition.language: edition for edition in issue.editions}
    listed = []
    for position, (language, said) in enumerate(whole.editions.items()):
        edition = known.get(language) or Edition(language=language)
        edition.subject, edition.preheader = said.subject, said.preheader
        edition.words = editions.plain_words(whole, language)
        edition.position = position
        listed.append(edition)
    issue.editions = listed
    searching.put(
        Index.ISSUES,
        issue.id,
        title=" ".join(edition.subject for edition in listed),
        text=" ".join(f"{edition.preheader} {edition.words}" for edition in listed),
    )


def _list_items(issue: Issue, whole: Composition) -> None:
    rows = db.session.execute(
        sa.select(Item.slug, Item.id)
        .join(issue_item, issue_item.c.item_id == Item.id)
        .where(issue_item.c.issue_id == issue.id)
    )
    listed = {slug: number for slug, number in rows}
    if gone := [number for slug, number in listed.items() if slug not in whole.slugs]:
        db.session.execute(
            sa.delete(issue_item).where(
                issue_item.c.issue_id == issue.id, issue_item.c.item_id.in_(gone)
            )
        )
    if fresh := set(whole.slugs) - set(listed):
        found = sa.select(sa.literal(issue.id), Item.id).where(Item.slug.in_(sorted(fresh)))
        db.session.execute(sa.insert(issue_item).from_select(["issue_id", "item_id"], found))
