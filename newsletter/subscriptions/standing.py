"""How one person stands: what they get, what they left, whether they are suppressed."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from newsletter.addresses import Address
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import Subscriber, Subscription, SubscriptionState, Suppression

MOST_ALIVE_FIRST = (
    SubscriptionState.CONFIRMED,
    SubscriptionState.PAUSED,
    SubscriptionState.PENDING,
    SubscriptionState.UNSUBSCRIBED,
)

# However many lists a person is on, the database is asked as often.
_WITH_ALL = selectinload(Subscriber.subscriptions).options(
    selectinload(Subscription.mailing_list),
    selectinload(Subscription.topics),
    selectinload(Subscription.intervals),
)


@dataclass(frozen=True)
class Standing:
    """One address with all that is known of it."""

    address: str
    subscriber: Subscriber | None
    suppression: Suppression | None
    # The mailing lists that who asks may know of; None means all of them.
    lists: frozenset[int] | None = None

    @property
    def subscriptions(self) -> list[Subscription]:
        """Every subscription of the person that who asks may know of."""
        known = self.subscriber.subscriptions if self.subscriber else []
        if self.lists is None:
            return known
        return [each for each in known if each.mailing_list_id in self.lists]

    @property
    def state(self) -> str:
        """The state in a word: `suppressed`, or that of the most alive subscription, if any."""
        if self.suppression is not None:
            return "suppressed"
        states = {subscription.state for subscription in self.subscriptions}
        alive = next((state for state in MOST_ALIVE_FIRST if state in states), None)
        return alive.value if alive else "on no list"


def find_reader(address: Address, *, lists: frozenset[int] | None) -> Subscriber | None:
    """Return who has an address, if they are or were on one of these lists; None means all.

    Whoever may know of some lists only learns of nobody else, neither that they are here nor
    that they are never mailed.
    """
    return db.session.scalar(_who_has(address, lists))


def _who_has(address: Address, lists: frozenset[int] | None) -> sa.Select[Subscriber]:
    question = sa.select(Subscriber).where(Subscriber.canonical == address.canonical)
    if lists is None:
        return question
    on_one = Subscriber.subscriptions.any(Subscription.mailing_list_id.in_(lists))
    return question.where(on_one)


def standing(address: Address, *, lists: frozenset[int] | None = None) -> Standing:
    """Return how `address` stands; raise NotFound if nothing at all is known of it.

    With `lists`, nothing is known of who is on none of them.
    """
    reader = db.session.scalar(_who_has(address, lists).options(_WITH_ALL))
    blocked = suppression.find(address) if reader is not None or lists is None else None
    if reader is None and blocked is None:
        raise NotFound(f"Nothing is known of {address.spelling}.")
    return Standing(reader.address if reader else address.spelling, reader, blocked, lists)
