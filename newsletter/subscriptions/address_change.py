"""Another address for a reader: proved by a link mailed there; the old one may object.

Nothing is ever merged: an address that is somebody's already stays theirs, and who asks
for it is answered as always. Only its mailbox is told.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from newsletter import addresses, limits, links
from newsletter.addresses import Address
from newsletter.errors import DeadLink, InvalidAddress, InvalidInput, TooOften
from newsletter.extensions import Base, BigId, db
from newsletter.mail import outbox
from newsletter.marking import marked
from newsletter.subscriptions import consent, letters, lists, managing, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, Subscriber, SubscriptionState

PER_DAY = 3
"""Changes that a reader may ask for in a day: each is a mail to what may be anybody's address."""


KINDS = ("new-address", "address-taken", "address-changing")
"""The mails that a change writes."""


class ReaderAddressChange(Base):
    """A change of address that waits for its link, or that may still be objected to."""

    __tablename__ = "reader_address_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscriber.id", ondelete="CASCADE"), unique=True
    )
    old_address: Mapped[str] = mapped_column(sa.String(254))
    new_address: Mapped[str] = mapped_column(sa.String(254))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


def ask(subscriber: Subscriber, text: str, *, now: datetime) -> Address:
    """Note the wish, mail the link to the new address and a word to the old one.

    The answer is the same whoever has the new address. Raises InvalidInput for what is no
    address, and for the reader's own.
    """
    wanted = addresses.parse(text)
    if wanted.canonical == subscriber.canonical:
        raise InvalidInput(marked("This is your address already."), field="address")
    if wanted.canonical in lists.own_addresses():
        raise InvalidAddress(marked("This address belongs to us. Enter your own."))
    try:
        who = str(subscriber.id)
        limits.count("address change", who, window=timedelta(days=1), most=PER_DAY, now=now)
    except TooOften as exc:
        raise InvalidInput(
            marked("You asked for %(number)s changes today. Try again tomorrow."),
            field="address",
            number=PER_DAY,
        ) from exc
    _forget(subscriber)
    change = ReaderAddressChange(
        subscriber_id=subscriber.id,
        old_address=subscriber.address,
        new_address=wanted.spelling,
        asked_at=now,
    )
    db.session.add(change)
    db.session.flush()
    _write_to_new(subscriber, change, wanted, now=now)
    _write(
        "address-changing",
        subscriber,
        now=now,
        facts={"objection_url": links.OBJECTION.url(str(change.id), now=now)},
        lifetime=links.OBJECTION.lifetime,
    )
    return wanted


def read(token: str, *, now: datetime) -> ReaderAddressChange:
    """Return the change that a link confirms; raise DeadLink. Used already, it still names it."""
    change = _find(links.NEW_ADDRESS.read(token, now=now))
    if change is None or suppression.stops_sign_up(_hash(change.new_address)):
        raise DeadLink
    if change.confirmed_at is None and _is_taken(change):
        raise DeadLink
    return change


def confirm(token: str, *, origin: Origin, now: datetime) -> ReaderAddressChange:
    """Let the new address count; again is harmless.

    Links that lie in the old mailbox are dead from now on, but for those to unsubscribe
    and to get less, and the one to object (STANDARDS XB07).
    """
    change = read(token, now=now)
    db.session.refresh(change, with_for_update=True)
    if change.confirmed_at is not None:
        return change
    _move(change, change.new_address, origin=origin, now=now, detail="address changed")
    change.confirmed_at = now
    db.session.flush()
    return change


def read_objection(token: str, *, now: datetime) -> ReaderAddressChange | None:
    """Return the change that the old address may object to, None for one that is gone."""
    return _find(links.OBJECTION.read(token, now=now))


def object_to(token: str, *, origin: Origin, now: datetime) -> None:
    """Keep the old address, also where the new one counts already; again is harmless."""
    change = read_objection(token, now=now)
    if change is None:
        return
    db.session.refresh(change, with_for_update=True)
    if change.confirmed_at is None:
        managing.end_all(db.session.get_one(Subscriber, change.subscriber_id))
    elif not _is_taken(change, address=change.old_address):
        _move(change, change.old_address, origin=origin, now=now, detail="address changed back")
    db.session.delete(change)
    db.session.flush()


def forget(subscriber: Subscriber | None, address: Address) -> set[str]:
    """Delete every change that has to do with a person, with its mails; return its addresses.

    One that somebody else asked for goes, too, when it is about `address`: they ask again.
    """
    theirs: set[str] = set()
    for change in db.session.scalars(sa.select(ReaderAddressChange)):
        both = {addresses.parse(one).canonical for one in (change.old_address, change.new_address)}
        if subscriber is not None and change.subscriber_id == subscriber.id:
            # The new one may be somebody else's: they keep what else we write to them.
            outbox.forget(both, kinds=KINDS)
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
    subscriber = db.session.get_one(Subscriber, change.subscriber_id, with_for_update=True)
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


def _write_to_new(
    subscriber: Subscriber, change: ReaderAddressChange, wanted: Address, *, now: datetime
) -> None:
    is_taken = _is_taken(change)
    if suppression.stops_sign_up(suppression.address_hmac(wanted.canonical)):
        return
    if not limits.may_mail("new-address", wanted.canonical, now=now):
        return
    if is_taken:
        _write("address-taken", subscriber, now=now, facts={}, to=wanted.spelling)
        return
    _write(
        "new-address",
        subscriber,
        now=now,
        facts={"confirm_url": links.NEW_ADDRESS.url(str(change.id), now=now)},
        to=wanted.spelling,
        lifetime=links.NEW_ADDRESS.lifetime,
    )


def _write(
    kind: str,
    subscriber: Subscriber,
    *,
    now: datetime,
    facts: dict[str, Any],
    to: str = "",
    lifetime: timedelta | None = None,
) -> None:
    if lifetime is not None:
        facts = facts | {
            "hours": int(lifetime / timedelta(hours=1)),
            "expires_at": (now + lifetime).isoformat(),
        }
    mailing_list = managing.home_list(subscriber)
    if mailing_list is not None:
        facts = facts | {"manage_url": links.public_url("/manage")}
        letters.write(kind, subscriber, mailing_list=mailing_list, now=now, facts=facts, to=to)


def _forget(subscriber: Subscriber) -> None:
    db.session.execute(
        sa.delete(ReaderAddressChange)
        .where(ReaderAddressChange.subscriber_id == subscriber.id)
        .execution_options(synchronize_session="fetch")
    )


def _is_taken(change: ReaderAddressChange, *, address: str = "") -> bool:
    canonical = addresses.parse(address or change.new_address).canonical
    return bool(
        db.session.scalar(
            sa.select(sa.literal(1)).where(
                Subscriber.canonical == canonical, Subscriber.id != change.subscriber_id
            )
        )
    )


def _hash(address: str) -> str:
    return suppression.address_hmac(addresses.parse(address).canonical)


def _find(number: str) -> ReaderAddressChange | None:
    if not number.isdecimal():
        raise DeadLink
    return db.session.get(ReaderAddressChange, int(number))
