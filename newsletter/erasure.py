"""Erasing one person from everything that the features keep.

What stays is a keyed mark of the address, so that nobody puts them on a list
again, the evidence without its person, and rows of the ledger that no longer
point anywhere: the sums stay true (STANDARDS C15, C16, C22).
"""

from datetime import datetime

import sqlalchemy as sa

from newsletter.addresses import Address
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.delivery.reasons import AGAIN
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import consent, signup, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, SuppressionReason


def erase(address: Address, *, now: datetime, actor: str = "command line") -> bool:
    """Delete the person behind `address` and set the mark; tell whether anything was kept.

    Mail to them that has not been handed over is cancelled; links in what
    they got before keep answering calmly.
    """
    subscriber = signup.find_subscriber(address)
    spellings = {address.spelling, address.canonical, subscriber.address if subscriber else ""}
    db.session.execute(sa.delete(OutboxMessage).where(OutboxMessage.recipient.in_(spellings)))
    if subscriber is not None:
        for subscription in subscriber.subscriptions:
            consent.record(ConsentKind.ERASED, subscription, origin=Origin(actor=actor), now=now)
        _cut_deliveries(subscriber.id, now=now)
        consent.forget_person(subscriber.id)
        db.session.delete(subscriber)
        db.session.flush()
    suppression.suppress(address, reason=SuppressionReason.ERASED, note="", now=now)
    return subscriber is not None


def _cut_deliveries(subscriber_id: int, *, now: datetime) -> None:
    """Take the person out of the ledger and cancel what still waits for them.

    What a person wanted sent again, because it may have been sent, is uncertain again.
    """
    theirs = Delivery.subscriber_id == subscriber_id
    may_have_it = Delivery.reason.startswith(AGAIN)
    db.session.execute(
        sa.update(Delivery)
        .where(theirs, Delivery.state == DeliveryState.WAITING)
        .values(
            state=sa.case(
                (may_have_it, DeliveryState.UNCERTAIN.value), else_=DeliveryState.CANCELLED.value
            ),
            finished_at=now,
            due_at=None,
            reason="the person was erased",
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        sa.update(Delivery)
        .where(theirs)
        .values(subscriber_id=None, merge_values=None, provider="")
        .execution_options(synchronize_session=False)
    )
