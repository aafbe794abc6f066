"""Putting somebody on a list who proved their address elsewhere, and agreed to its mail there."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.addresses import Address
from newsletter.extensions import db
from newsletter.subscriptions import consent, digest_windows, suppression, wishes
from newsletter.subscriptions.consent import SUBSCRIBER, Origin
from newsletter.subscriptions.models import (
    ConsentKind,
    EndedReason,
    Frequency,
    MailingList,
    Source,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from newsletter.subscriptions.wishes import Wish


@dataclass(frozen=True)
class Proof:
    """How somebody agreed: to which words, when and where they asked, and proved the address."""

    wording_id: int
    asked_at: datetime
    asked: Origin
    confirmed_at: datetime
    confirmed: Origin


def left_since(canonical: str, since: datetime) -> Subscriber | None:
    """Return the reader with this address, if they ended any of their mail by themselves since."""
    has_left = Subscriber.subscriptions.any(
        Subscription.intervals.any(
            sa.and_(
                SubscriptionInterval.ended_at >= since,
                SubscriptionInterval.ended_reason != EndedReason.MEMBERSHIP,
            )
        )
    )
    return db.session.scalar(
        sa.select(Subscriber).where(Subscriber.canonical == canonical, has_left)
    )


def admit(
    mailing_list: MailingList,
    address: Address,
    proof: Proof,
    *,
    name: str,
    language: str,
    source: Source,
    by: str,
    now: datetime,
) -> Subscription:
    """Subscribe a person from now on, with the evidence; who is subscribed already stays so.

    `by` is who put them there. A mark that an erasure left is lifted, as by any sign-up of the
    person's own; another suppression stays, and keeps mail from them.
    """
    wish = Wish(address=address, name=name, language=language, frequency=Frequency.EVERY, topics=())
    kept = wishes.keep(mailing_list, wish, source=source, now=now)
    subscription = db.session.get_one(Subscription, kept.id)
    suppression.lift_erasure(subscription.subscriber.address_hmac)
    if subscription.state is not SubscriptionState.PENDING:
        return subscription
    subscription.state = SubscriptionState.CONFIRMED
    subscription.requested_at = proof.asked_at
    digest_windows.begin(subscription, now=now)
    db.session.add(
        SubscriptionInterval(subscription_id=subscription.id, source=source, started_at=now)
    )
    for kind, at, origin in (
        (ConsentKind.REQUESTED, proof.asked_at, proof.asked),
        (ConsentKind.CONFIRMED, proof.confirmed_at, proof.confirmed),
        (ConsentKind.ADMITTED, now, Origin(actor=by)),
    ):
        if kind is ConsentKind.ADMITTED and by == SUBSCRIBER:
            continue
        consent.record(
            kind,
            subscription,
            origin=origin,
            now=at,
            wording_id=proof.wording_id,
            detail=source.value,
        )
    return subscription
