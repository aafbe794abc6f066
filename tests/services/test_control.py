"""Pause, resume and cancel by many at once, on PostgreSQL."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import control, planning
from newsletter.delivery.models import Batch
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from tests.conftest import NOW
from tests.delivery.situations import begin, claim, due_batches
from tests.delivery.test_control import (  # noqa: F401  # pytest finds them by these names
    slowly,
    test_a_large_issue_is_cancelled_at_once_and_the_sweeps_end_its_rows,
    test_any_order_of_steps_keeps_the_books,
    test_cancelling_ends_what_waits_and_leaves_what_is_in_flight_to_its_answer,
    test_of_many_at_once_the_last_word_is_cancels,
    test_resuming_ends_back_off_and_holds_but_sends_nothing_twice,
    test_what_may_have_been_sent_is_uncertain_whoever_cancels_its_row,
)


def test_resuming_waits_for_no_sender_that_prolongs_what_it_holds(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 1)
    number = begin("ada", "ben")
    held, free = (batch.batch_id for batch in due_batches(now=NOW))
    assert claim(held, now=NOW) is not None
    db.session.execute(sa.update(Batch).values(lease=1, due_at=NOW + timedelta(minutes=20)))
    control.pause(db.session.get_one(Issue, number), now=NOW)
    db.session.commit()

    with db.engine.connect() as sender:
        sender.execute(sa.update(Batch).where(Batch.id == held).values(dispatched_at=NOW))
        db.session.execute(sa.text("SET lock_timeout = '3s'"))
        db.session.commit()
        control.resume(db.session.get_one(Issue, number), now=NOW)
        db.session.commit()

    assert db.session.get_one(Issue, number).state is IssueState.SENDING
    # A batch that was given back once is not due before its time.
    assert [batch.batch_id for batch in due_batches(now=NOW)] == [free]
