"""What there is of digests: those that went out, what was in them, and the next ones."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter.delivery.models import (
    CompiledEdition,
    Delivery,
    DeliveryState,
    Digest,
    DigestIssue,
    Period,
    Send,
)
from newsletter.extensions import db
from newsletter.issues.models import Edition, Issue, IssueState
from newsletter.subscriptions.models import MailingList, Subscription, SubscriptionState

PER_PAGE = 30


@dataclass(frozen=True)
class Line:
    """One digest in a list; `number` is below zero, as in the ledger."""

    number: int
    list_name: str
    title: str
    period: Period
    day: date
    state: IssueState
    begun_at: datetime | None


@dataclass(frozen=True)
class Text:
    """One text of a digest: in which language, which issues, and how many read it."""

    language: str
    issues: Sequence[int]
    readers: int


@dataclass(frozen=True)
class Contents:
    """All its texts, those with the most readers first."""

    texts: Sequence[Text]


@dataclass(frozen=True)
class Next:
    """When the next digests are due, and of how many people, if they have something new."""

    at: datetime
    readers: int


@dataclass(frozen=True)
class Taken:
    """A digest of one reader, as when it had an issue for them."""

    number: int
    title: str
    state: DeliveryState
    finished_at: datetime | None
    planned_at: datetime

    @property
    def called(self) -> str:
        """Its name within a sentence: “weekly digest of 8 March 2027”."""
        return self.title[:1].lower() + self.title[1:]


def is_of_lists(lists: frozenset[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a digest has no issue of another list than these.

    Its pages name its readers, whichever list they are on (STANDARDS XD10).
    """
    taken = aliased(Issue)
    foreign = (
        sa.exists()
        .where(Send.issue_id == Issue.id, taken.mailing_list_id.not_in(lists))
        .where(
            CompiledEdition.send_id == Send.id,
            DigestIssue.edition_id == CompiledEdition.id,
            taken.id == DigestIssue.issue_id,
        )
    )
    return sa.and_(Issue.mailing_list_id.in_(lists), ~foreign)


def is_of(digest: Issue, lists: frozenset[int]) -> bool:
    """Tell whether a digest has issues of these lists only."""
    return bool(
        db.session.scalar(sa.select(Issue.id).where(Issue.id == digest.id, is_of_lists(lists)))
    )


def lines(*, lists: frozenset[int] | None = None, page: int = 1) -> tuple[list[Line], bool]:
    """Return one page of digests, the newest first, and whether there are older ones."""
    question = (
        sa.select(
            Issue.id,
            MailingList.name,
            Edition.subject,
            Digest.period,
            Digest.day,
            Issue.state,
            Issue.begun_at,
        )
        .join(Digest, Digest.issue_id == Issue.id)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .join(Edition, Edition.issue_id == Issue.id)
        .order_by(Issue.id)
        .limit(PER_PAGE + 1)
        .offset((max(page, 1) - 1) * PER_PAGE)
    )
    if lists is not None:
        question = question.where(is_of_lists(lists))
    found = db.session.execute(question).all()
    return [Line(*row) for row in found[:PER_PAGE]], len(found) > PER_PAGE


def contents(issue: Issue) -> Contents:
    """Return what is in a digest."""
    readers = (
        sa.select(Delivery.edition_id, sa.func.count().label("readers"))
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id == issue.id)
        .group_by(Delivery.edition_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(
            CompiledEdition.id, CompiledEdition.language, readers.c.readers, DigestIssue.issue_id
        )
        .join(readers, readers.c.edition_id == CompiledEdition.id)
        .join(DigestIssue, DigestIssue.edition_id == CompiledEdition.id)
        .order_by(readers.c.readers.desc(), CompiledEdition.id, DigestIssue.issue_id)
    )
    texts = []
    for (_, language, count), of_text in itertools.groupby(rows, key=lambda row: row[:3]):
        texts.append(Text(language, [row[3] for row in of_text], count))
    return Contents(texts)


def next_due(*, lists: frozenset[int] | None = None) -> Next | None:
    """Return when the next digests are due, of all lists or of some; None if nobody wants any."""
    wanted = [
        Subscription.digest_due_at.is_not(None),
        Subscription.state == SubscriptionState.CONFIRMED,
    ]
    if lists is not None:
        wanted.append(Subscription.mailing_list_id.in_(lists))
    first = db.session.scalar(
        sa.select(Subscription.digest_due_at)
        .where(*wanted)
        .order_by(Subscription.digest_due_at)
        .limit(1)
    )
    if first is None:
        return None
    readers = db.session.scalars(
        sa.select(sa.func.count(Subscription.subscriber_id.distinct())).where(
            *wanted, Subscription.digest_due_at == first
        )
    ).one()
    return Next(first, readers)


def of_reader(subscriber_id: int) -> list[Taken]:
    """Return the last digests of one person, the newest first."""
    rows = db.session.execute(
        sa.select(
            Send.issue_id, Edition.subject, Delivery.state, Delivery.finished_at, Send.planned_at
        )
        .join(Delivery, Delivery.send_id == Send.id)
        .join(Digest, Digest.issue_id == Send.issue_id)
        .join(Edition, Edition.issue_id == Send.issue_id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc())
        .limit(PER_PAGE)
    )
    return [Taken(*row) for row in rows]


def taken_up(issue_id: int, subscriber_id: int) -> Taken | None:
    """Return the digest in which an issue was for one person, the last one, or None."""
    row = db.session.execute(
        sa.select(
            Send.issue_id,
            Edition.subject,
            Delivery.state,
            Delivery.finished_at,
            Send.planned_at,
        )
        .join(Delivery, Delivery.send_id == Send.id)
        .join(DigestIssue, DigestIssue.edition_id == Delivery.edition_id)
        .join(Edition, Edition.issue_id == Send.issue_id)
        .where(DigestIssue.issue_id == issue_id, Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Taken(*row)
