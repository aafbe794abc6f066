"""What the next digest of a subscription covers, and when it is due.

A list counts its issues as they begin. A digest covers those after `digest_after`, up to
the last one that there is when it is made: no gap and no overlap, whatever the clocks say
and however often somebody changes their mind. Every issue that began while somebody had
each by itself is left out by its row in the ledger; what was on its way to them when they
paused or left, and did not go, is in their next digest. Who wants no summary after a pause
misses what began in it, and nothing else.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter import clock
from newsletter.extensions import db
from newsletter.subscriptions import zones
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


ASKEW = timedelta(minutes=1)
"""How far the clocks of our machines may be apart."""


def begin(subscription: Subscription, *, now: datetime) -> None:
    """Begin anew, as at a confirmation: what began before is not for this reader."""
    subscription.digest_after = _issues_begun(subscription)
    subscription.digest_due_at = _next(subscription, now=now)
    subscription.digest_gaps = []
    subscription.digest_owed_since = None
    subscription.paused_until = None
    subscription.wants_summary = False
    _align(subscription, now=now)


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


# As `_take_away` does where a pause begins; all that is asked here is how the row stood before.
ENDED = """digest_owed_since = CASE
        WHEN state <> 'confirmed' THEN digest_owed_since
        WHEN frequency = 'every' AND digest_due_at IS NULL THEN :owed_since
        ELSE COALESCE(digest_owed_since, :owed_since) END,
    digest_due_at = NULL, paused_until = NULL, wants_summary = :no"""
"""What an UPDATE sets where a subscription ends: nothing is due of it any more."""


def when_ended(*, now: datetime) -> dict[str, Any]:
    """Return the parameters of ENDED, of which `owed_since` is an instant."""
    return {"owed_since": now - ASKEW, "no": False}


def change_frequency(subscription: Subscription, frequency: Frequency, *, now: datetime) -> None:
    """Want mail more or less often; what no digest covered yet is in the next one.

    Who wants every issue from now on gets that as one last summary.
    """
    had_each = _has_each(subscription)
    subscription.frequency = frequency
    if subscription.state is not SubscriptionState.CONFIRMED:
        return
    if had_each:
        subscription.digest_after = _issues_begun(subscription)
        subscription.digest_due_at = _next(subscription, now=now)
    else:
        set_due(subscription, now=now)
    _align(subscription, now=now)


def pause(
    subscription: Subscription, *, until: datetime | None, wants_summary: bool, now: datetime
) -> None:
    """Hold everything until `until`, or until the reader says so; only what is confirmed pauses."""
    if subscription.state is SubscriptionState.CONFIRMED:
        begun = _issues_begun(subscription)
        _take_away(subscription, now=now)
        if _has_each(subscription):
            subscription.digest_after = begun
        subscription.digest_gaps = [*_known_gaps(subscription), (begun, None)]
        subscription.state = SubscriptionState.PAUSED
        subscription.digest_due_at = None
    subscription.paused_until = until
    subscription.wants_summary = wants_summary


def resume(subscription: Subscription, *, now: datetime) -> None:
    """End a pause; who wanted it gets what they missed in one digest, the others do not.

    What came before it, and was not sent, everybody gets, and what corrects an issue they have.
    """
    if subscription.state is not SubscriptionState.PAUSED:
        return
    subscription.state = SubscriptionState.CONFIRMED
    if subscription.wants_summary:
        _forget_open_gap(subscription)
    else:
        _close_gap(subscription)
    subscription.paused_until = None
    subscription.wants_summary = False
    set_due(subscription, now=now)
    _align(subscription, now=now)


def go_on(subscription: Subscription, *, after: int | None, now: datetime) -> None:
    """Go on as if a pause or a change had never been, with what it kept back.

    `after` is how many issues had begun when the reader last had each by itself, and
    None for who had digests then, whose window went on.
    """
    if subscription.state is not SubscriptionState.CONFIRMED:
        return
    _forget_open_gap(subscription)
    if after is not None:
        # A digest that went out meanwhile had the first of it.
        subscription.digest_after = max(after, subscription.digest_after)
        set_due(subscription, now=now)
    _align(subscription, now=now)


def is_covered(subscription: Subscription, order: int) -> bool:
    """Tell whether an issue of this order is for a digest that is still to come."""
    return order > subscription.digest_after and not is_in_gap(order, subscription.digest_gaps)


def is_in_gap(order: int, gaps: Iterable[tuple[int, int | None]]) -> bool:
    """Tell whether an issue of this order began in a pause, and is not wanted."""
    return any(after < order and (up_to is None or order <= up_to) for after, up_to in gaps)


def change_zone(subscriber: Subscriber, zone: str, *, now: datetime) -> None:
    """Let it be morning elsewhere; the digests that are due come in the mornings of there.

    Raises InvalidInput for an unknown zone; an empty one is that of the reader's oldest list.
    """
    if zone:
        clock.zone(zone)
    subscriber.zone = zone
    for subscription in subscriber.subscriptions:
        if subscription.digest_due_at is not None:
            set_due(subscription, now=now)


def set_due(subscription: Subscription, *, now: datetime) -> None:
    """Let a digest be due of who is to get one, however seldom."""
    zone = zones.of(subscription)
    subscription.digest_due_at = due_in(subscription.frequency, zone, now=now)


def due_in(frequency: Frequency, zone: str, *, now: datetime) -> datetime:
    """Return when a digest is due in a zone; for who has every issue, a last summary."""
    return next_due(frequency, zone, now=now) or _next_morning(zone, now=now)


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


def _has_each(subscription: Subscription) -> bool:
    """Tell whether nothing but each issue by itself is for a confirmed reader."""
    return subscription.frequency is Frequency.EVERY and subscription.digest_due_at is None


def _take_away(subscription: Subscription, *, now: datetime) -> None:
    """Remember since when what was on its way does not go; who is not confirmed had nothing."""
    if subscription.state is SubscriptionState.CONFIRMED:
        # What was taken away before, and no digest had yet, is still owed.
        owed_since = None if _has_each(subscription) else subscription.digest_owed_since
        subscription.digest_owed_since = owed_since or now - ASKEW


def _close_gap(subscription: Subscription) -> None:
    """Leave out what began in a pause that ends now, but for corrections of what they have."""
    *gaps, last = subscription.digest_gaps or [(subscription.digest_after, None)]
    subscription.digest_gaps = [*gaps, (last[0], _issues_begun(subscription))]


def _forget_open_gap(subscription: Subscription) -> None:
    subscription.digest_gaps = _known_gaps(subscription)


def _known_gaps(subscription: Subscription) -> list[tuple[int, int | None]]:
    """Return what pauses that ended leave out of what no digest had yet."""
    return [
        (after, up_to)
        for after, up_to in subscription.digest_gaps
        if up_to is not None and up_to > subscription.digest_after
    ]


def _align(subscription: Subscription, *, now: datetime) -> None:
    """Let what else is to come to a reader come in mornings of the same place, in one digest.

    The place may be another one since the last of them was fixed: who names none has that of
    their oldest list.
    """
    subscriber = subscription.subscriber
    if subscription.digest_due_at is None or subscriber.zone:
        return
    for one in subscriber.subscriptions:
        if one.digest_due_at is not None and one.digest_due_at > now:
            set_due(one, now=now)


def _next(subscription: Subscription, *, now: datetime) -> datetime | None:
    if subscription.frequency is Frequency.EVERY:
        return None
    return next_due(subscription.frequency, zones.of(subscription), now=now)


def _next_morning(zone: str, *, now: datetime) -> datetime:
    """Return the next morning, but not the very next moments."""
    day = now.astimezone(clock.zone(zone)).date()
    while (at := clock.instant(datetime.combine(day, MORNING), zone)) < now + AHEAD:
        day += timedelta(days=1)
    return at


def _issues_begun(subscription: Subscription) -> int:
    return db.session.scalars(
        sa.select(MailingList.issues_begun).where(MailingList.id == subscription.mailing_list_id)
    ).one()
