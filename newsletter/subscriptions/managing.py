"""Links by which readers manage what they get: mailed to the address, they work once, for an hour.

What such a link opens is kept by the same row: a browser that shows the signed number of a
link that was used is the reader's for 60 minutes, or until they end it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter import limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink, TooOften
from newsletter.extensions import Base, BigId, db, insert, rows_changed
from newsletter.subscriptions import letters, lists, suppression
from newsletter.subscriptions.models import MailingList, Subscriber, Subscription

LIFETIME = timedelta(minutes=60)
"""How long a mailed link works, and how long what it opened stays open."""

PAUSE = timedelta(minutes=10)
"""One mail to an address in that time."""

PER_DAY = 10
"""Mails to one address in a day."""

PER_NETWORK = 60
"""Requests from one /24 or /48 network in an hour."""


class ManageLink(Base):
    """One link that was mailed; once it was used, what it opened."""

    __tablename__ = "manage_link"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def count_request(network: str, *, now: datetime) -> None:
    """Count one request for a link; raise TooOften when a network asks too often."""
    limits.count("manage", network, window=timedelta(hours=1), most=PER_NETWORK, now=now)


def ask(address: Address, *, is_kept: bool, language: str, now: datetime) -> None:
    """Mail a link to `address` if it is a reader's; whoever asks cannot tell.

    With `is_kept`, something else is kept of it, so that who has it gets a link, too, and a
    row as long as that works. The work is the same for every address: for one that is nobody's,
    or must not be written to, a row and a mail are made as well, and taken back (STANDARDS XA07).
    """
    may_mail = _may_mail(address.canonical, now=now)
    savepoint = db.session.begin_nested()
    hashed = suppression.address_hmac(address.canonical)
    is_blocked = suppression.stops_sign_up(hashed)
    theirs = sa.select(Subscriber).where(Subscriber.canonical == address.canonical)
    is_known = db.session.scalar(theirs) is not None
    db.session.execute(
        insert(Subscriber)
        .values(
            address=address.spelling,
            canonical=address.canonical,
            address_hmac=hashed,
            language=language,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )
    _mail(db.session.scalars(theirs).one(), now=now)
    if may_mail and (is_known or is_kept) and not is_blocked:
        savepoint.commit()
    else:
        savepoint.rollback()


def ask_for(subscription: Subscription | None, *, now: datetime) -> None:
    """Mail a link to whom a link in an issue belongs to; the answer is always the same."""
    if subscription is None:
        return
    subscriber = subscription.subscriber
    is_blocked = suppression.stops_sign_up(subscriber.address_hmac)
    if _may_mail(subscriber.canonical, now=now) and not is_blocked:
        _mail(subscriber, now=now)


def _may_mail(canonical: str, *, now: datetime) -> bool:
    try:
        limits.count("manage mail", canonical, window=PAUSE, most=1, now=now)
        limits.count("manage mail", canonical, window=timedelta(days=1), most=PER_DAY, now=now)
    except TooOften:
        return False
    return True


def _mail(subscriber: Subscriber, *, now: datetime) -> None:
    link = ManageLink(subscriber_id=subscriber.id, made_at=now)
    db.session.add(link)
    db.session.flush()
    mailing_list = home_list(subscriber)
    if mailing_list is not None:
        facts = {
            "manage_url": links.MANAGE.url(str(link.id), now=now),
            "minutes": int(LIFETIME / timedelta(minutes=1)),
            "expires_at": (now + LIFETIME).isoformat(),
        }
        letters.write("manage", subscriber, mailing_list=mailing_list, now=now, facts=facts)


def home_list(subscriber: Subscriber) -> MailingList | None:
    """Return the list that writes to a reader about themselves: their first, or the first."""
    first = db.session.scalar(
        sa.select(MailingList)
        .join(Subscription, Subscription.mailing_list_id == MailingList.id)
        .where(Subscription.subscriber_id == subscriber.id)
        .order_by(Subscription.id)
        .limit(1)
    )
    return first or lists.public_list() or next(iter(lists.all_lists()), None)


def read(token: str, *, now: datetime) -> Subscriber:
    """Return whose link it is, without using it up; raise DeadLink."""
    link = _find(links.MANAGE.read(token, now=now))
    if link is None or link.used_at is not None or link.made_at + LIFETIME <= now:
        raise DeadLink
    return db.session.get_one(Subscriber, link.subscriber_id)


def use(token: str, *, now: datetime) -> tuple[Subscriber, str]:
    """Use the link up; return whose it is and what their browser is to show from now on.

    One conditional UPDATE decides: of twenty presses at once, one gets in (STANDARDS XB05).
    """
    subscriber = read(token, now=now)
    number = links.MANAGE.read(token, now=now)
    used = db.session.execute(
        sa.update(ManageLink)
        .where(ManageLink.id == int(number), ManageLink.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if rows_changed(used) != 1:
        raise DeadLink
    return subscriber, links.MANAGED.token(number, now=now)


def reader_of(shown: str, *, now: datetime) -> Subscriber | None:
    """Return whose browser shows this, or None if nothing is open for it."""
    link = _opened(shown, now=now)
    return db.session.get(Subscriber, link.subscriber_id) if link else None


def end(shown: str, *, now: datetime) -> None:
    """Close what a browser shows; again is harmless."""
    if (link := _opened(shown, now=now)) is not None:
        number = link.subscriber_id
        db.session.delete(link)
        db.session.flush()
        _forget_visitors({number})


def end_all(subscriber: Subscriber) -> None:
    """Let every link of a reader be dead and close what they opened."""
    db.session.execute(
        sa.delete(ManageLink)
        .where(ManageLink.subscriber_id == subscriber.id)
        .execution_options(synchronize_session=False)
    )


def forget_old(*, now: datetime) -> None:
    """Delete the links that open nothing any more."""
    deleted = db.session.scalars(
        sa.delete(ManageLink)
        .where(ManageLink.made_at < now - 2 * LIFETIME)
        .returning(ManageLink.subscriber_id)
        .execution_options(synchronize_session=False)
    )
    _forget_visitors(set(deleted))


def _forget_visitors(numbers: Collection[int]) -> None:
    """Delete who came only to see what else is kept of them, is on no list, and has no link."""
    db.session.execute(
        sa.delete(Subscriber)
        .where(
            Subscriber.id.in_(numbers),
            ~sa.exists().where(Subscription.subscriber_id == Subscriber.id),
            ~sa.exists().where(ManageLink.subscriber_id == Subscriber.id),
        )
        .execution_options(synchronize_session=False)
    )


def _opened(shown: str, *, now: datetime) -> ManageLink | None:
    try:
        link = _find(links.MANAGED.read(shown, now=now))
    except DeadLink:
        return None
    if link is None or link.used_at is None or link.used_at + LIFETIME <= now:
        return None
    return link


def _find(number: str) -> ManageLink | None:
    if not number.isdecimal():
        raise DeadLink
    return db.session.get(ManageLink, int(number))
