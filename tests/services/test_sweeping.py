"""Senders that froze in the middle of a transaction, and machines whose clocks differ."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import clock
from newsletter.delivery import leases, planning
from newsletter.extensions import db
from tests.delivery import test_sweeping
from tests.delivery.situations import begin, claim, due_batches


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 5)


def test_who_froze_with_a_batch_keeps_no_other_one(app: Flask) -> None:
    test_sweeping.check_who_froze_with_a_batch_keeps_no_other_one(app)


def test_who_froze_with_a_row_in_flight_keeps_no_other_one(app: Flask) -> None:
    test_sweeping.check_who_froze_with_a_row_in_flight_keeps_no_other_one(app)


def test_who_froze_does_not_keep_an_issue_from_being_cancelled(app: Flask) -> None:
    test_sweeping.check_who_froze_does_not_keep_an_issue_from_being_cancelled(app)


def test_who_froze_does_not_keep_other_issues_from_ending(app: Flask) -> None:
    test_sweeping.check_who_froze_does_not_keep_other_issues_from_ending(app)


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_machine_whose_clock_differs_has_its_lease_as_long_as_others(
    app: Flask, seconds: int
) -> None:
    begin("ada")
    [batch] = due_batches(now=clock.now() + timedelta(days=365))
    lease = claim(batch.batch_id, now=clock.now() + timedelta(seconds=seconds))
    db.session.commit()
    assert lease is not None

    shared = leases.shared_now(clock.now())

    assert leases.end_expired(now=shared + timedelta(seconds=18)) == []
    assert leases.end_expired(now=shared + timedelta(seconds=21)) == [batch.batch_id]
