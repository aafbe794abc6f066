"""Erasing one person from everything that the features keep.

What stays is a keyed mark of the address, so that nobody puts them on a list
again, the evidence without its person, and rows of the ledger that no longer
point anywhere: the sums stay true (STANDARDS C15, C16, C22).
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Flask, current_app

from newsletter import traces
from newsletter.addresses import Address, parse
from newsletter.comments import reading as comments
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.delivery.reasons import AGAIN
from newsletter.errors import NotFound, Refused
from newsletter.extensions import db, overwrite_deleted
from newsletter.mail import outbox
from newsletter.membership import asking as members
from newsletter.subscriptions import address_change, consent, earlier_addresses, signup, suppression
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import ConsentKind, SuppressionReason

log = logging.getLogger(__name__)

_ELSEWHERE = "erasure.elsewhere"


@dataclass(frozen=True)
class Erased:
    """What an erasure did: whether anything was kept, and the canonical addresses it was about."""

    was_known: bool
    canonicals: frozenset[str]


def also(app: Flask, forget: Callable[[Collection[str]], None]) -> None:
    """Have `forget` called, too, with the canonical addresses of whoever was erased.

    For what is kept outside of the database, by something that erasure has never heard of.
    """
    app.extensions.setdefault(_ELSEWHERE, []).append(forget)


def meant(address: Address, number: int | None) -> Address:
    """Return by which address to erase; `number` is of the reader who had this one before.

    Whoever opens a mailbox today that somebody left must not have them erased by its address
    alone: who is asked has to find out who asks, and to say whom they mean.
    """
    if number is None:
        return address
    left_by = earlier_addresses.readers_of(address.canonical)
    known = next((one for one in left_by if one.id == number), None)
    if known is None:
        raise NotFound(f"Subscriber {number} is not who had this address before.")
    return parse(known.address)


def erase(address: Address, *, now: datetime, actor: str = "command line") -> Erased:
    """Delete the person behind `address` and set the mark.

    Mail to them that has not been handed over is cancelled; links in what
    they got before keep answering calmly. Call `finish` after the commit.
    Raises Refused for an address that somebody left for another one.
    """
    subscriber = signup.find_subscriber(address)
    if subscriber is None:
        _refuse_left(address)
    marks = earlier_addresses.marks_of(subscriber)
    # An address that they had a few days ago, or wanted to have, tells who they are as well.
    changed = address_change.forget(subscriber, address)
    proved = traces.addresses_of(address.canonical, marks)
    proved |= earlier_addresses.recognised(marks, changed)
    # So does the one that they asked with to become a member.
    asked_from = members.forget_person(proved, subscriber)
    proved |= asked_from
    has_commented = comments.forget_person(proved)
    outbox.forget(proved)
    if subscriber is not None:
        for subscription in subscriber.subscriptions:
            consent.record(ConsentKind.ERASED, subscription, origin=Origin(actor=actor), now=now)
        _cut_deliveries(subscriber.id, now=now)
        consent.forget_person(subscriber.id)
        db.session.delete(subscriber)
        db.session.flush()
    suppression.suppress(address, reason=SuppressionReason.ERASED, note="", now=now)
    for mark in marks:
        suppression.mark_erased(mark, now=now)
    was_known = subscriber is not None or bool(asked_from) or has_commented
    return Erased(was_known, frozenset(changed | proved))


def finish(erased: Erased) -> None:
    """Take the person out of what no transaction reaches: files, and the database's own log."""
    for forget in current_app.extensions.get(_ELSEWHERE, ()):
        forget(erased.canonicals)
    if not overwrite_deleted():
        log.warning("the database's log is in use and was not overwritten; the clock does it later")


def _refuse_left(address: Address) -> None:
    """Let nobody be erased by a mailbox that they left: it may be anybody's today."""
    if left_by := earlier_addresses.readers_of(address.canonical):
        numbers = " and ".join(str(one.id) for one in left_by)
        raise Refused(
            f"Subscriber {numbers} had this address before and has another one now. Whoever writes "
            "from it today may be somebody else: make sure who asks. If it is them, look this "
            "address up under Subscribers and erase them there, or name them: --subscriber "
            f"{left_by[0].id}."
        )


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
