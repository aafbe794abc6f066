"""What the next digest of a subscription covers, and when it is due.

A list counts its issues as they begin. A digest covers those after `digest_after`, up to
the last one that there is when it is made: no gap and no overlap, whatever the clocks say
and however often somebody changes their mind. Every issue that began while somebody had
each by itself is left out by its row in the ledger.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from newsletter import clock
from newsletter.extensions import db
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionState,
)

MORNING = time(7)
"""When digests go out, where the reader is."""

MONDAY = 0

DIGESTS = (Frequency.WEEKLY, Frequency.MONTHLY)

# Planning an issue, which chose its readers a while ago, is over long before.
AHEAD = timedelta(hours=1)
"""How far ahead a last summary is at least."""


def begin(subscription: Subscription, *, now: datetime) -> None:
    """Begin anew, as at a confirmation: what began before is not for this reader."""
    subscription.digest_after = _issues_begun(subscription)
    subscription.digest_due_at = _next(subscription, now=now)
    subscription.paused_until = None
    subscription.wants_summary = False


def begin_all(subscription_ids: Collection[int], *, now: datetime) -> None:
    """Do so for those of many, just confirmed, that want digests: few, where many are imported."""
    chosen = db.session.scalars(
        sa.select(Subscription).where(
            Subscription.id.in_(subscription_ids), Subscription.frequency.in_(DIGESTS)
        )
    )
    for subscription in chosen:
        begin(subscription, now=now)
    db.session.flush()


def end(subscription: Subscription) -> None:
    """Let nothing be due of a subscription that ended."""
    subscription.digest_due_at = None
    subscription.paused_until = None
    subscription.wants_summary = False


def change_frequency(subscription: Subscription, frequency: Frequency, *, now: datetime) -> None:
    """Want mail more or less often; what no digest covered yet is in the next one.

    Who wants every issue from now on gets that as one last summary.
    """
    had_each = subscription.frequency is Frequency.EVERY and subscription.digest_due_at is None
    subscription.frequency = frequency
    if subscription.state is not SubscriptionState.CONFIRMED:
        return
    if had_each:
        subscription.digest_after = _issues_begun(subscription)
        subscription.digest_due_at = _next(subscription, now=now)
    elif frequency is Frequency.EVERY:
        subscription.digest_due_at = _summary_at(subscription, now=now)
    else:
        subscription.digest_due_at = _next(subscription, now=now)


def pause(
    subscription: Subscription, *, until: datetime | None, wants_summary: bool, now: datetime
) -> None:
    """Hold everything until `until`, or until the reader says so; only what is confirmed pauses."""
    if subscription.state is SubscriptionState.CONFIRMED:
        if subscription.frequency is Frequency.EVERY and subscription.digest_due_at is None:
            subscription.digest_after = _issues_begun(subscription)
        subscription.state = SubscriptionState.PAUSED
        subscription.digest_due_at = None
    subscription.paused_until = until
    subscription.wants_summary = wants_summary


def resume(subscription: Subscription, *, now: datetime) -> None:
    """End a pause; who wanted it gets what they missed in one digest, the others do not."""
    if subscription.state is not SubscriptionState.PAUSED:
        return
    subscription.state = SubscriptionState.CONFIRMED
    if not subscription.wants_summary:
        begin(subscription, now=now)
        return
    subscription.paused_until = None
    subscription.wants_summary = False
    is_due = _summary_at if subscription.frequency is Frequency.EVERY else _next
    subscription.digest_due_at = is_due(subscription, now=now)


def change_zone(subscriber: Subscriber, zone: str, *, now: datetime) -> None:
    """Let it be morning elsewhere; the digests that are due come in the mornings of there.

    Raises InvalidInput for an unknown zone; an empty one is that of each list.
    """
    if zone:
        clock.zone(zone)
    subscriber.zone = zone
    for subscription in subscriber.subscriptions:
        if subscription.digest_due_at is not None:
            is_last = subscription.frequency is Frequency.EVERY
            due_at = (_summary_at if is_last else _next)(subscription, now=now)
            subscription.digest_due_at = due_at


def next_due(frequency: Frequency, zone: str, *, now: datetime) -> datetime | None:
    """Return the next morning of a period in a zone, after `now`; None for every issue."""
    if frequency is Frequency.EVERY:
        return None
    day = now.astimezone(clock.zone(zone)).date()
    if frequency is Frequency.WEEKLY:
        day += timedelta(days=(MONDAY - day.weekday()) % 7)
        following = day + timedelta(days=7)
    else:
        if day.day > 1:
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        following = (day + timedelta(days=32)).replace(day=1)
    at = clock.instant(datetime.combine(day, MORNING), zone)
    if at > now:
        return at
    return clock.instant(datetime.combine(following, MORNING), zone)


def zone_of(subscriber_zone: str, list_zone: str) -> str:
    """Return the zone in which it is morning for a reader; one that is known no more is UTC."""
    chosen = subscriber_zone or list_zone
    return chosen if chosen in clock.zone_names() else "UTC"


def _next(subscription: Subscription, *, now: datetime) -> datetime | None:
    return next_due(subscription.frequency, _zone(subscription), now=now)


def _summary_at(subscription: Subscription, *, now: datetime) -> datetime:
    """Return the next morning, but not the very next moments."""
    zone = _zone(subscription)
    day = now.astimezone(clock.zone(zone)).date()
    while (at := clock.instant(datetime.combine(day, MORNING), zone)) < now + AHEAD:
        day += timedelta(days=1)
    return at


def _zone(subscription: Subscription) -> str:
    return zone_of(subscription.subscriber.zone, subscription.mailing_list.zone)


def _issues_begun(subscription: Subscription) -> int:
    return db.session.scalars(
        sa.select(MailingList.issues_begun).where(MailingList.id == subscription.mailing_list_id)
    ).one()
