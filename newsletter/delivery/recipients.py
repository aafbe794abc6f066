"""What is true of one recipient right now, read again just before each MAIL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import (
    MailFormat,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)


@dataclass(frozen=True)
class Recipient:
    """One delivery and the person behind it; those fields are None when the person is gone."""

    delivery_id: int
    state: DeliveryState
    attempts: int
    first_attempt_at: datetime | None
    merge_values: dict[str, Any] | None
    edition_id: int
    issue_state: IssueState
    address: str | None
    name: str | None
    attributes: dict[str, Any] | None
    format: MailFormat | None
    subscription_id: int | None
    subscription_state: SubscriptionState | None
    suppressed_for: SuppressionReason | None


def due_in(batch_id: int, *, now: datetime) -> Sequence[int]:
    """Return the deliveries of a batch that wait and are due, oldest first."""
    return db.session.scalars(
        sa.select(Delivery.id)
        .where(
            Delivery.batch_id == batch_id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.due_at.is_(None) | (Delivery.due_at <= now),
        )
        .order_by(Delivery.id)
    ).all()


def look(delivery_id: int) -> Recipient:
    """Return what the database says of one recipient at this moment."""
    row = db.session.execute(_QUESTION.where(Delivery.id == delivery_id)).one()
    return Recipient(*row)


_QUESTION = (
    sa.select(
        Delivery.id,
        Delivery.state,
        Delivery.attempts,
        Delivery.first_attempt_at,
        Delivery.merge_values,
        Delivery.edition_id,
        Issue.state,
        Subscriber.address,
        Subscriber.name,
        Subscriber.attributes,
        Subscriber.format,
        Subscription.id,
        Subscription.state,
        Suppression.reason,
    )
    .join(Send, Send.id == Delivery.send_id)
    .join(Issue, Issue.id == Send.issue_id)
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .outerjoin(
        Subscription,
        (Subscription.subscriber_id == Subscriber.id)
        & (Subscription.mailing_list_id == Issue.mailing_list_id),
    )
    .outerjoin(Suppression, Suppression.address_hmac == Subscriber.address_hmac)
)


def why_not(recipient: Recipient) -> str:
    """Return why this person must not be mailed any more, or nothing if they may."""
    if recipient.address is None:
        return "Erased after the issue was planned."
    if recipient.suppressed_for is not None:
        return f"Suppressed after the issue was planned ({recipient.suppressed_for.value})."
    if recipient.subscription_state is None:
        return _STATE_REASONS[SubscriptionState.UNSUBSCRIBED]
    return _STATE_REASONS[recipient.subscription_state]


_STATE_REASONS = {
    SubscriptionState.CONFIRMED: "",
    SubscriptionState.UNSUBSCRIBED: "Unsubscribed after the issue was planned.",
    SubscriptionState.PENDING: "Unsubscribed after the issue was planned, then asked again.",
    SubscriptionState.PAUSED: "Paused the subscription after the issue was planned.",
}
