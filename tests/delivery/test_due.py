"""What is due, and whose turn it is."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import backoff, due, planning
from newsletter.delivery.due import Line
from newsletter.delivery.leases import DueBatch
from newsletter.delivery.models import Batch, Delivery
from newsletter.extensions import db
from newsletter.issues import workflow
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.delivery.situations import begin, claim, readers, take
from tests.factories import make_due_issue


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 5)


def test_the_issue_with_the_fewest_batches_going_is_next() -> None:
    def line(issue_id: int, busy: int, count: int) -> Line:
        return Line(busy, [DueBatch(100 * issue_id + n, issue_id, issue_id) for n in range(count)])

    turns = [batch.issue_id for batch in due.in_turn([line(1, 2, 3), line(2, 0, 9), line(3, 0, 0)])]

    assert turns == [2, 2, 1, 2, 1, 2, 1, 2, 2, 2, 2, 2]


@pytest.mark.usefixtures("small_batches")
def test_a_second_issue_does_not_wait_behind_a_long_first_one(app: Flask) -> None:
    first = begin(*readers(60))
    second = another_issue(first)

    lines = due.lines(now=NOW, most=3)

    assert [batch.issue_id for batch in due.in_turn(lines)] == [first, second] * 3


@pytest.mark.usefixtures("small_batches")
def test_only_free_batches_of_issues_that_are_being_sent_are_due(app: Flask) -> None:
    issue_id = begin(*readers(25))
    owned, later, done, *free = db.session.scalars(sa.select(Batch).order_by(Batch.id)).all()
    claim(owned.id, now=NOW)
    later.lease, later.due_at = 1, NOW + timedelta(seconds=1)
    done.is_done = True
    db.session.flush()

    [line] = due.lines(now=NOW, most=9)

    assert line.busy == 1
    assert [batch.batch_id for batch in line.batches] == [batch.id for batch in free]
    for batch in (owned, later, done, *free):
        assert (due.find(batch.id, now=NOW) is not None) == (batch in free)
    assert due.find(0, now=NOW) is None
    workflow.pause(db.session.get_one(Issue, issue_id), now=NOW)
    assert due.lines(now=NOW, most=9) == []
    assert due.find(free[0].id, now=NOW) is None


@pytest.mark.usefixtures("small_batches")
def test_what_nobody_tried_yet_is_due_also_when_the_clock_was_set_back(app: Flask) -> None:
    begin(*readers(10), at=NOW)

    for back in (timedelta(seconds=1), timedelta(minutes=30), timedelta(days=1)):
        [line] = due.lines(now=NOW - back, most=9)
        assert len(line.batches) == 2
        assert due.find(line.batches[0].batch_id, now=NOW - back) is not None


@pytest.mark.parametrize(
    ("wait", "is_due"),
    [
        (timedelta(0), True),
        (timedelta(seconds=1), False),
        (backoff.LONGEST_WAIT, False),
        (backoff.LONGEST_WAIT + timedelta(seconds=1), True),
        (timedelta(days=1), True),
    ],
)
def test_a_wait_that_nobody_would_give_is_not_kept(
    app: Flask, wait: timedelta, is_due: bool
) -> None:
    begin("ada")
    batch = db.session.scalars(sa.select(Batch)).one()
    batch.lease, batch.due_at = 1, NOW + wait
    db.session.execute(sa.update(Delivery).values(due_at=NOW + wait))

    assert (due.find(batch.id, now=NOW) is not None) == is_due
    claimed = take(batch.id, now=NOW)
    assert claimed is not None
    assert (len(claimed.due) == 1) == is_due


def test_batches_that_came_back_take_turns(app: Flask) -> None:
    begin("ada")
    send_id = db.session.scalars(sa.select(Batch.send_id)).one()
    tried = [Batch(send_id=send_id, due_at=backoff.AT_ONCE, lease=claims) for claims in (3, 1, 2)]
    db.session.add_all(tried)
    db.session.flush()

    [line] = due.lines(now=NOW, most=3)

    assert [batch.batch_id for batch in line.batches] == [tried[n].id for n in (1, 2, 0)]


def test_a_broker_that_will_be_told_in_the_future_was_not_told(app: Flask) -> None:
    begin("ada")
    batch = db.session.scalars(sa.select(Batch)).one()
    since = NOW - timedelta(seconds=30)

    for told_at, counts in ((-31, False), (-1, True), (29, True), (3600, False)):
        batch.dispatched_at = NOW + timedelta(seconds=told_at)
        [line] = due.lines(now=NOW, most=9, told_since=since)
        assert (line.busy, len(line.batches)) == ((1, 0) if counts else (0, 1))


def another_issue(first: int) -> int:
    """Plan one more issue for the same readers; return its number."""
    mailing_list = db.session.get_one(Issue, first).mailing_list
    issue = make_due_issue(mailing_list, subject="Another")
    planning.plan(issue, now=NOW)
    db.session.commit()
    return issue.id
