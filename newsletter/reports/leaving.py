"""Who left by the link of an issue: counted from the evidence, also after erasure."""

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports.numbers import get_issue
from newsletter.subscriptions.models import ConsentEvent, ConsentKind, EndedReason

WORDS = {
    EndedReason.LINK: "On the page that the link leads to.",
    EndedReason.ONE_CLICK: "By the button of a mail program.",
    EndedReason.MAILTO: "By a mail that their mail program wrote.",
    EndedReason.ERASED: "Erased.",
}
"""How people leave, in plain words."""


def left(issue_id: int) -> int:
    """Return how many people left the list of an issue by its links; raise NotFound.

    Who came back and left again by the same link is counted once.
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
    """Tell of which evidence it is that somebody left the list of an issue by its links."""
    return (
        (ConsentEvent.issue_id == issue.id)
        & (ConsentEvent.kind == ConsentKind.UNSUBSCRIBED)
        & (ConsentEvent.mailing_list_id == issue.mailing_list_id)
    )


def how(detail: str) -> str:
    """Return in a sentence how somebody left, from the detail of the evidence."""
    reason = detail.partition(",")[0]
    return WORDS[EndedReason(reason)] if reason in list(EndedReason) else ""
