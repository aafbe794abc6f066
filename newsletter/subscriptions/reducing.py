"""Getting less: all that the link in an issue can do short of leaving.

An issue may be passed on, so its link never gives anybody more, and what it answers is
the same whatever the reader had. Each returns what takes it back, None where nothing changed.
"""

from collections.abc import Collection
from datetime import datetime

from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.marking import marked
from newsletter.subscriptions import consent, digest_windows, undoing, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    Frequency,
    Subscription,
    SubscriptionState,
)
from newsletter.subscriptions.undoing import Undo
from newsletter.subscriptions.unsubscribing import Leaving

SELDOM = (Frequency.EVERY, Frequency.WEEKLY, Frequency.MONTHLY)
"""From the most to the least."""


def stop_topics(
    leaving: Leaving, unwanted: Collection[Topic], *, origin: Origin, now: datetime
) -> Undo | None:
    """Leave some topics of the list, or the list where that leaves none of them.

    Who has no chosen topics has all, and keeps the others. Raises InvalidInput when no
    topic is named.
    """
    if not unwanted:
        raise InvalidInput(marked("Choose at least one topic to stop."), field="topics")
    subscription = _getting_mail(leaving)
    if subscription is None:
        return None
    had = subscription.topics or subscription.mailing_list.topics
    left = [topic for topic in had if topic not in unwanted]
    if not left:
        return unsubscribing.unsubscribe(leaving, reason=EndedReason.LINK, origin=origin, now=now)
    if len(left) == len(had):
        return None
    before = undoing.standing(subscription, has_topics=True)
    subscription.topics = left
    names = ", ".join(sorted(topic.slug for topic in unwanted))
    _note(subscription, f"stopped {names}", origin=origin, now=now)
    return undoing.keep([(subscription, before)], now=now)


def less_often(
    leaving: Leaving, frequency: Frequency, *, origin: Origin, now: datetime
) -> Undo | None:
    """Want mail once a week or once a month; who has it as seldom already keeps that."""
    subscription = _getting_mail(leaving)
    if subscription is None or SELDOM.index(frequency) <= SELDOM.index(subscription.frequency):
        return None
    before = undoing.standing(subscription)
    digest_windows.change_frequency(subscription, frequency, now=now)
    _note(subscription, f"how often: {frequency.value}", origin=origin, now=now)
    return undoing.keep([(subscription, before)], now=now)


def pause(leaving: Leaving, until: datetime, *, origin: Origin, now: datetime) -> Undo | None:
    """Get nothing until then; who paused for longer keeps that."""
    subscription = _getting_mail(leaving)
    if subscription is None:
        return None
    # A pause without a date is for as long as the reader likes.
    ends = subscription.paused_until
    if subscription.state is SubscriptionState.PAUSED and (ends is None or ends >= until):
        return None
    before = undoing.standing(subscription)
    digest_windows.pause(
        subscription, until=until, wants_summary=subscription.wants_summary, now=now
    )
    _note(subscription, f"paused until {until:%Y-%m-%d}", origin=origin, now=now)
    return undoing.keep([(subscription, before)], now=now)


def _getting_mail(leaving: Leaving) -> Subscription | None:
    """Return the locked subscription if there is anything of which there can be less."""
    if leaving.subscription is None:
        return None
    db.session.refresh(leaving.subscription, with_for_update=True)
    is_on = leaving.subscription.state in (SubscriptionState.CONFIRMED, SubscriptionState.PAUSED)
    return leaving.subscription if is_on else None


def _note(subscription: Subscription, detail: str, *, origin: Origin, now: datetime) -> None:
    consent.record(ConsentKind.CHANGED, subscription, origin=origin, now=now, detail=detail)
