"""What the links in a digest are about: every list that has an issue in it."""

from dataclasses import replace

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.statements import Statement, run
from newsletter.subscriptions.models import Subscription
from newsletter.subscriptions.unsubscribing import Leaving


def whole(leaving: Leaving) -> Leaving:
    """Return the same with the other lists of the digest that a link came with."""
    if leaving.subscription is None or leaving.delivery_id is None:
        return leaving
    # Asked at every one-click, and there is nothing to find for an issue.
    lists = [row[0] for row in run(_LISTS, delivery=leaving.delivery_id).rows]
    if not lists:
        return leaving
    others = db.session.scalars(
        sa.select(Subscription)
        .where(
            Subscription.subscriber_id == leaving.subscription.subscriber_id,
            Subscription.mailing_list_id.in_(lists),
            Subscription.id != leaving.subscription.id,
        )
        .order_by(Subscription.mailing_list_id)
    )
    return replace(leaving, others=tuple(others))


_LISTS = Statement(
    """SELECT DISTINCT issue.mailing_list_id FROM delivery
    JOIN digest_issue ON digest_issue.edition_id = delivery.edition_id
    JOIN issue ON issue.id = digest_issue.issue_id
    WHERE delivery.id = :delivery"""
)
