"""How one person stands: what they get, what they left, whether they are suppressed."""

from dataclasses import dataclass, replace

from newsletter.addresses import Address
from newsletter.errors import NotFound
from newsletter.subscriptions import signup, suppression
from newsletter.subscriptions.models import Subscriber, Subscription, SubscriptionState, Suppression

MOST_ALIVE_FIRST = (
    SubscriptionState.CONFIRMED,
    SubscriptionState.PAUSED,
    SubscriptionState.PENDING,
    SubscriptionState.UNSUBSCRIBED,
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
        """The state in one word: `suppressed`, or that of the most alive subscription."""
        if self.suppression is not None:
            return "suppressed"
        states = {subscription.state for subscription in self.subscriptions}
        alive = next((state for state in MOST_ALIVE_FIRST if state in states), None)
        return alive.value if alive else "unsubscribed"


def standing(address: Address, *, lists: frozenset[int] | None = None) -> Standing:
    """Return how `address` stands; raise NotFound if nothing at all is known of it.

    With `lists`, nothing is known of who is on none of them.
    """
    found = Standing(
        address.spelling, signup.find_subscriber(address), suppression.find(address), lists
    )
    if found.subscriber is not None and (lists is None or found.subscriptions):
        return replace(found, address=found.subscriber.address)
    if found.suppression is None:
        raise NotFound(f"Nothing is known of {address.spelling}.")
    return replace(found, subscriber=None)
