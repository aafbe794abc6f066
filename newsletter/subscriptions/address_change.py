"""Another address for a reader: proved by a link mailed there; the old one may object.

Nothing is ever merged: an address that somebody proved already stays theirs, and who asks
for it is answered as always. Only its mailbox is told.

Every wish is kept for as long as the old address may object to it, for whoever has a
reader's page open could ask again and again: an objection stops its own wish and all later ones.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from newsletter import addresses, limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink, InvalidAddress, InvalidInput, TooOften
from newsletter.extensions import Base, BigId, db
from newsletter.mail import outbox
from newsletter.marking import marked
from newsletter.subscriptions import (
    address_letters,
    consent,
    earlier_addresses,
    managing,
    senders,
    signup,
    suppression,
)
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, Subscriber, SubscriptionState

PER_DAY = 3
"""Changes that a reader may ask for in a day: each is a mail to what may be anybody's address."""

_ELSEWHERE = "address_change.elsewhere"


class ReaderAddressChange(Base):
    """A change of address that was asked for, while it may be objected to.

    Only a reader's newest can be confirmed.
    """

    __tablename__ = "reader_address_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    old_address: Mapped[str] = mapped_column(sa.String(254))
    new_address: Mapped[str] = mapped_column(sa.String(254))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # It is over: this old address objected, or one before it.
    objected_at: Mapped[datetime | None]


def also(app: Flask, follow: Callable[[Subscriber, str | None], None]) -> None:
    """Have `follow` called, too, with every reader who has another address now.

    And with the canonical one that they left, or None where that turned out not to be theirs.
    """
    app.extensions.setdefault(_ELSEWHERE, []).append(follow)


def ask(subscriber: Subscriber, text: str, *, now: datetime) -> Address:
    """Note the wish, mail the link to the new address and a word to the old one.

    The answer is the same whoever has the new address. The same wish again is harmless: the
    first link works. Raises InvalidInput for what is no address, and for the reader's own.
    """
    wanted = addresses.parse(text)
    if wanted.canonical == subscriber.canonical:
        raise InvalidInput(marked("This is your address already."), field="address")
    if wanted.canonical in senders.own_addresses():
        raise InvalidAddress(marked("This address belongs to us. Enter your own."))
    # Of two presses at once the second waits here, and then finds the wish of the first.
    db.session.refresh(subscriber, with_for_update=True)
    if _is_on_its_way(subscriber, wanted, now=now):
        return wanted
    _count(subscriber, now=now)
    change = ReaderAddressChange(
        subscriber_id=subscriber.id,
        old_address=subscriber.address,
        new_address=wanted.spelling,
        asked_at=now,
    )
    db.session.add(change)
    db.session.flush()
    is_taken = _is_taken(change, change.new_address)
    address_letters.write_to_new(subscriber, change.id, wanted, is_taken=is_taken, now=now)
    address_letters.write_to_old(subscriber, change.id, now=now)
    return wanted


def read(token: str, *, now: datetime) -> ReaderAddressChange:
    """Return the change that a link confirms; raise DeadLink. Used already, it still names it."""
    change = _find(links.NEW_ADDRESS.read(token, now=now))
    if change is None or not _may_count(change):
        raise DeadLink
    return change


def confirm(token: str, *, origin: Origin, now: datetime) -> ReaderAddressChange:
    """Let the new address count; again is harmless.

    Links that lie in the old mailbox are dead from now on, but for those to unsubscribe
    and to get less, and the one to object (STANDARDS XB07).
    """
    change = read(token, now=now)
    subscriber = _lock(change)
    if not _may_count(change):
        raise DeadLink
    if change.confirmed_at is None:
        before, left = subscriber.address_hmac, subscriber.canonical
        _move(change, change.new_address, origin=origin, now=now, detail="address changed")
        earlier_addresses.remember(subscriber, before)
        _tell_others(subscriber, left)
        change.confirmed_at = now
        db.session.flush()
    return change


def read_objection(token: str, *, now: datetime) -> ReaderAddressChange | None:
    """Return the change that the old address may object to, None for one that is gone."""
    return _find(links.OBJECTION.read(token, now=now))


def object_to(change: ReaderAddressChange, *, origin: Origin, now: datetime) -> None:
    """Let the old address count, and stop this change and all later ones; again is harmless."""
    subscriber = _lock(change)
    if change.objected_at is not None:
        return
    stopped = db.session.scalars(
        sa.select(ReaderAddressChange).where(
            ReaderAddressChange.subscriber_id == subscriber.id,
            ReaderAddressChange.id >= change.id,
            ReaderAddressChange.objected_at.is_(None),
        )
    ).all()
    for one in stopped:
        one.objected_at = now
    earlier_addresses.disown(subscriber, {_canonical(one.old_address) for one in stopped})
    managing.end_all(subscriber)
    is_elsewhere = subscriber.canonical != _canonical(change.old_address)
    if is_elsewhere and not _is_taken(change, change.old_address):
        _move(change, change.old_address, origin=origin, now=now, detail="address changed back")
        _tell_others(subscriber, None)
    db.session.flush()


def has_stayed(change: ReaderAddressChange) -> bool:
    """Tell whether an objection holds: the old address counts, and nobody asks for another."""
    newest = _newest(change.subscriber_id)
    is_quiet = newest is None or newest.objected_at is not None
    subscriber = db.session.get_one(Subscriber, change.subscriber_id)
    return is_quiet and subscriber.canonical == _canonical(change.old_address)


def forget(subscriber: Subscriber | None, address: Address) -> set[str]:
    """Delete every change that has to do with a person, with its mails; return its addresses.

    One that somebody else asked for goes, too, when it is about `address`: they ask again.
    """
    theirs: set[str] = set()
    for change in db.session.scalars(sa.select(ReaderAddressChange)):
        both = {addresses.parse(one).canonical for one in (change.old_address, change.new_address)}
        if subscriber is not None and change.subscriber_id == subscriber.id:
            # The new one may be somebody else's: they keep what else we write to them.
            outbox.forget(both, kinds=address_letters.KINDS)
            theirs |= both
        elif address.canonical not in both:
            continue
        db.session.delete(change)
    db.session.flush()
    return theirs


def forget_old(*, now: datetime) -> None:
    """Delete the changes that nobody can object to any more, with their addresses."""
    assert links.OBJECTION.lifetime is not None
    db.session.execute(
        sa.delete(ReaderAddressChange)
        .where(ReaderAddressChange.asked_at < now - links.OBJECTION.lifetime)
        .execution_options(synchronize_session=False)
    )


def _move(
    change: ReaderAddressChange, address: str, *, origin: Origin, now: datetime, detail: str
) -> None:
    parsed = addresses.parse(address)
    subscriber = db.session.get_one(Subscriber, change.subscriber_id)
    signup.forget_unproved(parsed.canonical)
    try:
        with db.session.begin_nested():
            subscriber.address = parsed.spelling
            subscriber.canonical = parsed.canonical
            subscriber.address_hmac = suppression.address_hmac(parsed.canonical)
    except sa.exc.IntegrityError as exc:
        # Somebody else proved the same address a moment ago.
        raise DeadLink from exc
    suppression.lift_erasure(subscriber.address_hmac)
    managing.end_all(subscriber)
    for subscription in subscriber.subscriptions:
        subscription.wish = secrets.token_hex(8)
        if subscription.state is not SubscriptionState.PENDING:
            # The addresses themselves are no part of the evidence.
            consent.record(ConsentKind.CHANGED, subscription, origin=origin, now=now, detail=detail)
    db.session.flush()


def _tell_others(subscriber: Subscriber, left: str | None) -> None:
    for follow in current_app.extensions.get(_ELSEWHERE, ()):
        follow(subscriber, left)


def _is_on_its_way(subscriber: Subscriber, wanted: Address, *, now: datetime) -> bool:
    """Tell whether the newest wish is the same, and its link still works."""
    assert links.NEW_ADDRESS.lifetime is not None
    newest = _newest(subscriber.id)
    return (
        newest is not None
        and newest.confirmed_at is None
        and newest.objected_at is None
        and newest.asked_at > now - links.NEW_ADDRESS.lifetime
        and _canonical(newest.new_address) == wanted.canonical
    )


def _count(subscriber: Subscriber, *, now: datetime) -> None:
    who = str(subscriber.id)
    try:
        limits.count("address change", who, window=timedelta(days=1), most=PER_DAY, now=now)
    except TooOften as exc:
        raise InvalidInput(
            marked("You asked for %(number)s changes today. Try again tomorrow."),
            field="address",
            number=PER_DAY,
        ) from exc


def _lock(change: ReaderAddressChange) -> Subscriber:
    """Let nobody else change this reader's address meanwhile, and see what others did before."""
    subscriber = db.session.get_one(Subscriber, change.subscriber_id, with_for_update=True)
    db.session.refresh(change)
    return subscriber


def _may_count(change: ReaderAddressChange) -> bool:
    """Tell whether the new address may be confirmed, or was and still counts."""
    is_stopped = suppression.stops_sign_up(_hash(change.new_address))
    if change.objected_at is not None or is_stopped:
        return False
    if change.confirmed_at is not None:
        subscriber = db.session.get_one(Subscriber, change.subscriber_id)
        return subscriber.canonical == _canonical(change.new_address)
    # A newer wish replaces what waits: the address before may have been a slip.
    is_newest = change is _newest(change.subscriber_id)
    return is_newest and not _is_taken(change, change.new_address)


def _newest(subscriber_id: int) -> ReaderAddressChange | None:
    return db.session.scalar(
        sa.select(ReaderAddressChange)
        .where(ReaderAddressChange.subscriber_id == subscriber_id)
        .order_by(ReaderAddressChange.id.desc())
        .limit(1)
    )


def _is_taken(change: ReaderAddressChange, address: str) -> bool:
    """Tell whether somebody else proved an address; a sign-up alone may be anybody's."""
    owner = signup.find_subscriber(addresses.parse(address))
    return owner is not None and owner.id != change.subscriber_id and signup.has_proved(owner)


def _canonical(address: str) -> str:
    return addresses.parse(address).canonical


def _hash(address: str) -> str:
    return suppression.address_hmac(_canonical(address))


def _find(number: str) -> ReaderAddressChange | None:
    if not number.isdecimal():
        raise DeadLink
    return db.session.get(ReaderAddressChange, int(number))
