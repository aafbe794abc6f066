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
    others = others_of(leaving.subscription.id, leaving.delivery_id)
    if not others:
        return leaving
    rows = db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.id.in_(others))
        .order_by(Subscription.mailing_list_id)
    )
    return replace(leaving, others=tuple(rows))


def others_of(number: int, delivery_id: int | None) -> list[int]:
    """Return the numbers of what else a digest brought to whose subscription has this number.

    Asked at every one-click, and there is nothing to find for an issue.
    """
    if delivery_id is None:
        return []
    return [row[0] for row in run(_OTHERS, number=number, delivery=delivery_id).rows]


_OTHERS = Statement(
    """SELECT DISTINCT other.id, other.mailing_list_id FROM delivery
    JOIN digest_issue ON digest_issue.edition_id = delivery.edition_id
    JOIN issue ON issue.id = digest_issue.issue_id
    JOIN subscription AS this ON this.id = :number
    JOIN subscription AS other ON other.subscriber_id = this.subscriber_id
        AND other.mailing_list_id = issue.mailing_list_id AND other.id <> this.id
    WHERE delivery.id = :delivery
    ORDER BY other.mailing_list_id"""
)
