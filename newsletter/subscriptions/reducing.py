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
    """Leave some topics of each list, or the list where that leaves none of them.

    Who has no chosen topics has all, and keeps the others. Raises InvalidInput when no
    topic is named.
    """
    if not unwanted:
        raise InvalidInput(marked("Choose at least one topic to stop."), field="topics")
    changed = []
    for subscription in _getting_mail(leaving):
        had = subscription.topics or subscription.mailing_list.topics
        left = [topic for topic in had if topic not in unwanted]
        before = None
        if had and not left:
            before = unsubscribing.end(
                subscription,
                reason=EndedReason.LINK,
                origin=origin,
                now=now,
                delivery_id=leaving.delivery_id,
            )
        elif len(left) < len(had):
            before = undoing.standing(subscription, has_topics=True)
            subscription.topics = left
            names = ", ".join(sorted(topic.slug for topic in unwanted))
            _note(subscription, f"stopped {names}", origin=origin, now=now)
        if before is not None:
            changed.append((subscription, before))
    has_left = any(one.state is SubscriptionState.UNSUBSCRIBED for one, _ in changed)
    return undoing.keep(changed, now=now, says_goodbye=has_left)


def less_often(
    leaving: Leaving, frequency: Frequency, *, origin: Origin, now: datetime
) -> Undo | None:
    """Want mail once a week or once a month; who has it as seldom already keeps that."""
    changed = []
    for subscription in _getting_mail(leaving):
        if SELDOM.index(frequency) > SELDOM.index(subscription.frequency):
            changed.append((subscription, undoing.standing(subscription)))
            digest_windows.change_frequency(subscription, frequency, now=now)
            _note(subscription, f"how often: {frequency.value}", origin=origin, now=now)
    return undoing.keep(changed, now=now)


def pause(leaving: Leaving, until: datetime, *, origin: Origin, now: datetime) -> Undo | None:
    """Get nothing until then; who paused for longer keeps that."""
    changed = []
    for subscription in _getting_mail(leaving):
        # A pause without a date is for as long as the reader likes.
        ends = subscription.paused_until
        if subscription.state is SubscriptionState.PAUSED and (ends is None or ends >= until):
            continue
        changed.append((subscription, undoing.standing(subscription)))
        digest_windows.pause(
            subscription, until=until, wants_summary=subscription.wants_summary, now=now
        )
        _note(subscription, f"paused until {until:%Y-%m-%d}", origin=origin, now=now)
    return undoing.keep(changed, now=now)


def _getting_mail(leaving: Leaving) -> list[Subscription]:
    """Return the subscriptions, locked, of which there can be less."""
    for subscription in leaving.subscriptions:
        db.session.refresh(subscription, with_for_update=True)
    is_on = (SubscriptionState.CONFIRMED, SubscriptionState.PAUSED)
    return [one for one in leaving.subscriptions if one.state in is_on]


def _note(subscription: Subscription, detail: str, *, origin: Origin, now: datetime) -> None:
    consent.record(ConsentKind.CHANGED, subscription, origin=origin, now=now, detail=detail)
