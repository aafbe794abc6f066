"""Pauses: how long they may be, and how they end, by the clock or by hand."""

import calendar
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from newsletter import clock
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.subscriptions import consent, digest_windows, zones
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, Subscription, SubscriptionState

MONTHS = (1, 3, 6)
"""The pauses that are offered."""

LONGEST = timedelta(days=366)
"""Whoever wants nothing for longer leaves."""

AT_ONCE = 500
"""Pauses that end in one transaction, so that others write in between."""

CLOCK = "clock"
"""Who ends a pause whose day has come."""


def after_months(months: int, zone: str, *, now: datetime) -> datetime:
    """Return the beginning of the day that many months from now."""
    today = now.astimezone(clock.zone(zone)).date()
    years, month = divmod(today.month - 1 + months, 12)
    year, month = today.year + years, month + 1
    last = calendar.monthrange(year, month)[1]
    return _beginning(date(year, month, min(today.day, last)), zone)


def until(text: str, zone: str, *, now: datetime) -> datetime:
    """Return the beginning of the day that somebody typed; raise InvalidInput for no such day."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as exc:
        raise InvalidInput(
            marked("Enter a day, like %(example)s."),
            field="until",
            example=f"{(now + timedelta(days=30)).date()}",
        ) from exc
    today = now.astimezone(clock.zone(zone)).date()
    if not today < day <= today + LONGEST:
        raise InvalidInput(
            marked("Choose a day after today and within a year. To stop for good, unsubscribe."),
            field="until",
        )
    return _beginning(day, zone)


def resume(subscription: Subscription, *, origin: Origin, now: datetime) -> None:
    """End a pause; again is harmless."""
    db.session.refresh(subscription, with_for_update=True)
    if subscription.state is not SubscriptionState.PAUSED:
        return
    wants_summary = subscription.wants_summary
    digest_windows.resume(subscription, now=now)
    detail = "pause ended" + (", summary of what was missed" if wants_summary else "")
    consent.record(ConsentKind.CHANGED, subscription, origin=origin, now=now, detail=detail)


def resume_due(*, now: datetime) -> int:
    """End some of the pauses whose day has come, and return how many."""
    due = db.session.scalars(
        sa.select(Subscription)
        .where(
            Subscription.paused_until <= now,
            Subscription.state == SubscriptionState.PAUSED,
        )
        .order_by(Subscription.paused_until, Subscription.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for subscription in due:
        resume(subscription, origin=Origin(actor=CLOCK), now=now)
    db.session.flush()
    return len(due)


def zone_of(subscription: Subscription | None) -> str:
    """Return the zone in which the days of a pause begin."""
    if subscription is None:
        return "UTC"
    return zones.of(subscription)


def day_of(at: datetime, zone: str) -> date:
    """Return the day on which a pause ends, where the reader is."""
    return at.astimezone(clock.zone(zone)).date()


def _beginning(day: date, zone: str) -> datetime:
    return clock.instant(datetime.combine(day, time(0)), zone)
