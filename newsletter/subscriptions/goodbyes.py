"""The mail that says good-bye, so that nobody is unsubscribed without hearing of it.

An issue that was passed on can be used by whoever has it to stop the mail of somebody
else; the good-bye lets them take that back. None is ever left out: what one address may not
be told today, it is told tomorrow, in one mail.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import limits, links
from newsletter.errors import TooOften
from newsletter.extensions import db
from newsletter.subscriptions import letters, suppression, undoing
from newsletter.subscriptions.models import (
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from newsletter.subscriptions.undoing import Undo

OFF = (SubscriptionState.UNSUBSCRIBED, SubscriptionState.PENDING)
"""States in which nothing comes from a list."""

PATIENCE = timedelta(minutes=2)
"""Whoever pressed Undo by then needs no mail."""

PER_DAY = 3
"""Good-byes to one address in a day; the next one names all that was stopped since."""

AGAIN = timedelta(hours=1)
"""When it is tried again after that."""

AT_ONCE = 100
"""Rows dealt with in one transaction, so that others write in between."""


def say(*, now: datetime) -> int:
    """Queue some of the good-byes that are due, and return how many rows were dealt with."""
    due = db.session.scalars(
        sa.select(Undo.subscriber_id)
        .where(
            Undo.says_goodbye,
            Undo.made_at <= now - PATIENCE,
            Undo.goodbye_at.is_(None) | (Undo.goodbye_at <= now),
        )
        .order_by(Undo.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for subscriber_id in dict.fromkeys(due):
        _say_to(subscriber_id, now=now)
    db.session.flush()
    return len(due)


def _say_to(subscriber_id: int, *, now: datetime) -> None:
    """Tell one person of all that was stopped for them, or wait until they may be told."""
    rows = db.session.scalars(
        sa.select(Undo)
        .where(Undo.subscriber_id == subscriber_id, Undo.says_goodbye)
        .order_by(Undo.id)
        .with_for_update(skip_locked=True)
    ).all()
    subscriber = db.session.get_one(Subscriber, subscriber_id)
    names = _stopped(rows)
    # Who complained, or whose mail came back, gets nothing more (STANDARDS B06).
    is_told = bool(names) and not suppression.stops_sign_up(subscriber.address_hmac)
    if is_told and not _may_mail(subscriber, now=now):
        for row in rows:
            row.goodbye_at = now + AGAIN
        return
    for row in rows:
        row.says_goodbye = False
        row.goodbye_at = now
    if is_told:
        _write(subscriber, rows, names, now=now)


def _stopped(rows: Sequence[Undo]) -> Sequence[str]:
    """Return the names of the lists that were stopped, and still are."""
    numbers = {int(number) for row in rows for number in row.changes}
    return db.session.scalars(
        sa.select(MailingList.name)
        .join(Subscription, Subscription.mailing_list_id == MailingList.id)
        .where(Subscription.id.in_(numbers), Subscription.state.in_(OFF))
        .order_by(MailingList.id)
    ).all()


def _may_mail(subscriber: Subscriber, *, now: datetime) -> bool:
    who, day = subscriber.canonical, timedelta(days=1)
    try:
        limits.count("good-bye", who, window=day, most=PER_DAY, now=now)
    except TooOften:
        return False
    return True


def _write(
    subscriber: Subscriber, rows: Sequence[Undo], names: Sequence[str], *, now: datetime
) -> None:
    assert links.UNDO_BY_MAIL.lifetime is not None
    letters.write(
        "good-bye",
        subscriber,
        mailing_list=db.session.get_one(MailingList, rows[0].mailing_list_id),
        now=now,
        facts={
            "list_names": list(names),
            "undo_url": links.UNDO_BY_MAIL.url(undoing.payload(rows), now=now),
            "happened_at": rows[-1].made_at.isoformat(),
            "hours": int(links.UNDO_BY_MAIL.lifetime / timedelta(hours=1)),
            "expires_at": (now + links.UNDO_BY_MAIL.lifetime).isoformat(),
        },
    )
