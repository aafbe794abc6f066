"""A wish written down: one statement a table, the same whoever the address belongs to.

Each inserts, and changes the row that is there already as far as its state allows. That is
the same work for every address (STANDARDS XA07), nobody else can come in between, and the rows
are locked until the transaction ends.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from newsletter.addresses import Address
from newsletter.extensions import db, insert
from newsletter.library.models import Topic
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    Frequency,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    subscription_topic,
)

Kept = TypeVar("Kept", Subscriber, Subscription)

# Still open: the newest wish counts, and a new interval may begin.
_OPEN = (SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED)


@dataclass(frozen=True)
class Wish:
    """What somebody asked for on the form, checked."""

    address: Address
    name: str
    language: str
    frequency: Frequency
    # None of the list's topics means all of them.
    topics: Sequence[Topic]


def keep(mailing_list: MailingList, wish: Wish, *, source: Source, now: datetime) -> Subscription:
    """Return the row of this address on this list, with the wish in it where it is still open."""
    subscriber = _keep_subscriber(wish, now=now)
    subscription = _keep_subscription(subscriber, mailing_list, wish, source=source, now=now)
    if subscription.state is SubscriptionState.PENDING:
        _keep_topics(subscription, wish.topics)
    return subscription


def _keep_subscriber(wish: Wish, *, now: datetime) -> Subscriber:
    values = {
        "address": wish.address.spelling,
        "canonical": wish.address.canonical,
        "address_hmac": suppression.address_hmac(wish.address.canonical),
        "name": wish.name,
        "language": wish.language,
        "created_at": now,
    }
    statement = insert(Subscriber).values(values)
    # Somebody who proved the address already is not renamed by a stranger.
    is_proved = (
        sa.select(SubscriptionInterval.id)
        .join(Subscription)
        .where(Subscription.subscriber_id == Subscriber.id)
        .correlate(Subscriber)
        .exists()
    )
    newest = {
        name: sa.case((is_proved, getattr(Subscriber, name)), else_=statement.excluded[name])
        for name in ("name", "language")
    }
    statement = statement.on_conflict_do_update(index_elements=["canonical"], set_=newest)
    return _only_row(statement, Subscriber)


def _keep_subscription(
    subscriber: Subscriber,
    mailing_list: MailingList,
    wish: Wish,
    *,
    source: Source,
    now: datetime,
) -> Subscription:
    values = {
        "subscriber_id": subscriber.id,
        "mailing_list_id": mailing_list.id,
        "state": SubscriptionState.PENDING,
        "frequency": wish.frequency,
        "requested_at": now,
        "source": source,
        "wish": secrets.token_hex(8),
    }
    statement = insert(Subscription).values(values)
    newest = {
        name: sa.case(
            (Subscription.state.in_(_OPEN), statement.excluded[name]),
            else_=getattr(Subscription, name),
        )
        for name in ("state", "frequency", "requested_at", "source")
    }
    # Links that were mailed for a wish which is pending stay good; those from before somebody
    # left are dead (STANDARDS XA13).
    newest["wish"] = sa.case(
        (Subscription.state == SubscriptionState.UNSUBSCRIBED, statement.excluded.wish),
        else_=Subscription.wish,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["subscriber_id", "mailing_list_id"], set_=newest
    )
    return _only_row(statement, Subscription)


def _keep_topics(subscription: Subscription, topics: Sequence[Topic]) -> None:
    db.session.execute(
        sa.delete(subscription_topic).where(subscription_topic.c.subscription_id == subscription.id)
    )
    if topics:
        rows = [{"subscription_id": subscription.id, "topic_id": topic.id} for topic in topics]
        db.session.execute(sa.insert(subscription_topic), rows)
    db.session.expire(subscription, ["topics"])


def _only_row(statement: Any, model: type[Kept]) -> Kept:
    # What the session knew of the row is no longer true.
    found: Kept = db.session.scalars(
        statement.returning(model), execution_options={"populate_existing": True}
    ).one()
    return found
