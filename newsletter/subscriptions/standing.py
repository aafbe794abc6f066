"""How one person stands: what they get, what they left, whether they are suppressed."""

from dataclasses import dataclass

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

    @property
    def subscriptions(self) -> list[Subscription]:
        """Every subscription of the person."""
        return self.subscriber.subscriptions if self.subscriber else []

    @property
    def state(self) -> str:
        """The state in one word: `suppressed`, or that of the most alive subscription."""
        if self.suppression is not None:
            return "suppressed"
        states = {subscription.state for subscription in self.subscriptions}
        alive = next((state for state in MOST_ALIVE_FIRST if state in states), None)
        return alive.value if alive else "unsubscribed"


def standing(address: Address) -> Standing:
    """Return how `address` stands; raise NotFound if nothing at all is known of it."""
    subscriber = signup.find_subscriber(address)
    suppressed = suppression.find(address)
    if subscriber is None and suppressed is None:
        raise NotFound(f"Nothing is known of {address.spelling}.")
    spelling = subscriber.address if subscriber else address.spelling
    return Standing(spelling, subscriber, suppressed)
