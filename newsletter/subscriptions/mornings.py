"""Mornings that moved: a list is read elsewhere, or a clock went wrong and was set right.

What a digest covers is counted, so that it may come at another time and nothing else changes.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from newsletter.extensions import db
from newsletter.subscriptions import digest_windows, zones
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Subscription,
    SubscriptionState,
)

FARTHEST = {
    Frequency.EVERY: timedelta(days=3),
    Frequency.WEEKLY: timedelta(days=8),
    Frequency.MONTHLY: timedelta(days=33),
}
"""How far ahead a digest may be due; days that begin anew at the date line and all."""

AT_ONCE = 500
"""Digests that move in one transaction, so that others write in between."""


def move(mailing_list: MailingList, *, now: datetime) -> None:
    """Let the digests of those come in the mornings of a list's zone whose place it is."""
    zone = zones.usable(mailing_list.zone)
    for frequency in Frequency:
        db.session.execute(
            sa.update(Subscription)
            .where(
                Subscription.frequency == frequency,
                # One that is due comes with the clock's next look.
                Subscription.digest_due_at > now,
                Subscription.subscriber_id.in_(zones.readers_of(mailing_list)),
            )
            .values(digest_due_at=digest_windows.due_in(frequency, zone, now=now))
            .execution_options(synchronize_session="fetch")
        )


def settle(*, now: datetime) -> int:
    """Bring back some digests that are due later than any can be; return how many.

    A clock that was ahead when they were set has been set right since.
    """
    too_far = [
        (Subscription.frequency == frequency) & (Subscription.digest_due_at > now + farthest)
        for frequency, farthest in FARTHEST.items()
    ]
    found = db.session.scalars(
        sa.select(Subscription)
        .where(
            Subscription.digest_due_at > now + min(FARTHEST.values()),
            Subscription.state == SubscriptionState.CONFIRMED,
            sa.or_(*too_far),
        )
        .options(
            joinedload(Subscription.subscriber, innerjoin=True),
            joinedload(Subscription.mailing_list, innerjoin=True),
        )
        .order_by(Subscription.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, of=Subscription)
    ).all()
    for subscription in found:
        digest_windows.set_due(subscription, now=now)
    db.session.flush()
    return len(found)
