"""Lists with readers of digests, issues of items, and what became of them: for every test here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.delivery import planning
from newsletter.delivery.digests import making
from newsletter.delivery.models import CompiledEdition, Delivery, Digest, DigestIssue, Send
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from newsletter.issues.rendering import RenderedEdition
from newsletter.issues.segments import Segments
from newsletter.library.models import Topic
from newsletter.subscriptions import digest_windows
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from tests.conftest import NOW
from tests.factories import make_due_issue, rewrite


@dataclass(frozen=True)
class Got:
    """One digest of one reader."""

    digest: int
    sender: str
    issues: tuple[int, ...]
    language: str
    subject: str
    text: str
    html: str


def send_issue(
    mailing_list: MailingList,
    subject: str = "News",
    *items: str,
    topics: Sequence[Topic] = (),
    at: datetime = NOW,
    **texts: str,
) -> Issue:
    """An issue with items, begun at `at`; `texts` are others than the usual ones."""
    issue = make_due_issue(mailing_list, subject=subject, topics=tuple(topics), at=at)
    if items:
        workflow.stop(issue)
        rewrite(issue, items=items, **texts)
        workflow.approve(issue, by=None, now=at)
        workflow.send_soon(issue, timedelta(0), now=at)
    planning.plan(issue, now=at)
    db.session.commit()
    return issue


def make(now: datetime) -> list[int]:
    """Let the clock do its work once."""
    db.session.commit()
    found = making.make(now=now)
    db.session.expire_all()
    return found


def digests_of(name: str) -> list[Got]:
    """The digests of one reader, the first one first."""
    rows = db.session.execute(
        sa.select(Send.issue_id, MailingList.slug, CompiledEdition)
        .join(Delivery, Delivery.send_id == Send.id)
        .join(CompiledEdition, CompiledEdition.id == Delivery.edition_id)
        .join(Issue, Issue.id == Send.issue_id)
        .join(MailingList, MailingList.id == Issue.mailing_list_id)
        .join(Digest, Digest.issue_id == Issue.id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Subscriber.address == f"{name}@example.org")
        .order_by(Delivery.id)
    ).all()
    return [_got(number, slug, edition) for number, slug, edition in rows]


def numbers_of(name: str) -> list[tuple[int, ...]]:
    """Which issues were in each of their digests."""
    return [got.issues for got in digests_of(name)]


def subscription_of(name: str) -> Subscription:
    return db.session.scalars(
        sa.select(Subscription)
        .join(Subscriber)
        .where(Subscriber.address == f"{name}@example.org")
        .order_by(Subscription.id)
    ).first()  # type: ignore[return-value]  # the test made one


def add(
    subscription: Subscription,
    mailing_list: MailingList,
    frequency: Frequency,
    *,
    now: datetime = NOW,
) -> Subscription:
    """Another subscription of the same person."""
    other = Subscription(
        subscriber=subscription.subscriber,
        mailing_list=mailing_list,
        state=SubscriptionState.CONFIRMED,
        frequency=frequency,
        requested_at=NOW,
    )
    db.session.add(other)
    db.session.flush()
    digest_windows.begin(other, now=now)
    return other


def correct(issue: Issue, *, at: datetime) -> Issue:
    """A correction of an issue, begun at `at`."""
    correction = composing.create_issue(
        issue.mailing_list,
        subject="A correction",
        introduction="It was wrong.",
        topics=(),
        corrects=issue,
        by=None,
        now=at,
    )
    workflow.approve(correction, by=None, now=at)
    workflow.send_soon(correction, timedelta(0), now=at)
    planning.plan(correction, now=at)
    db.session.commit()
    return correction


def _got(number: int, slug: str, edition: CompiledEdition) -> Got:
    issues = db.session.scalars(
        sa.select(DigestIssue.issue_id)
        .where(DigestIssue.edition_id == edition.id)
        .order_by(DigestIssue.issue_id)
    ).all()
    rendered = RenderedEdition.from_json(edition.content["edition"])
    return Got(
        number,
        slug,
        tuple(issues),
        edition.language,
        _plain(rendered.subject),
        _plain(rendered.text_part),
        _plain(rendered.html_part),
    )


def _plain(segments: Segments) -> str:
    return "".join(piece if isinstance(piece, str) else "{}" for piece in segments)
