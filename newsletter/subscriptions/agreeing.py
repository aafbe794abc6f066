"""A reader's own consent to be recorded, apart from the one to get e-mails."""

from collections.abc import Set
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter.extensions import Base, BigId, db
from newsletter.subscriptions import consent
from newsletter.subscriptions.consent import Concerned, Origin, Wording
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    MailingList,
    Subscription,
    Tracking,
)

ENDED_FOR_ALL = "the list records nobody any more"
"""What the evidence notes where it was not the reader who ended it."""


class ReaderClick(Base):
    """That a reader who agreed to it followed a link: the day of the first time, no more."""

    __tablename__ = "reader_click"
    __table_args__ = ()

    subscription_id: Mapped[int] = mapped_column(
        BigId,
        sa.ForeignKey("subscription.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    link_key: Mapped[str] = mapped_column(
        sa.ForeignKey("tracked_link.key", ondelete="CASCADE"), primary_key=True, index=True
    )
    day: Mapped[date]


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
    forget(subscription.id, subscription, origin=origin, now=now)


def forget(number: int, concerned: Concerned, *, origin: Origin, now: datetime) -> None:
    """Delete what was followed by the subscription with this number, and note that it ended."""
    db.session.execute(
        sa.delete(ReaderClick)
        .where(ReaderClick.subscription_id == number)
        .execution_options(synchronize_session=False)
    )
    consent.record(ConsentKind.TRACKING_WITHDRAWN, concerned, origin=origin, now=now)


def withdraw_all(mailing_list: MailingList, *, origin: Origin, now: datetime) -> None:
    """Do the same for everybody on a list that is about to record nobody: they are asked anew."""
    chosen = (Subscription.mailing_list_id == mailing_list.id) & Subscription.agreed_to_tracking
    numbers = sa.select(Subscription.id).where(chosen)
    evidence = sa.select(
        sa.literal(now, ConsentEvent.at.type),
        sa.literal(ConsentKind.TRACKING_WITHDRAWN, ConsentEvent.kind.type),
        Subscription.subscriber_id,
        Subscription.mailing_list_id,
        *map(sa.literal, (origin.page[:300], origin.actor[:60], ENDED_FOR_ALL)),
    ).where(chosen)
    columns = ("at", "kind", "subscriber_id", "mailing_list_id", "page", "actor", "detail")
    for statement in (
        sa.insert(ConsentEvent).from_select(columns, evidence),
        sa.delete(ReaderClick).where(ReaderClick.subscription_id.in_(numbers)),
        sa.update(Subscription).where(chosen).values(agreed_to_tracking=False, last_open_on=None),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))


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
