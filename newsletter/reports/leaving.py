"""Who left by the link of an issue: counted from the evidence, also after erasure."""

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports.numbers import get_issue
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    EndedReason,
    Subscription,
    SubscriptionInterval,
)

WORDS = {
    EndedReason.LINK: "On the page that the link leads to.",
    EndedReason.ONE_CLICK: "By the button of a mail program.",
    EndedReason.MAILTO: "By a mail that their mail program wrote.",
    EndedReason.MEMBERSHIP: "With their membership.",
    EndedReason.ERASED: "Erased.",
}
"""How people leave, in plain words."""


def left(issue_id: int) -> int:
    """Return how many people left the list of an issue by its links; raise NotFound.

    Who came back and left again by the same link is counted once, who took it back is not.
    """
    # An erased person has no number any more, and each is somebody else.
    person = sa.func.coalesce(ConsentEvent.subscriber_id, -ConsentEvent.id)
    return (
        db.session.scalar(
            sa.select(sa.func.count(person.distinct())).where(by_issue(get_issue(issue_id)))
        )
        or 0
    )


def by_issue(issue: Issue) -> sa.ColumnElement[bool]:
    """Tell of which evidence it is that somebody left the list of an issue by its links.

    Who took it back did not leave: the stretch of time that ended then goes on. Of an erased
    person no more is known.
    """
    it_ended = (
        sa.exists()
        .where(
            SubscriptionInterval.ended_at == ConsentEvent.at,
            SubscriptionInterval.subscription_id == Subscription.id,
            Subscription.subscriber_id == ConsentEvent.subscriber_id,
            Subscription.mailing_list_id == ConsentEvent.mailing_list_id,
        )
        .correlate(ConsentEvent)
    )
    return (
        (ConsentEvent.issue_id == issue.id)
        & (ConsentEvent.kind == ConsentKind.UNSUBSCRIBED)
        & (ConsentEvent.mailing_list_id == issue.mailing_list_id)
        & (ConsentEvent.subscriber_id.is_(None) | it_ended)
    )


def how(detail: str) -> str:
    """Return in a sentence how somebody left, from the detail of the evidence."""
    reason = detail.partition(",")[0]
    return WORDS[EndedReason(reason)] if reason in list(EndedReason) else ""
