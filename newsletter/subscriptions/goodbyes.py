"""The mail that says good-bye, so that nobody is unsubscribed without hearing of it.

An issue that was passed on can be used by whoever has it to stop the mail of somebody
else; the good-bye lets them take that back.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import limits, links
from newsletter.extensions import db
from newsletter.subscriptions import letters, suppression
from newsletter.subscriptions.models import MailingList, Subscriber, Subscription
from newsletter.subscriptions.undoing import Undo

PATIENCE = timedelta(minutes=2)
"""Whoever pressed Undo by then needs no mail."""

AT_ONCE = 100
"""Mails queued in one transaction, so that others write in between."""


def say(*, now: datetime) -> int:
    """Queue some of the good-byes that are due, and return how many rows were dealt with."""
    due = db.session.scalars(
        sa.select(Undo)
        .where(
            Undo.says_goodbye,
            Undo.made_at <= now - PATIENCE,
        )
        .order_by(Undo.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in due:
        row.says_goodbye = False
        _say_one(row, now=now)
    db.session.flush()
    return len(due)


def _say_one(row: Undo, *, now: datetime) -> None:
    subscriber = db.session.get_one(Subscriber, row.subscriber_id)
    # Who complained, or whose mail came back, gets nothing more (STANDARDS B06).
    if suppression.stops_sign_up(subscriber.address_hmac):
        return
    if not limits.may_mail("good-bye", subscriber.canonical, now=now):
        return
    assert links.UNDO_BY_MAIL.lifetime is not None
    numbers = [int(number) for number in row.changes]
    names = db.session.scalars(
        sa.select(MailingList.name)
        .join(Subscription, Subscription.mailing_list_id == MailingList.id)
        .where(Subscription.id.in_(numbers))
        .order_by(MailingList.id)
    ).all()
    letters.write(
        "good-bye",
        subscriber,
        mailing_list=db.session.get_one(MailingList, row.mailing_list_id),
        now=now,
        facts={
            "list_names": list(names),
            "undo_url": links.UNDO_BY_MAIL.url(str(row.id), now=now),
            "hours": int(links.UNDO_BY_MAIL.lifetime / timedelta(hours=1)),
            "expires_at": (now + links.UNDO_BY_MAIL.lifetime).isoformat(),
        },
    )
