"""An issue that is being sent, a courier, and what the ledger says: for every test here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import reports
from newsletter.delivery import due, planning
from newsletter.delivery.courier import Courier
from newsletter.delivery.leases import LEASE, DueBatch, Lease
from newsletter.delivery.ledger import Answer, Claimed, Ledger, Mark
from newsletter.delivery.models import Delivery, DeliveryState, Send
from newsletter.delivery.sources import LocalSource
from newsletter.extensions import db, reading
from newsletter.mail.smtp import RelaySettings
from newsletter.subscriptions.models import Subscriber
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription
from tests.relay import Relay


@dataclass
class Hands:
    """A clock whose hands the test moves, and the time that really passed."""

    now: datetime = NOW
    passed: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.passed

    def move(self, **by: float) -> None:
        """Let time pass."""
        self.set(**by)
        self.passed += timedelta(**by).total_seconds()

    def set(self, **by: float) -> None:
        """Set the hands forward or back; no time passes."""
        self.now += timedelta(**by)


@dataclass
class Post:
    """A courier with a relay to go to and a clock to look at."""

    relay: Relay
    clock: Hands = field(default_factory=Hands)
    stop: threading.Event = field(default_factory=threading.Event)
    connections: int = 1

    def __post_init__(self) -> None:
        self.source = LocalSource(look_every=0, now=self.clock)
        self.courier = Courier(
            settings_for(self.relay),
            self.source,
            connections=self.connections,
            stop=self.stop,
            now=self.clock,
            monotonic=self.clock.monotonic,
        )

    def deliver(self) -> None:
        """Work until nothing is due; what is due later is left."""
        self.courier.drain()

    def close(self) -> None:
        # What the test last read may hold the write lock.
        db.session.rollback()
        self.courier.hang_up()


def settings_for(relay: Relay, *, final_timeout: float = 10) -> RelaySettings:
    """Short times, so that a test of silence is short."""
    return RelaySettings(
        relay.host,
        relay.port,
        "news.example.org",
        connect_timeout=5,
        reply_timeout=5,
        write_timeout=5,
        final_timeout=final_timeout,
    )


def begin(*names: str, subject: str = "New guidance", at: datetime = NOW) -> int:
    """Plan an issue for these readers, commit, and return its number."""
    news = make_list()
    for name in names:
        make_subscription(news, f"{name}@example.org", name=name.title())
    issue = make_due_issue(news, subject=subject, at=at)
    number = issue.id
    planning.plan(issue, now=at)
    # Nothing is read after it: an open transaction would hold the database's write lock.
    db.session.commit()
    return number


def readers(count: int) -> list[str]:
    """Names for `count` readers."""
    return [f"reader{number:04}" for number in range(count)]


def write(answers: list[Answer], marks: list[Mark], *, now: datetime) -> frozenset[int]:
    """One turn of a ledger that is opened for it; returns whose mark was granted."""
    with _books() as books:
        return books.turn(answers, marks, now=now).granted


def claim(batch_id: int, *, now: datetime, length: timedelta = LEASE) -> Lease | None:
    """Claim a batch for somebody."""
    claimed = take(batch_id, now=now, length=length)
    return None if claimed is None else claimed.lease


def take(batch_id: int, *, now: datetime, length: timedelta = LEASE) -> Claimed | None:
    """Claim a batch for somebody, and see what is due in it."""
    with _books() as books:
        return books.claim(batch_id, now=now, length=length)


def renew(lease: Lease, *, now: datetime) -> bool:
    """Give a sign of life; tells whether the lease was still there."""
    with _books() as books:
        return not books.turn([], [], held=[lease], now=now).lost


def give_back(lease: Lease, *, now: datetime, not_before: datetime | None = None) -> None:
    """Let a batch go."""
    with _books() as books:
        books.close(lease, now=now, not_before=not_before)


@contextmanager
def _books() -> Iterator[Ledger]:
    """Open a ledger; what the test did before is committed."""
    db.session.commit()
    books = Ledger()
    try:
        yield books
    finally:
        books.hang_up()


def due_batches(*, now: datetime) -> list[DueBatch]:
    """The batches that somebody may claim."""
    return [batch for line in due.lines(now=now, most=100) for batch in line.batches]


def row_of(name: str) -> Delivery:
    """The delivery of one reader, as the database has it now."""
    db.session.rollback()
    row = db.session.scalars(
        sa.select(Delivery)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Subscriber.address == f"{name}@example.org")
        .execution_options(populate_existing=True)
    ).one()
    db.session.expunge(row)
    db.session.rollback()
    return row


def states(issue_id: int) -> dict[str, int]:
    """The numbers of an issue that are not 0; asserts that they add up."""
    db.session.rollback()
    with reading():
        numbers = reports.report(issue_id).as_dict()
        db.session.rollback()
    planned = numbers.pop("planned")
    assert planned == sum(numbers.values()), numbers
    return {name: number for name, number in numbers.items() if number}


def witness(relay: Relay) -> dict[str, int]:
    """How often the relay accepted each address's mail."""
    counts: dict[str, int] = {}
    for message in relay.messages:
        counts[message.recipient] = counts.get(message.recipient, 0) + 1
    return counts


def assert_books_agree(relay: Relay, issue_id: int) -> None:
    """Invariants I1 to I5 of STANDARDS 5.3: the ledger against what the relay accepted."""
    accepted = witness(relay)
    assert all(count == 1 for count in accepted.values()), "somebody got it twice"
    rows = db.session.execute(
        sa.select(Subscriber.address, Delivery.state)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id == issue_id)
    ).all()
    db.session.rollback()
    for address, state in rows:
        got_it = address in accepted
        if state is DeliveryState.SENT:
            assert got_it, f"{address} is written as sent and was not"
        elif state is not DeliveryState.UNCERTAIN:
            assert not got_it, f"{address} got it and is written as {state}"
