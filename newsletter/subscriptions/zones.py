"""Where it is morning for a reader: in one place for each person, whatever lists they are on."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter import clock
from newsletter.extensions import db
from newsletter.subscriptions.models import (
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionState,
)

ON = (SubscriptionState.CONFIRMED, SubscriptionState.PAUSED)
"""In which states somebody is on a list."""


def of_people(people: sa.Select[int] | Sequence[int]) -> dict[int, str]:
    """Return the zone of each of some people who are on a list: their own, else their oldest's."""
    rows = db.session.execute(
        sa.select(Subscription.subscriber_id, Subscriber.zone, MailingList.zone)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(MailingList, MailingList.id == Subscription.mailing_list_id)
        .where(
            Subscription.subscriber_id.in_(people),
            Subscription.state.in_(ON),
        )
        # Of each person the last row stays.
        .order_by(Subscription.mailing_list_id.desc())
    )
    return {number: usable(own or of_list) for number, own, of_list in rows}


def of(subscription: Subscription) -> str:
    """Return the zone of the person; who is on no list yet has that of this one."""
    subscriber = subscription.subscriber
    if subscriber.zone:
        return usable(subscriber.zone)
    found = of_people([subscriber.id]).get(subscriber.id)
    return found or usable(subscription.mailing_list.zone)


def readers_of(mailing_list: MailingList) -> sa.Select[int]:
    """Return the numbers of the people whose place is that of a list."""
    theirs, older = aliased(Subscription), aliased(Subscription)
    is_on_older = sa.exists().where(
        older.subscriber_id == theirs.subscriber_id,
        older.mailing_list_id < theirs.mailing_list_id,
        older.state.in_(ON),
    )
    return (
        sa.select(theirs.subscriber_id)
        .join(Subscriber, Subscriber.id == theirs.subscriber_id)
        .where(
            theirs.mailing_list_id == mailing_list.id,
            theirs.state.in_(ON),
            Subscriber.zone == "",
            ~is_on_older,
        )
    )


def usable(zone: str) -> str:
    """Return a zone, or UTC for one that is known no more."""
    return zone if zone in clock.zone_names() else "UTC"
