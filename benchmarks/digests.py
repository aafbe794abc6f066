"""Digests of a large installation: one that was sent, one on its way, readers of the next."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.delivery.digests.content import Composer, name_of
from newsletter.delivery.digests.readers import Run, Text
from newsletter.delivery.models import CompiledEdition, Digest, DigestIssue, Period, Send
from newsletter.extensions import db
from newsletter.issues.models import Edition, Issue, IssueKind, IssueState
from newsletter.subscriptions.digest_windows import MORNING
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Subscription,
    SubscriptionState,
)
from newsletter.translating import translator

SENT, SENDING = 1, 2
"""Their numbers, as addresses have them."""

WEEKLY = "id % 10 = 3"
"""Who reads digests."""


def want_them(*, now: datetime) -> None:
    """Let one reader in ten want mail once a week, all of them on the same morning."""
    morning = datetime.combine(now.date() + timedelta(days=7 - now.weekday()), MORNING, UTC)
    theirs = sa.update(Subscription).where(sa.text(WEEKLY))
    db.session.execute(theirs.values(frequency=Frequency.WEEKLY))
    is_confirmed = Subscription.state == SubscriptionState.CONFIRMED
    db.session.execute(theirs.where(is_confirmed).values(digest_due_at=morning))


def add(number: int, news: MailingList, *, now: datetime) -> Issue:
    """Add a digest of this week, or of the one before."""
    weeks = timedelta(weeks=SENDING - number)
    day = (now - timedelta(days=now.weekday()) - weeks).date()
    begun_at = min(now - timedelta(hours=1), datetime.combine(day, time(7), UTC))
    is_over = number == SENT
    digest = Issue(
        id=-number,
        kind=IssueKind.DIGEST,
        mailing_list=news,
        state=IssueState.SENT if is_over else IssueState.SENDING,
        send_at=begun_at.replace(tzinfo=None),
        zone="UTC",
        created_at=begun_at,
        updated_at=begun_at,
        begun_at=begun_at,
        sent_at=begun_at + timedelta(hours=2) if is_over else None,
    )
    db.session.add(digest)
    db.session.flush()
    title = name_of(Period.WEEKLY, day, translator("en"))
    db.session.add(Edition(issue_id=digest.id, language="en", subject=title))
    db.session.add(Digest(issue_id=digest.id, period=Period.WEEKLY, day=day))
    db.session.flush()
    return digest


def content(digest: Issue, issues: Sequence[int]) -> dict[str, Any]:
    """Return its text in English."""
    day = db.session.get_one(Digest, digest.id).day
    run = Run(digest.mailing_list_id, Period.WEEKLY, day)
    compiled = Composer().compiled(Text(run, "en", tuple(issues)))
    assert compiled is not None
    return compiled


def note_issues(digest: Issue, issues: Sequence[int]) -> None:
    """Write down which issues are in it."""
    editions = sa.select(CompiledEdition.id).join(Send).where(Send.issue_id == digest.id)
    for edition_id in db.session.scalars(editions):
        rows = [{"edition_id": edition_id, "issue_id": number} for number in issues]
        db.session.execute(sa.insert(DigestIssue), rows)
