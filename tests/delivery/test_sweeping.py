"""What the clock does about senders that stopped, and about clocks that are set."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import control, leases, planning, sweeping
from newsletter.delivery.leases import LEASE
from newsletter.delivery.models import Batch, Delivery, DeliveryState, Send
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from tests.conftest import NOW
from tests.delivery.situations import (
    Post,
    assert_books_agree,
    begin,
    claim,
    due_batches,
    give_back,
    readers,
    row_of,
    states,
)
from tests.relay import Relay

EXPIRED = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def post(app: Flask) -> Iterator[Post]:
    with Relay() as relay:
        post = Post(relay)
        yield post
        post.close()


@pytest.mark.parametrize("hours", [-24, -3, -0.5, 0.5, 3, 24])
def test_an_issue_is_finished_though_the_clock_is_set_in_its_middle(
    post: Post, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 5)
    post.relay.answer("RCPT", "450 4.2.0 Greylisted", to="reader0003@example.org", times=2)
    count = 0

    def set_the_clock(_message: object) -> None:
        nonlocal count
        count += 1
        if count == 8:
            post.clock.set(hours=hours)

    post.relay.on_message = set_the_clock
    issue_id = begin(*readers(30))

    post.deliver()
    assert states(issue_id) == {"sent": 29, "waiting": 1}
    for _ in range(3):
        post.clock.move(minutes=73)
        post.deliver()

    assert states(issue_id) == {"sent": 30}
    assert row_of("reader0003").attempts == 3
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENT
    assert_books_agree(post.relay, issue_id)


def test_what_a_stopped_sender_left_is_freed_though_the_clock_was_set_back(post: Post) -> None:
    issue_id = begin("ada", "ben")
    leave_one_in_flight()
    post.clock.set(hours=-3)

    sweeping.sweep(now=post.clock())
    db.session.commit()
    assert states(issue_id) == {"waiting": 1, "in_flight": 1}
    post.clock.move(seconds=21)
    assert sweeping.sweep(now=post.clock()) == 1
    db.session.commit()
    post.deliver()

    assert states(issue_id) == {"sent": 1, "uncertain": 1}


def test_sweeping_twice_changes_nothing_more(app: Flask) -> None:
    issue_id = begin("ada", "ben")
    leave_one_in_flight()

    assert sweeping.sweep(now=EXPIRED) == 1
    assert sweeping.sweep(now=EXPIRED) == 0
    db.session.commit()
    assert states(issue_id) == {"waiting": 1, "uncertain": 1}


# -- who froze in the middle of a transaction; only PostgreSQL locks rows


def check_who_froze_with_a_batch_keeps_no_other_one(app: Flask) -> None:
    begin(*readers(10))
    frozen, other = _claim_all()

    with _held(sa.update(Batch).where(Batch.id == frozen).values(dispatched_at=NOW)):
        sweeping.sweep(now=EXPIRED)
        db.session.commit()
        assert [batch.batch_id for batch in due_batches(now=EXPIRED)] == [other]
        db.session.rollback()

    sweeping.sweep(now=EXPIRED)
    assert len(due_batches(now=EXPIRED)) == 2


def check_who_froze_with_a_row_in_flight_keeps_no_other_one(app: Flask) -> None:
    issue_id = begin(*readers(10))
    _claim_all()
    rows = db.session.scalars(sa.select(Delivery.id).order_by(Delivery.id).limit(2)).all()
    in_flight = sa.update(Delivery).values(state=DeliveryState.IN_FLIGHT)
    db.session.execute(in_flight.where(Delivery.id.in_(rows)))
    db.session.commit()

    with _held(sa.update(Delivery).where(Delivery.id == rows[0]).values(reason="frozen")):
        assert sweeping.sweep(now=EXPIRED) == 1
        db.session.commit()

    assert states(issue_id) == {"waiting": 8, "in_flight": 1, "uncertain": 1}
    for batch in due_batches(now=EXPIRED):
        lease = claim(batch.batch_id, now=EXPIRED)
        assert lease is not None
        give_back(lease, now=EXPIRED)
        db.session.commit()
    later = leases.shared_now(EXPIRED) + LEASE + timedelta(seconds=1)
    assert sweeping.sweep(now=later) == 1


def check_who_froze_does_not_keep_an_issue_from_being_cancelled(app: Flask) -> None:
    issue_id = begin(*readers(10))
    row = db.session.scalars(sa.select(sa.func.min(Delivery.id))).one()
    db.session.rollback()

    with _held(sa.update(Delivery).where(Delivery.id == row).values(reason="frozen")):
        control.cancel(db.session.get_one(Issue, issue_id), now=NOW)
        db.session.commit()
        sweeping.sweep(now=NOW)
        db.session.commit()
        assert states(issue_id) == {"waiting": 1, "cancelled": 9}

    sweeping.sweep(now=NOW)
    db.session.commit()
    assert states(issue_id) == {"cancelled": 10}
    assert db.session.scalars(sa.select(Send.finished_at)).one() is not None


def check_who_froze_does_not_keep_other_issues_from_ending(app: Flask) -> None:
    issue_id = begin("ada")
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.SENT, finished_at=NOW))
    db.session.execute(sa.update(Batch).values(is_done=True))
    db.session.commit()

    with _held(sa.update(Issue).where(Issue.id == issue_id).values(pause_reason="frozen")):
        sweeping.sweep(now=NOW)
        db.session.commit()
    sweeping.sweep(now=NOW)
    db.session.commit()

    assert db.session.get_one(Issue, issue_id).state is IssueState.SENT


class _held:
    """Somebody who changed a row and went no further."""

    def __init__(self, change: sa.Update) -> None:
        self._change = change
        db.session.execute(sa.text("SET lock_timeout = '3s'"))
        db.session.commit()

    def __enter__(self) -> None:
        self._connection = db.engine.connect()
        self._connection.execute(self._change)

    def __exit__(self, *_facts: object) -> None:
        self._connection.rollback()
        self._connection.close()


def test_what_was_left_in_flight_in_a_batch_that_nobody_has_is_settled_later(app: Flask) -> None:
    begin("ada")
    leave_one_in_flight()
    # A sweep ended the lease, and somebody held the row at that moment.
    db.session.execute(sa.update(Batch).values(leased_until=None))
    db.session.commit()

    assert sweeping.sweep(now=NOW) == 1
    db.session.commit()
    assert states(1) == {"uncertain": 1}


def leave_one_in_flight() -> None:
    """Claim all and mark one row, as a sender that stops there."""
    _claim_all()
    row = db.session.scalars(sa.select(sa.func.min(Delivery.id))).one()
    db.session.execute(
        sa.update(Delivery).where(Delivery.id == row).values(state=DeliveryState.IN_FLIGHT)
    )
    db.session.commit()


def _claim_all() -> list[int]:
    claimed = [claim(batch.batch_id, now=NOW) for batch in due_batches(now=NOW)]
    db.session.commit()
    return [lease.batch_id for lease in claimed if lease is not None]
