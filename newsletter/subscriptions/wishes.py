"""A wish written down: one statement a table, the same whoever the address belongs to.

Each inserts, and changes the row that is there already as far as its state allows. That is
the same work for every address (STANDARDS XA07), nobody else can come in between, and the rows
are locked until the transaction ends.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.addresses import Address
from newsletter.library.models import Topic
from newsletter.statements import Statement, forget_rows, run
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import (
    Frequency,
    Source,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscriptions.offering import Listed


@dataclass(frozen=True)
class Wish:
    """What somebody asked for on the form, checked."""

    address: Address
    name: str
    language: str
    frequency: Frequency
    # None of the list's topics means all of them.
    topics: Sequence[Topic]


@dataclass(frozen=True)
class Kept:
    """What is in the rows of who asked, as far as a sign-up needs it."""

    id: int
    subscriber_id: int
    mailing_list_id: int
    state: SubscriptionState
    wish: str
    address: str
    language: str
    # Why the address is never mailed, if it is not.
    suppressed: SuppressionReason | None


# Somebody who proved the address already is not renamed by a stranger.
_PERSON = Statement(
    """
    INSERT INTO subscriber
        (address, canonical, address_hmac, name, language, zone, format, attributes, created_at)
    VALUES (:address, :canonical, :hmac, :name, :language, '', 'html', '{}', :now)
    ON CONFLICT (canonical) DO UPDATE
    SET (name, language) = (
        SELECT CASE WHEN is_proved THEN subscriber.name ELSE excluded.name END,
            CASE WHEN is_proved THEN subscriber.language ELSE excluded.language END
        FROM (SELECT EXISTS (
            SELECT 1 FROM subscription_interval
            JOIN subscription ON subscription.id = subscription_interval.subscription_id
            WHERE subscription.subscriber_id = subscriber.id) AS is_proved) AS proof)
    RETURNING id, address, language,
        (SELECT reason FROM suppression WHERE suppression.address_hmac = :hmac)
    """,
    times=("now",),
)

# A wish that is pending keeps the links that were mailed for it; those from before somebody
# left are dead (STANDARDS XA13). Who has the list already keeps all as it is.
_WISH = Statement(
    """
    INSERT INTO subscription
        (subscriber_id, mailing_list_id, state, frequency, requested_at, source, wish,
         digest_after, wants_summary)
    VALUES (:subscriber, :list, 'pending', :frequency, :now, :source, :wish, 0, :no)
    ON CONFLICT (subscriber_id, mailing_list_id) DO UPDATE
    SET wish = CASE subscription.state
            WHEN 'unsubscribed' THEN excluded.wish ELSE subscription.wish END,
        frequency = CASE WHEN subscription.state IN ('pending', 'unsubscribed')
            THEN excluded.frequency ELSE subscription.frequency END,
        requested_at = CASE WHEN subscription.state IN ('pending', 'unsubscribed')
            THEN excluded.requested_at ELSE subscription.requested_at END,
        source = CASE WHEN subscription.state IN ('pending', 'unsubscribed')
            THEN excluded.source ELSE subscription.source END,
        state = CASE subscription.state
            WHEN 'unsubscribed' THEN excluded.state ELSE subscription.state END
    RETURNING id, state, wish
    """,
    times=("now",),
)

_NO_TOPICS = Statement("DELETE FROM subscription_topic WHERE subscription_id = :id")
_TOPIC = Statement(
    """INSERT INTO subscription_topic (subscription_id, topic_id)
    SELECT subscription.id, topic.id FROM subscription, topic
    WHERE subscription.id = :id AND topic.id = :topic"""
)


def keep(mailing_list: Listed, wish: Wish, *, source: Source, now: datetime) -> Kept:
    """Keep the wish in the rows of this address on this list, where they are still open."""
    canonical = wish.address.canonical
    person = {
        "address": wish.address.spelling,
        "canonical": canonical,
        "hmac": suppression.address_hmac(canonical),
        "name": wish.name,
        "language": wish.language,
        "now": now,
    }
    subscriber_id, address, language, suppressed = run(_PERSON, **person).one()
    asked = {
        "subscriber": subscriber_id,
        "list": mailing_list.id,
        "frequency": wish.frequency.value,
        "now": now,
        "source": source.value,
        "wish": secrets.token_hex(8),
        "no": False,
    }
    number, state, token = run(_WISH, **asked).one()
    kept = Kept(
        id=number,
        subscriber_id=subscriber_id,
        mailing_list_id=mailing_list.id,
        state=SubscriptionState(state),
        wish=token,
        address=address,
        language=language,
        suppressed=SuppressionReason(suppressed) if suppressed else None,
    )
    # The same work where nothing may change: no subscription has this number.
    changed = number if kept.state is SubscriptionState.PENDING else 0
    run(_NO_TOPICS, id=changed)
    for topic in wish.topics:
        run(_TOPIC, id=changed, topic=topic.id)
    forget_rows(Subscriber, Subscription)
    return kept
