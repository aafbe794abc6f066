"""What readers change by a fresh link to their address: anything that is theirs."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter import clock, inputs, languages
from newsletter.errors import InvalidInput, NotFound
from newsletter.extensions import add_if_free, db
from newsletter.library.models import Topic
from newsletter.marking import marked
from newsletter.subscriptions import consent, digest_windows, suppression
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import (
    ConsentKind,
    Frequency,
    MailFormat,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)

LONGEST_NAME = 200
ON = (SubscriptionState.CONFIRMED, SubscriptionState.PAUSED)
"""States in which a list is a reader's."""

EVER = (*ON, SubscriptionState.UNSUBSCRIBED)
"""States in which it is, or was."""

AREAS = frozenset(
    (
        *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia"),
        *("Europe", "Indian", "Pacific"),
    )
)
"""Where the names of time zones begin that are places."""


def subscription_of(subscriber: Subscriber, slug: str) -> Subscription:
    """Return the reader's subscription to a list, to be shown; NotFound if it is not theirs."""
    return _found(_theirs(subscriber, slug, ON))


def subscription_to_change(
    subscriber: Subscriber, slug: str, *, states: Collection[SubscriptionState] = ON
) -> Subscription:
    """Return the same, locked until the transaction ends; one that only reads may lock nothing."""
    return _found(_theirs(subscriber, slug, states).with_for_update(of=Subscription))


def _theirs(
    subscriber: Subscriber, slug: str, states: Collection[SubscriptionState]
) -> sa.Select[Subscription]:
    return (
        sa.select(Subscription)
        .join(MailingList, MailingList.id == Subscription.mailing_list_id)
        .where(
            Subscription.subscriber_id == subscriber.id,
            MailingList.slug == slug,
            Subscription.state.in_(states),
        )
    )


def _found(question: sa.Select[Subscription]) -> Subscription:
    found = db.session.scalar(question)
    if found is None:
        raise NotFound(marked("You are not on this list."))
    return found


def subscriptions_of(subscriber: Subscriber) -> Sequence[Subscription]:
    """Return what a reader gets or paused, the oldest first."""
    return db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.subscriber_id == subscriber.id, Subscription.state.in_(ON))
        .order_by(Subscription.id)
    ).all()


def others(subscriber: Subscriber) -> Sequence[MailingList]:
    """Return the public lists that a reader could join."""
    theirs = sa.select(Subscription.mailing_list_id).where(
        Subscription.subscriber_id == subscriber.id, Subscription.state.in_(ON)
    )
    return db.session.scalars(
        sa.select(MailingList)
        .where(MailingList.is_public, MailingList.id.not_in(theirs))
        .order_by(MailingList.id)
    ).all()


def choose_topics(
    subscription: Subscription, slugs: Collection[str], *, origin: Origin, now: datetime
) -> None:
    """Want these topics of the list; all of them, or none, means everything."""
    known = subscription.mailing_list.topics
    chosen = [topic for topic in known if topic.slug in slugs]
    if len(chosen) != len(set(slugs)):
        raise InvalidInput(
            marked("One of the topics does not exist here any more. Choose again."), field="topics"
        )
    wanted: list[Topic] = [] if len(chosen) == len(known) else chosen
    if {topic.id for topic in wanted} == {topic.id for topic in subscription.topics}:
        return
    subscription.topics = wanted
    names = ", ".join(sorted(topic.slug for topic in wanted)) or "all topics"
    _note(subscription, f"topics: {names}", origin=origin, now=now)


def choose_frequency(
    subscription: Subscription, text: str, *, origin: Origin, now: datetime
) -> None:
    """Want mail as often as somebody chose; raise InvalidInput for a frequency that is none."""
    if text not in list(Frequency):
        raise InvalidInput(
            marked("Choose how often: every issue, once a week or once a month."),
            field="frequency",
        )
    if subscription.frequency != text:
        digest_windows.change_frequency(subscription, Frequency(text), now=now)
        _note(subscription, f"how often: {text}", origin=origin, now=now)


def pause(
    subscription: Subscription,
    until: datetime,
    *,
    wants_summary: bool,
    origin: Origin,
    now: datetime,
) -> None:
    """Get nothing until then, and afterwards what was missed as one summary, if that is wanted."""
    digest_windows.pause(subscription, until=until, wants_summary=wants_summary, now=now)
    detail = f"paused until {until:%Y-%m-%d}" + (", then a summary" if wants_summary else "")
    _note(subscription, detail, origin=origin, now=now)


def join(
    subscriber: Subscriber,
    mailing_list: MailingList,
    words: Wording,
    *,
    origin: Origin,
    now: datetime,
) -> Subscription:
    """Begin to get a list: the fresh link has proved the address, `words` are what was agreed to.

    It is a new interval also for who was on the list before. Again is harmless.
    """
    if suppression.stops_sign_up(subscriber.address_hmac) or not mailing_list.is_public:
        raise NotFound(marked("There is no such list to sign up for."))
    subscription = _found_or_added(subscriber, mailing_list, now=now)
    if subscription.state in ON:
        return subscription
    subscription.state = SubscriptionState.CONFIRMED
    subscription.frequency = Frequency.EVERY
    subscription.topics = []
    subscription.requested_at = now
    subscription.source = Source.FORM
    # Confirmation links of earlier wishes are dead.
    subscription.wish = secrets.token_hex(8)
    digest_windows.begin(subscription, now=now)
    db.session.add(
        SubscriptionInterval(
            subscription_id=subscription.id, source=subscription.source, started_at=now
        )
    )
    suppression.lift_erasure(subscriber.address_hmac)
    number = consent.wording_id(words)
    for kind in (ConsentKind.REQUESTED, ConsentKind.CONFIRMED):
        consent.record(
            kind,
            subscription,
            origin=origin,
            now=now,
            wording_id=number,
            detail="form: by a link mailed to the address; all topics; every",
        )
    return subscription


def _found_or_added(
    subscriber: Subscriber, mailing_list: MailingList, *, now: datetime
) -> Subscription:
    """Return the row of a reader on a list, locked; of two presses at once one adds it."""
    theirs = (
        sa.select(Subscription)
        .where(
            Subscription.subscriber_id == subscriber.id,
            Subscription.mailing_list_id == mailing_list.id,
        )
        .with_for_update()
    )
    found = db.session.scalar(theirs)
    if found is not None:
        return found
    added = Subscription(
        subscriber_id=subscriber.id,
        mailing_list_id=mailing_list.id,
        state=SubscriptionState.PENDING,
        requested_at=now,
    )
    return added if add_if_free(added) else db.session.scalars(theirs).one()


def choose_language(subscriber: Subscriber, text: str, *, origin: Origin, now: datetime) -> None:
    """Want mail in this language."""
    language = languages.tag(text)
    if language != subscriber.language:
        subscriber.language = language
        _note_all(subscriber, f"language: {language}", origin=origin, now=now)


def choose_format(subscriber: Subscriber, text: str, *, origin: Origin, now: datetime) -> None:
    """Want mail formatted, or as text only."""
    if text not in list(MailFormat):
        raise InvalidInput(
            marked("Choose how the e-mails should look: formatted or text only."), field="format"
        )
    if subscriber.format != text:
        subscriber.format = MailFormat(text)
        _note_all(subscriber, f"format: {text}", origin=origin, now=now)


def choose_zone(subscriber: Subscriber, name: str, *, origin: Origin, now: datetime) -> None:
    """Have digests come in the morning of this zone; an empty one is that of each list."""
    if name and name not in clock.zone_names():
        raise InvalidInput(marked("Choose a time zone from the list."), field="zone")
    if subscriber.zone != name:
        digest_windows.change_zone(subscriber, name, now=now)
        _note_all(subscriber, f"zone: {name or 'of the list'}", origin=origin, now=now)


def choose_name(subscriber: Subscriber, text: str, *, origin: Origin, now: datetime) -> None:
    """Be called by this name, or by none; the evidence does not keep it."""
    name = inputs.one_line(text, field="name", most=LONGEST_NAME)
    if name != subscriber.name:
        subscriber.name = name
        _note_all(subscriber, "name", origin=origin, now=now)


def zones() -> Sequence[str]:
    """Return the zones that are offered: one a place, without the old names for them."""
    return ["UTC", *sorted(name for name in clock.zone_names() if name.split("/")[0] in AREAS)]


def _note_all(subscriber: Subscriber, detail: str, *, origin: Origin, now: datetime) -> None:
    """Record what concerns the person with each of their lists."""
    for subscription in subscriptions_of(subscriber):
        _note(subscription, detail, origin=origin, now=now)


def _note(subscription: Subscription, detail: str, *, origin: Origin, now: datetime) -> None:
    consent.record(ConsentKind.CHANGED, subscription, origin=origin, now=now, detail=detail)
