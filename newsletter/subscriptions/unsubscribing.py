"""Leaving and reducing, by links that never expire and show nothing of the person.

The token names a subscription and, inside an issue, the delivery it came
with. It stays good for people who were erased since: they get the same
calm answer, and nothing happens.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter import links
from newsletter.errors import DeadLink, InvalidInput
from newsletter.extensions import db
from newsletter.library.models import Topic
from newsletter.subscriptions import consent, digest_windows
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    MailingList,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)


@dataclass(frozen=True)
class Leaving:
    """What an unsubscribe or preferences link is about; `subscription` is None after erasure."""

    subscription: Subscription | None
    delivery_id: int | None

    @property
    def mailing_list(self) -> MailingList | None:
        """The list of the mail that the link came with."""
        return self.subscription.mailing_list if self.subscription else None


def payload(subscription_id: int, delivery_id: int | None = None) -> str:
    """Return what an unsubscribe or preferences token carries."""
    return f"{subscription_id}-{delivery_id}" if delivery_id else str(subscription_id)


def url(subscription: Subscription, *, now: datetime) -> str:
    """Return the unsubscribe link of a mail that is not part of an issue."""
    return links.UNSUBSCRIBE.url(payload(subscription.id), now=now)


def read(link: links.Link, token: str, *, now: datetime) -> Leaving:
    """Return what the token of an unsubscribe or preferences link names.

    Raises DeadLink for a token that is not ours; a person who is gone is no error (L06).
    """
    subscription_id, _, delivery_id = link.read(token, now=now).partition("-")
    if not subscription_id.isdecimal() or not (delivery_id or "0").isdecimal():
        raise DeadLink
    return Leaving(
        subscription=db.session.get(Subscription, int(subscription_id)),
        delivery_id=int(delivery_id) if delivery_id else None,
    )


def unsubscribe(
    leaving: Leaving,
    *,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
    from_everything: bool = False,
) -> None:
    """End the subscription, or all of the person's, at once; again is harmless."""
    subscription = leaving.subscription
    if subscription is None:
        return
    ending = subscription.subscriber.subscriptions if from_everything else [subscription]
    for one in ending:
        _end(one, reason=reason, origin=origin, now=now, delivery_id=leaving.delivery_id)


def stop_topics(
    leaving: Leaving, unwanted: Collection[Topic], *, origin: Origin, now: datetime
) -> None:
    """Leave some topics of the list, or the list where that leaves none of them.

    Only ever reduces: who has no chosen topics has all, and keeps the others.
    The answer does not tell which topics the person had. Raises InvalidInput
    when no topic is named.
    """
    if not unwanted:
        raise InvalidInput("Choose at least one topic to stop.", field="topics")
    subscription = leaving.subscription
    if subscription is None or subscription.state is SubscriptionState.UNSUBSCRIBED:
        return
    had = subscription.topics or subscription.mailing_list.topics
    left = [topic for topic in had if topic not in unwanted]
    if not left:
        _end(
            subscription,
            reason=EndedReason.LINK,
            origin=origin,
            now=now,
            delivery_id=leaving.delivery_id,
        )
        return
    if len(left) == len(had):
        return
    subscription.topics = left
    consent.record(
        ConsentKind.CHANGED,
        subscription,
        origin=origin,
        now=now,
        detail="stopped " + ", ".join(sorted(topic.slug for topic in unwanted)),
    )


def _end(
    subscription: Subscription,
    *,
    reason: EndedReason,
    origin: Origin,
    now: datetime,
    delivery_id: int | None,
) -> None:
    db.session.refresh(subscription, with_for_update=True)
    if subscription.state is SubscriptionState.UNSUBSCRIBED:
        return
    subscription.state = SubscriptionState.UNSUBSCRIBED
    digest_windows.end(subscription)
    # The newest decision wins: confirmation links mailed before are dead (STANDARDS XA13).
    subscription.wish = secrets.token_hex(8)
    db.session.execute(
        sa.update(SubscriptionInterval)
        .where(
            SubscriptionInterval.subscription_id == subscription.id,
            SubscriptionInterval.ended_at.is_(None),
        )
        .values(ended_at=now, ended_reason=reason)
        .execution_options(synchronize_session="fetch")
    )
    consent.record(
        ConsentKind.UNSUBSCRIBED,
        subscription,
        origin=origin,
        now=now,
        detail=reason.value + (f", delivery {delivery_id}" if delivery_id else ""),
    )
