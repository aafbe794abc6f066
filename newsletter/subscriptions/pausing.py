"""Pauses: how long they may be, and how they end, by the clock or by hand."""

import calendar
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from newsletter import clock
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.marking import marked
from newsletter.subscriptions import consent, digest_windows, zones
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    Subscription,
    SubscriptionState,
)

MONTHS = (1, 3, 6)
"""The pauses that are offered."""

LONGEST = timedelta(days=366)
"""Whoever wants nothing for longer leaves."""

AT_ONCE = 500
"""Pauses that end in one transaction, so that others write in between."""

CLOCK = "clock"
"""Who ends a pause whose day has come."""

CLOCKS_DIFFER = timedelta(hours=1)
"""What is noted for a time further ahead was noted by a clock that was wrong."""

TYPED_ON = "/manage"
"""The page on which a reader types the day; elsewhere a number of months is chosen."""

PAUSED = "paused until "
"""How the evidence of a pause begins; its day follows."""


_Pause = aliased(ConsentEvent)


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


def settle(*, now: datetime) -> int:
    """Bring back pauses of some months that began while a clock was ahead; return how many.

    They last as long from now on as was meant. A day that somebody typed stays that day.
    """
    ahead = db.session.execute(
        sa.select(Subscription, ConsentEvent.at, ConsentEvent.detail)
        .join(ConsentEvent, ConsentEvent.id == _newest_pause())
        .where(
            Subscription.state == SubscriptionState.PAUSED,
            Subscription.paused_until > now,
            ConsentEvent.at > now + CLOCKS_DIFFER,
            ConsentEvent.page != TYPED_ON,
        )
        .order_by(Subscription.id)
        .with_for_update(skip_locked=True, of=Subscription)
    ).all()
    settled = 0
    for subscription, began_at, detail in ahead:
        meant = date.fromisoformat(detail.removeprefix(PAUSED)[:10]) - began_at.date()
        zone = zone_of(subscription)
        latest = _beginning(now.astimezone(clock.zone(zone)).date() + meant, zone)
        # Asked again later, it is later: what was brought back once stays.
        if subscription.paused_until and subscription.paused_until > latest:
            subscription.paused_until = latest
            settled += 1
    db.session.flush()
    return settled


def _newest_pause() -> sa.ScalarSelect[int]:
    """Return the number of the evidence of a subscription's last pause."""
    return (
        sa.select(sa.func.max(_Pause.id))
        .where(
            _Pause.subscriber_id == Subscription.subscriber_id,
            _Pause.mailing_list_id == Subscription.mailing_list_id,
            _Pause.kind == ConsentKind.CHANGED,
            _Pause.detail.startswith(PAUSED),
        )
        .scalar_subquery()
    )


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
