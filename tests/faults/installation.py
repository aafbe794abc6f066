"""An installation with many readers and one issue that is due, made fast."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from newsletter import clock
from newsletter.delivery import planning
from newsletter.extensions import db
from newsletter.subscriptions.models import (
    MailingList,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from newsletter.subscriptions.suppression import address_hmac
from tests.factories import make_due_issue, make_list

DOMAINS = ("example.org", "example.com", "example.net")


def address_of(number: int) -> str:
    """Return the address of the reader with a number, from 0; neighbours have other domains."""
    return f"reader{number:05}@{DOMAINS[number % len(DOMAINS)]}"


def build(readers: int, *, also: tuple[str, ...], batch_size: int, is_planned: bool) -> int:
    """Make a list, its readers and an issue that is due now; return the issue's number.

    With `is_planned` its audience is frozen, too, in batches of `batch_size`.
    """
    now = clock.now()
    mailing_list = make_list()
    add_readers(mailing_list, [*map(address_of, range(readers)), *also], now=now)
    issue = make_due_issue(mailing_list, at=now)
    number = issue.id
    if is_planned:
        with small_batches(batch_size):
            planning.plan(issue, now=now)
    # Nothing is read after it: an open transaction would hold the database's write lock.
    db.session.commit()
    return number


def add_readers(mailing_list: MailingList, addresses: Sequence[str], *, now: datetime) -> None:
    """Let these addresses, and whoever is here, be on a list."""
    db.session.execute(
        sa.insert(Subscriber),
        [
            {
                "address": address,
                "canonical": address,
                "address_hmac": address_hmac(address),
                "name": f"Reader {number}",
                "language": "en",
                "attributes": {},
                "created_at": now,
            }
            for number, address in enumerate(addresses)
        ],
    )
    db.session.execute(
        sa.insert(Subscription),
        [
            {
                "subscriber_id": subscriber_id,
                "mailing_list_id": mailing_list.id,
                "state": SubscriptionState.CONFIRMED,
                "requested_at": now,
            }
            for subscriber_id in db.session.scalars(sa.select(Subscriber.id)).all()
        ],
    )


@contextmanager
def small_batches(size: int) -> Iterator[None]:
    """Let planning cut batches of so many rows."""
    usual = planning.BATCH_SIZE
    planning.BATCH_SIZE = size
    try:
        yield
    finally:
        planning.BATCH_SIZE = usual
