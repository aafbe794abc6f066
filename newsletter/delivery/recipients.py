"""What is true of one recipient right now, read again just before each MAIL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from newsletter.delivery.drivers import from_json, instant
from newsletter.subscriptions.models import SubscriptionState


class Recipient(NamedTuple):
    """One delivery and the person behind it; those fields are None when the person is gone.

    States, format and reason are the words that the database keeps: they equal
    the members of the enums, and making members would take longer than looking.
    """

    delivery_id: int
    state: str
    attempts: int
    first_attempt_at: datetime | None
    merge_values: dict[str, Any] | None
    edition_id: int
    issue_state: str
    address: str | None
    name: str | None
    attributes: dict[str, Any] | None
    format: str | None
    subscription_id: int | None
    subscription_state: str | None
    suppressed_for: str | None
    agreed_to_tracking: bool | None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Recipient":
        """Return what `statements.LOOK` found."""
        number, state, attempts, date, values, edition, issue, address, name, own, *rest = row
        return cls(
            number,
            state,
            attempts,
            instant(date),
            from_json(values),
            edition,
            issue,
            address,
            name,
            from_json(own),
            *rest,
        )


def why_not(recipient: Recipient) -> str:
    """Return why this person must not be mailed any more, or nothing if they may."""
    if recipient.address is None:
        return "Erased after the issue was planned."
    if recipient.suppressed_for is not None:
        return f"Suppressed after the issue was planned ({recipient.suppressed_for})."
    if recipient.subscription_state == SubscriptionState.CONFIRMED:
        return ""
    if recipient.subscription_state is None:
        return _STATE_REASONS[SubscriptionState.UNSUBSCRIBED]
    return _STATE_REASONS[SubscriptionState(recipient.subscription_state)]


_STATE_REASONS = {
    SubscriptionState.UNSUBSCRIBED: "Unsubscribed after the issue was planned.",
    SubscriptionState.PENDING: "Unsubscribed after the issue was planned, then asked again.",
    SubscriptionState.PAUSED: "Paused the subscription after the issue was planned.",
}
