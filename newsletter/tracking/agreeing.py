"""A reader's own consent to be recorded, apart from the one to get e-mails."""

from collections.abc import Set
from datetime import datetime

import sqlalchemy as sa

from newsletter.extensions import db
from newsletter.subscriptions import consent
from newsletter.subscriptions.consent import Origin, Wording
from newsletter.subscriptions.models import ConsentKind, MailingList, Subscription, Tracking
from newsletter.tracking.models import ReaderClick


def may_be_asked(subscription: Subscription) -> bool:
    """Tell whether the list records who follows what at all."""
    return subscription.mailing_list.tracking is Tracking.INDIVIDUAL


def agree(subscription: Subscription, words: Wording, *, origin: Origin, now: datetime) -> None:
    """Let it be recorded from now on, with the words that were agreed to; again is harmless."""
    if subscription.agreed_to_tracking:
        return
    subscription.agreed_to_tracking = True
    consent.record(
        ConsentKind.TRACKING_AGREED,
        subscription,
        origin=origin,
        now=now,
        wording_id=consent.wording_id(words),
    )


def withdraw(subscription: Subscription, *, origin: Origin, now: datetime) -> None:
    """Record nothing any more, also of mail that was sent already, and forget what there is.

    Again is harmless (STANDARDS C25).
    """
    if not subscription.agreed_to_tracking:
        return
    subscription.agreed_to_tracking = False
    subscription.last_open_on = None
    db.session.execute(
        sa.delete(ReaderClick)
        .where(ReaderClick.subscription_id == subscription.id)
        .execution_options(synchronize_session=False)
    )
    consent.record(ConsentKind.TRACKING_WITHDRAWN, subscription, origin=origin, now=now)


def agreeing() -> sa.Select[int]:
    """Return the question which subscriptions may be recorded, of lists that still do that."""
    return (
        sa.select(Subscription.id)
        .join(MailingList, MailingList.id == Subscription.mailing_list_id)
        .where(Subscription.agreed_to_tracking, MailingList.tracking == Tracking.INDIVIDUAL)
    )


def who_agrees(numbers: Set[int]) -> set[int]:
    """Return who of them agrees now: they may have withdrawn a second ago (STANDARDS C25)."""
    if not numbers:
        return set()
    return set(db.session.scalars(agreeing().where(Subscription.id.in_(numbers))))
