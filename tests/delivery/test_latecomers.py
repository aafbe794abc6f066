"""What is said after a sweep gave a row up, and whose doubt that may end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from newsletter import erasure
from newsletter.addresses import parse
from newsletter.delivery import answers, control, latecomers, resolving, sweeping
from newsletter.delivery.leases import Lease
from newsletter.delivery.ledger import Answer, Mark
from newsletter.delivery.models import DeliveryState
from newsletter.delivery.resolving import Decision
from newsletter.extensions import db
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.delivery.situations import begin, claim, due_batches, give_back, row_of, states, write

LATER = NOW + timedelta(minutes=1)
VALUES = {"format": "html", "values": {"name": "Ada"}}


@pytest.fixture
def issue_id(app: Flask) -> int:
    return begin("ada")


def test_a_mark_that_was_never_committed_says_nothing_of_the_attempt_of_another(
    issue_id: int,
) -> None:
    first = _claim()
    asked = _mark(first, 1)
    sweeping.sweep(now=LATER)
    second = _claim(now=LATER)
    assert write([], [_mark(second, 1)], now=LATER)
    _in_doubt(second, 1)

    assert not latecomers.hear(answers.taken_back(asked, now=LATER), now=LATER)

    assert row_of("ada").state is DeliveryState.UNCERTAIN


def test_the_doubt_of_a_first_attempt_outlives_a_sweep(issue_id: int) -> None:
    second = _second_attempt(issue_id)
    sweeping.sweep(now=LATER)
    db.session.commit()
    assert "Then: The sending process stopped" in row_of("ada").reason

    # To the second attempt the relay had said 451, and to the third it says 550.
    assert latecomers.hear(_deferred(second), now=LATER)
    third = _claim(now=LATER)
    assert write([], [_mark(third, 3)], now=LATER)
    _answer(third, DeliveryState.FAILED, attempt=3, code=550, reason="no such user")

    assert row_of("ada").state is DeliveryState.UNCERTAIN


def test_the_doubt_of_a_first_attempt_outlives_a_cancelled_issue(issue_id: int) -> None:
    second = _second_attempt(issue_id)
    control.cancel(db.session.get_one(Issue, issue_id), now=LATER)
    sweeping.sweep(now=LATER)
    db.session.commit()

    latecomers.hear(_deferred(second), now=LATER)

    assert row_of("ada").state is DeliveryState.UNCERTAIN


def test_the_doubt_of_a_first_attempt_outlives_the_person(issue_id: int) -> None:
    _first_attempt(issue_id)

    erasure.erase(parse("ada@example.org"), now=LATER)
    db.session.commit()

    assert states(issue_id) == {"uncertain": 1}


def _first_attempt(issue_id: int) -> None:
    """One that the relay may have taken, and that somebody wants sent again."""
    first = _claim()
    assert write([], [_mark(first, 1)], now=NOW)
    _in_doubt(first, 1)
    give_back(first, now=NOW)
    issue = db.session.get_one(Issue, issue_id)
    assert resolving.resolve(issue, Decision.AGAIN, by="Edith", now=NOW).decided == 1


def _second_attempt(issue_id: int) -> Lease:
    """Leave the second attempt in flight."""
    _first_attempt(issue_id)
    second = _claim()
    assert write([], [_mark(second, 2)], now=NOW)
    return second


def _claim(*, now: datetime = NOW) -> Lease:
    [batch] = due_batches(now=now)
    lease = claim(batch.batch_id, now=now)
    assert lease is not None
    return lease


def _mark(lease: Lease, attempt: int) -> Mark:
    return Mark(lease, row_of("ada").id, attempt, NOW, VALUES)


def _in_doubt(lease: Lease, attempt: int) -> None:
    _answer(lease, DeliveryState.UNCERTAIN, attempt=attempt, reason="The connection broke.")


def _answer(lease: Lease, state: DeliveryState, **facts: Any) -> None:
    answer = Answer(lease, row_of("ada").id, state, is_marked=True, values=VALUES, **facts)
    write([answer], [], now=LATER)


def _deferred(lease: Lease) -> Answer:
    return Answer(
        lease,
        row_of("ada").id,
        DeliveryState.WAITING,
        attempt=2,
        is_marked=True,
        due_at=LATER,
        code=451,
        reason="busy",
        values=VALUES,
    )
