"""The issues that anybody may read: those sent to public lists, with neutral values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues import merge_fields
from newsletter.issues.models import Edition, Issue, IssueState
from newsletter.marking import marked
from newsletter.subscriptions.models import MailingList

PER_PAGE = 20


@dataclass(frozen=True)
class Entry:
    """One line of the archive, and one entry of the feed."""

    number: int
    list_name: str
    language: str
    subject: str
    preheader: str
    sent_at: datetime


def entries(*, page: int = 1) -> tuple[list[Entry], bool]:
    """Return one page of sent issues, newest first, and whether there are older ones."""
    found = db.session.execute(
        sa.select(
            Issue.id,
            MailingList.name,
            Edition.language,
            Edition.subject,
            Edition.preheader,
            Issue.sent_at,
        )
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .join(Edition, sa.and_(Edition.issue_id == Issue.id, Edition.position == 0))
        .where(Issue.state == IssueState.SENT, MailingList.is_public)
        .order_by(Issue.sent_at.desc(), Issue.id.desc())
        .limit(PER_PAGE + 1)
        .offset((page - 1) * PER_PAGE)
    ).all()
    page_of = [
        Entry(
            number=number,
            list_name=list_name,
            language=language,
            subject=merge_fields.neutral(subject),
            preheader=merge_fields.neutral(preheader),
            sent_at=sent_at,
        )
        for number, list_name, language, subject, preheader, sent_at in found[:PER_PAGE]
        if sent_at is not None
    ]
    return page_of, len(found) > PER_PAGE


def find_public(number: int) -> Issue:
    """Return a public list's issue of which at least the first mail may have left.

    The web version in an e-mail must work from its first second, and after
    somebody cancelled the rest. Raises NotFound for every other issue alike.
    """
    issue = db.session.get(Issue, number)
    if issue is None or issue.begun_at is None or not issue.mailing_list.is_public:
        raise NotFound(
            marked("There is no such issue here. The archive lists those that were sent.")
        )
    return issue


def latest(most: int) -> Sequence[Entry]:
    """Return the newest `most` entries."""
    return entries()[0][:most]
