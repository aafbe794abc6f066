"""Double opt-in: ask, prove by the mailed link, expire what nobody proved.

Whoever asks learns nothing about who is on a list: the answer and the work
are the same for every state of the address; only the mailbox tells
(STANDARDS XA07).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter import limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink, InvalidAddress
from newsletter.extensions import Base, db, insert
from newsletter.library.models import Topic
from newsletter.marking import marked
from newsletter.subscriptions import (
    consent,
    digest_windows,
    letters,
    lists,
    suppression,
    unsubscribing,
)
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import (
    ConsentKind,
    Frequency,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)

KEPT_UNCONFIRMED = timedelta(days=7)
"""How long a sign-up waits for its confirmation before it is deleted (STANDARDS C12)."""

PER_NETWORK = 60
"""Sign-ups from one /24 or /48 network in an hour: many readers share one address."""

PER_MINUTE = 600
"""Sign-ups from everywhere in a minute."""


@dataclass(frozen=True)
class Wish:
    """What somebody asked for on the form, checked."""

    address: Address
    name: str
    language: str
    frequency: Frequency
    # None of the list's topics means all of them.
    topics: Sequence[Topic]


def count_request(network: str, *, now: datetime) -> None:
    """Count one sign-up; raise TooOften when the network or everybody together asks too often."""
    limits.count("sign-up", network, window=timedelta(hours=1), most=PER_NETWORK, now=now)
    limits.count("sign-up", "everybody", window=timedelta(minutes=1), most=PER_MINUTE, now=now)


def request_subscription(
    mailing_list: MailingList,
    wish: Wish,
    words: Wording,
    *,
    origin: Origin,
    source: Source,
    now: datetime,
) -> None:
    """Start a double opt-in: note the wish and queue the mail that fits.

    `words` are what stood beside the button. Asking twice is harmless: a second wish
    updates the pending row and leaves the mailed link valid. Raises InvalidAddress only
    for addresses of our own.
    """
    if wish.address.canonical in lists.own_addresses():
        raise InvalidAddress(marked("This address belongs to us. Enter your own."))
    suppressed = suppression.find(wish.address)
    savepoint = db.session.begin_nested()
    _note(mailing_list, wish, words, origin=origin, source=source, now=now)
    if suppressed is None or suppressed.reason is SuppressionReason.ERASED:
        savepoint.commit()
    else:
        # The same work for who must not be written to, and then none of it: an
        # answer that came sooner would tell.
        savepoint.rollback()


def _note(
    mailing_list: MailingList,
    wish: Wish,
    words: Wording,
    *,
    origin: Origin,
    source: Source,
    now: datetime,
) -> None:
    subscription = _find_or_add(mailing_list, wish, now=now)
    if subscription.state is SubscriptionState.UNSUBSCRIBED:
        subscription.state = SubscriptionState.PENDING
        subscription.wish = secrets.token_hex(8)
    is_open = subscription.state is SubscriptionState.PENDING
    if is_open:
        subscription.requested_at = now
        subscription.source = source
        _take_over(subscription, wish)
    consent.record(
        ConsentKind.REQUESTED,
        subscription,
        origin=origin,
        now=now,
        wording_id=consent.wording_id(words),
        detail=f"{source.value}: {_choices(wish)}" + ("" if is_open else "; subscribed already"),
    )
    if is_open:
        _mail("confirm", subscription, now=now, facts=_proof(subscription, now=now))
    else:
        _mail("already-subscribed", subscription, now=now, facts=_ways_out(subscription, now=now))


def read_confirmation(token: str, *, now: datetime) -> Subscription:
    """Return the subscription a confirmation link is for; raise DeadLink if it is dead.

    A link that was used already still names its subscription, now confirmed,
    so that a second press of the button gets the same calm answer.
    """
    number, _, wish = links.CONFIRM.read(token, now=now).partition("-")
    subscription = db.session.get(Subscription, int(number))
    if subscription is None or not secrets.compare_digest(subscription.wish, wish):
        raise DeadLink
    if suppression.stops_sign_up(subscription.subscriber.address_hmac):
        raise DeadLink
    return subscription


def confirm(token: str, *, origin: Origin, now: datetime) -> Subscription:
    """Confirm what the link is for and queue the welcome; pressing again changes nothing."""
    subscription = read_confirmation(token, now=now)
    # Of two presses at once the second waits here, and then finds it confirmed.
    db.session.refresh(subscription, with_for_update=True)
    if subscription.state is not SubscriptionState.PENDING:
        return subscription
    subscription.state = SubscriptionState.CONFIRMED
    digest_windows.begin(subscription, now=now)
    db.session.add(
        SubscriptionInterval(
            subscription_id=subscription.id, source=subscription.source, started_at=now
        )
    )
    suppression.lift_erasure(subscription.subscriber.address_hmac)
    consent.record(
        ConsentKind.CONFIRMED,
        subscription,
        origin=origin,
        now=now,
        wording_id=consent.words_asked_with(subscription),
    )
    facts = _ways_out(subscription, now=now) | {"archive_url": links.public_url("/archive/")}
    _enqueue("welcome", subscription, now=now, facts=facts)
    return subscription


def expire(*, now: datetime) -> int:
    """Delete the sign-ups that nobody confirmed in time; return how many."""
    old = db.session.scalars(
        sa.select(Subscription).where(
            Subscription.state == SubscriptionState.PENDING,
            Subscription.requested_at <= now - KEPT_UNCONFIRMED,
            ~sa.exists().where(SubscriptionInterval.subscription_id == Subscription.id),
        )
    ).all()
    for subscription in old:
        subscriber = subscription.subscriber
        db.session.delete(subscription)
        db.session.flush()
        if not _has_subscriptions(subscriber):
            consent.forget_person(subscriber.id)
            db.session.delete(subscriber)
    _return_lapsed(now=now)
    db.session.flush()
    return len(old)


def _find_or_add(mailing_list: MailingList, wish: Wish, *, now: datetime) -> Subscription:
    """Return the locked row of this address on this list, made if it was missing.

    Inserting first and asking then is the same work for every address, and
    two processes that add the same one at once do not trip over each other.
    """
    new_subscriber = {
        "address": wish.address.spelling,
        "canonical": wish.address.canonical,
        "address_hmac": suppression.address_hmac(wish.address.canonical),
        "language": wish.language,
        "created_at": now,
    }
    _insert_if_missing(Subscriber, new_subscriber)
    subscriber = find_subscriber(wish.address)
    assert subscriber is not None
    new_subscription = {
        "subscriber_id": subscriber.id,
        "mailing_list_id": mailing_list.id,
        "state": SubscriptionState.PENDING,
        "source": Source.FORM,
        "requested_at": now,
    }
    _insert_if_missing(Subscription, new_subscription)
    return db.session.scalars(
        sa.select(Subscription)
        .where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.mailing_list_id == mailing_list.id,
        )
        .with_for_update()
    ).one()


def _insert_if_missing(model: type[Base], row: dict[str, Any]) -> None:
    db.session.execute(insert(model).values(row).on_conflict_do_nothing())


def find_subscriber(address: Address) -> Subscriber | None:
    """Return the subscriber behind `address`, however it is spelled."""
    return db.session.scalar(sa.select(Subscriber).where(Subscriber.canonical == address.canonical))


def _take_over(subscription: Subscription, wish: Wish) -> None:
    subscription.frequency = wish.frequency
    subscription.topics = list(wish.topics)
    if not _is_proved(subscription.subscriber):
        # Somebody who proved the address already is not renamed by a stranger.
        subscription.subscriber.name = wish.name
        subscription.subscriber.language = wish.language
    db.session.flush()


def _is_proved(subscriber: Subscriber) -> bool:
    return bool(
        db.session.scalar(
            sa.select(sa.literal(1))
            .select_from(SubscriptionInterval)
            .join(Subscription)
            .where(Subscription.subscriber_id == subscriber.id)
            .limit(1)
        )
    )


def _choices(wish: Wish) -> str:
    topics = ", ".join(topic.slug for topic in wish.topics) or "all topics"
    return f"{topics}; {wish.frequency.value}; {wish.language}"


def _proof(subscription: Subscription, *, now: datetime) -> dict[str, Any]:
    payload = f"{subscription.id}-{subscription.wish}"
    return {
        "confirm_url": links.CONFIRM.url(payload, now=now),
        "topics": [topic.name for topic in subscription.topics],
        "days": KEPT_UNCONFIRMED.days,
        "expires_at": (now + KEPT_UNCONFIRMED).isoformat(),
    }


def _ways_out(subscription: Subscription, *, now: datetime) -> dict[str, Any]:
    return {"unsubscribe_url": unsubscribing.url(subscription, now=now)}


def _mail(kind: str, subscription: Subscription, *, now: datetime, facts: dict[str, Any]) -> None:
    """Queue a mail that a stranger may have caused: seldom, whoever asks how often."""
    if limits.may_mail(kind, subscription.subscriber.canonical, now=now):
        _enqueue(kind, subscription, now=now, facts=facts)


def _enqueue(
    kind: str, subscription: Subscription, *, now: datetime, facts: dict[str, Any]
) -> None:
    letters.write(
        kind, subscription.subscriber, mailing_list=subscription.mailing_list, now=now, facts=facts
    )


def _has_subscriptions(subscriber: Subscriber) -> bool:
    return bool(
        db.session.scalar(
            sa.select(sa.literal(1))
            .select_from(Subscription)
            .where(Subscription.subscriber_id == subscriber.id)
            .limit(1)
        )
    )


def _return_lapsed(*, now: datetime) -> None:
    """Let who left, asked again and never confirmed be who left."""
    db.session.execute(
        sa.update(Subscription)
        .where(
            Subscription.state == SubscriptionState.PENDING,
            Subscription.requested_at <= now - KEPT_UNCONFIRMED,
            sa.exists().where(SubscriptionInterval.subscription_id == Subscription.id),
        )
        .values(state=SubscriptionState.UNSUBSCRIBED)
        .execution_options(synchronize_session="fetch")
    )
