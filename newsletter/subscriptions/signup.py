"""Double opt-in: ask, prove by the mailed link, expire what nobody proved.

Whoever asks learns nothing about who is on a list: the answer and the work
are the same for every state of the address; only the mailbox tells
(STANDARDS XA07).
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter import limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink
from newsletter.extensions import db
from newsletter.statements import undoable
from newsletter.subscriptions import (
    bursts,
    consent,
    digest_windows,
    letters,
    suppression,
    unfit,
    unsubscribing,
    wishes,
)
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import (
    ConsentKind,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.offering import Offer
from newsletter.subscriptions.wishes import Kept, Wish

SOONEST_READING = timedelta(seconds=5)
"""Whoever confirms sooner after the mail was to leave is taken for a program, and confirms."""

KEPT_UNCONFIRMED = timedelta(days=7)
"""How long a sign-up waits for its confirmation before it is deleted (STANDARDS C12)."""


def request_subscription(
    offer: Offer,
    wish: Wish,
    words: Wording | None,
    *,
    origin: Origin,
    source: Source,
    network: str,
    now: datetime,
) -> None:
    """Start a double opt-in: count it, note the wish and queue the mail that fits.

    `words` are what stood beside the button, None if nobody knows; `network` is where it comes
    from. Asking twice is harmless: a second wish updates the pending row and leaves the mailed link
    valid. Raises TooOften, before anything is written, and InvalidAddress for addresses that
    nobody may subscribe, whoever is on a list.
    """
    unfit.refuse(wish.address, own_addresses=offer.own_addresses)
    bursts.count_network(network, now=now)
    with undoable() as undo:
        kept = wishes.keep(offer, wish, source=source, now=now)
        is_open = kept.state is SubscriptionState.PENDING
        consent.record_words(
            ConsentKind.REQUESTED,
            kept,
            words,
            origin=origin,
            now=now,
            detail=f"{source.value}: {_choices(wish)}"
            + ("" if is_open else "; subscribed already"),
        )
        kind = "confirm" if is_open else "already-subscribed"
        # A stranger may have caused it: seldom, whoever asks how often.
        may_mail = limits.may_mail(kind, wish.address.canonical, now=now)
        if kept.suppressed not in (None, SuppressionReason.ERASED):
            # The same work for who must not be written to, and then none of it: an
            # answer that came sooner would tell.
            undo()
            may_mail = False
    # Once for everybody, and outside of what is undone: here each waits for others.
    due_at = now + bursts.count(now=now)
    facts = _proof(kept, wish, now=due_at) if is_open else _ways_out(kept.id, now=due_at)
    if may_mail:
        letters.write(kind, kept, mailing_list=offer, now=now, facts=facts, due_at=due_at)


def read_confirmation(token: str, *, now: datetime) -> Subscription:
    """Return the subscription a confirmation link is for; raise DeadLink if it is dead.

    A link that was used already still names its subscription, now confirmed,
    so that a second press of the button gets the same calm answer.
    """
    return _read(token, now=now)[0]


def _read(token: str, *, now: datetime) -> tuple[Subscription, datetime]:
    """Return the subscription of a confirmation link, and when its mail was to leave."""
    payload, mailed_at = links.CONFIRM.read_dated(token, now=now)
    number, _, wish = payload.partition("-")
    subscription = db.session.get(Subscription, int(number))
    if subscription is None or not secrets.compare_digest(subscription.wish, wish):
        raise DeadLink
    if suppression.stops_sign_up(subscription.subscriber.address_hmac):
        raise DeadLink
    return subscription, mailed_at


def confirm(token: str, *, origin: Origin, now: datetime) -> Subscription:
    """Confirm what the link is for and queue the welcome; pressing again changes nothing."""
    subscription, mailed_at = _read(token, now=now)
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
    # They may leave, or be erased, and want to come back today: this link is dead then.
    limits.mail_was_used("confirm", subscription.subscriber.canonical)
    consent.record(
        ConsentKind.CONFIRMED,
        subscription,
        origin=origin,
        now=now,
        wording_id=consent.words_asked_with(subscription),
        detail=_timing(now - mailed_at),
    )
    facts = _ways_out(subscription.id, now=now) | {
        "archive_url": links.public_url("/archive/"),
        "manage_url": links.public_url("/manage"),
    }
    letters.write(
        "welcome",
        subscription.subscriber,
        mailing_list=subscription.mailing_list,
        now=now,
        facts=facts,
    )
    return subscription


def _timing(taken: timedelta) -> str:
    """Return how long after its mail a link was used, for the evidence (STANDARDS XA11)."""
    # A mail leaves within a second; some clocks are ahead of others.
    seconds = max(0, round(taken.total_seconds()))
    is_soon = taken < SOONEST_READING
    return f"{seconds} s after the e-mail" + (
        "; suspicious: nobody reads so fast" if is_soon else ""
    )


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


def find_subscriber(address: Address) -> Subscriber | None:
    """Return the subscriber behind `address`, however it is spelled."""
    return db.session.scalar(sa.select(Subscriber).where(Subscriber.canonical == address.canonical))


def has_proved(subscriber: Subscriber) -> bool:
    """Tell whether somebody ever proved that the address is theirs."""
    return bool(
        db.session.scalar(
            sa.select(sa.literal(1))
            .select_from(SubscriptionInterval)
            .join(Subscription, Subscription.id == SubscriptionInterval.subscription_id)
            .where(Subscription.subscriber_id == subscriber.id)
            .limit(1)
        )
    )


def forget_unproved(canonical: str) -> None:
    """Delete who asked for mail to this address and never proved it: it may be anybody."""
    subscriber = db.session.scalar(sa.select(Subscriber).where(Subscriber.canonical == canonical))
    if subscriber is not None and not has_proved(subscriber):
        consent.forget_person(subscriber.id)
        db.session.delete(subscriber)
        db.session.flush()


def _choices(wish: Wish) -> str:
    topics = ", ".join(topic.slug for topic in wish.topics) or "all topics"
    return f"{topics}; {wish.frequency.value}; {wish.language}"


def _proof(subscription: Kept, wish: Wish, *, now: datetime) -> dict[str, Any]:
    payload = f"{subscription.id}-{subscription.wish}"
    return {
        "confirm_url": links.CONFIRM.url(payload, now=now),
        "topics": [topic.name for topic in wish.topics],
        "days": KEPT_UNCONFIRMED.days,
        "expires_at": (now + KEPT_UNCONFIRMED).isoformat(),
    }


def _ways_out(number: int, *, now: datetime) -> dict[str, Any]:
    return {"unsubscribe_url": unsubscribing.url(number, now=now)}


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
