"""Claims, fencing tokens, renewals."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import leases, planning
from newsletter.delivery.leases import LEASE, Leaps, Lease
from newsletter.delivery.models import Batch, Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.delivery.situations import (
    Hands,
    begin,
    claim,
    due_batches,
    give_back,
    readers,
    renew,
)


@pytest.fixture
def batch_id(app: Flask) -> int:
    begin("ada", "ben")
    return db.session.scalars(sa.select(Batch.id)).one()


def test_a_batch_has_one_owner(batch_id: int) -> None:
    assert claim(batch_id, now=NOW) == Lease(batch_id, 1)
    assert claim(batch_id, now=NOW) is None


def test_every_claim_raises_the_token(batch_id: int) -> None:
    first = _claim(batch_id)
    give_back(first, now=NOW)

    second = _claim(batch_id)

    assert second.token == first.token + 1
    assert not renew(first, now=NOW)
    assert renew(second, now=NOW)


def test_a_lease_that_ran_out_is_not_claimed_before_it_was_swept(batch_id: int) -> None:
    lease = _claim(batch_id)
    later = NOW + LEASE + timedelta(seconds=1)

    assert claim(batch_id, now=later) is None
    assert leases.end_expired(now=later) == [batch_id]

    assert not renew(lease, now=later)
    assert claim(batch_id, now=later) is not None


def test_a_lease_that_is_renewed_does_not_run_out(batch_id: int) -> None:
    lease = _claim(batch_id)

    assert renew(lease, now=NOW + timedelta(seconds=15))

    assert leases.end_expired(now=NOW + timedelta(seconds=30)) == []


def test_a_batch_given_back_cannot_be_renewed_by_accident(batch_id: int) -> None:
    lease = _claim(batch_id)
    give_back(lease, now=NOW)

    assert not renew(lease, now=NOW)
    assert db.session.get_one(Batch, batch_id).leased_until is None


def test_a_batch_is_due_when_its_next_row_is(batch_id: int) -> None:
    due_at = NOW + timedelta(minutes=5)
    db.session.execute(sa.update(Delivery).values(due_at=due_at))

    give_back(_claim(batch_id), now=NOW)

    assert not due_batches(now=due_at - timedelta(seconds=1))
    assert [batch.batch_id for batch in due_batches(now=due_at)] == [batch_id]


def test_a_batch_without_open_rows_is_done(batch_id: int) -> None:
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.SENT))

    give_back(_claim(batch_id), now=NOW)

    assert db.session.get_one(Batch, batch_id).is_done
    assert not due_batches(now=NOW + timedelta(days=1))


def test_a_batch_with_a_row_in_flight_is_kept_until_its_lease_runs_out(batch_id: int) -> None:
    lease = _claim(batch_id)
    db.session.execute(sa.update(Delivery).values(state=DeliveryState.IN_FLIGHT))

    give_back(lease, now=NOW)

    assert claim(batch_id, now=NOW) is None


def test_a_batch_that_waits_for_nothing_is_due_by_every_clock(batch_id: int) -> None:
    give_back(_claim(batch_id), now=NOW)
    assert due_batches(now=NOW - timedelta(minutes=30))

    later = NOW + timedelta(minutes=5)
    give_back(_claim(batch_id), now=NOW, not_before=later)
    assert not due_batches(now=later - timedelta(seconds=1))
    assert due_batches(now=later)


def test_a_clock_set_back_leaves_the_lease_to_who_works(batch_id: int) -> None:
    lease = _claim(batch_id)
    back = NOW - timedelta(hours=3)

    assert leases.end_expired(now=back) == []
    assert renew(lease, now=back + timedelta(seconds=5))

    assert leases.end_expired(now=back + LEASE + timedelta(seconds=1)) == []


def test_a_clock_set_back_does_not_keep_the_lease_of_who_stopped(batch_id: int) -> None:
    _claim(batch_id)
    back = NOW - timedelta(hours=3)

    assert leases.end_expired(now=back) == []
    assert leases.end_expired(now=back + LEASE + timedelta(seconds=1)) == [batch_id]


def test_a_clock_that_leaps_forward_is_not_believed_until_leases_could_be_renewed() -> None:
    hands = Hands()
    leaps = Leaps(hands.monotonic)

    def leap() -> float:
        return leaps.read(hands)[1].total_seconds()

    assert leap() == 0
    hands.move(seconds=5)
    assert leap() == 0
    hands.set(hours=1)
    hands.move(seconds=5)
    assert leap() == 3600
    hands.set(minutes=1)
    hands.move(seconds=19)
    assert leap() == 3660
    hands.move(seconds=19)
    assert leap() == 3660
    hands.move(seconds=2)
    assert leap() == 0
    hands.set(hours=-3)
    assert leap() == 0


@pytest.mark.parametrize(("there", "back"), [(25, 0), (0, 25), (10, 10)])
def test_an_answer_that_takes_long_is_no_leap(there: int, back: int) -> None:
    hands = Hands()
    leaps = Leaps(hands.monotonic)

    def slowly() -> datetime:
        hands.move(seconds=there)
        now = hands()
        hands.move(seconds=back)
        return now

    for look in (hands, slowly, hands, slowly, slowly, hands):
        assert leaps.read(look)[1] == timedelta(0)


def test_a_paused_issue_has_nothing_due(batch_id: int) -> None:
    workflow.pause(db.session.scalars(sa.select(Issue)).one(), now=NOW)

    assert not due_batches(now=NOW)


def test_eight_couriers_at_once_never_get_the_same_batch(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 2)
    begin(*readers(40))
    barrier = threading.Barrier(8)
    claimed: list[int] = []

    def claim_all() -> None:
        with app.app_context():
            barrier.wait(timeout=10)
            while due := due_batches(now=NOW):
                db.session.rollback()
                for batch in due:
                    lease = claim(batch.batch_id, now=NOW)
                    db.session.commit()
                    if lease is not None:
                        claimed.append(lease.batch_id)
            db.session.rollback()

    threads = [threading.Thread(target=claim_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len(claimed) == 20
    assert len(set(claimed)) == 20


def _claim(batch_id: int) -> Lease:
    lease = claim(batch_id, now=NOW)
    assert lease is not None
    return lease
