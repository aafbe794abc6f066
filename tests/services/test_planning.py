"""Planning on PostgreSQL: the same stories, where others write at the very same moment."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock, reports
from newsletter.delivery import drafting, leases, planning
from newsletter.extensions import db
from tests.delivery.test_planning import (  # noqa: F401  # stories and what they need, for here too
    slowly,
    test_a_large_draft_that_nobody_wants_is_cleared_a_while_at_a_time,
    test_a_new_time_for_an_issue_that_is_being_planned_is_kept,
    test_a_planner_that_was_taken_for_dead_writes_nothing_more,
    test_a_second_clock_leaves_the_first_one_to_its_work,
    test_an_issue_taken_back_while_it_is_planned_leaves_nothing,
    test_confirmed_readers_are_planned_and_nobody_else,
    test_others_write_while_a_large_audience_is_frozen,
    test_readers_are_cut_into_batches_in_their_order,
    test_ten_processes_at_once_plan_one_run,
    test_the_desk_can_say_who_is_left_out_and_why,
    test_topics_meet_and_no_topics_mean_all,
    test_what_a_dead_planner_left_of_an_issue_that_is_due_is_for_the_next_planner,
    test_what_a_dead_planner_left_of_an_issue_that_was_taken_back_is_cleared,
    test_what_is_half_planned_is_neither_reported_nor_sent,
    test_who_comes_or_goes_while_it_is_planned_changes_nothing,
)
from tests.factories import make_due_issue, make_list, make_subscription


def test_a_clock_whose_machine_slept_leaves_the_planner_to_its_work(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = make_due_issue(make_list(), at=clock.now()).id
    db.session.commit()
    assert drafting.take(number, now=clock.now()) is not None
    # Its wall clock went on while the one that nobody sets stood still.
    asleep = leases.Leaps(monotonic=lambda: 0.0)
    asleep.read(lambda: clock.now() - drafting.SILENCE - timedelta(seconds=5))
    monkeypatch.setattr(leases, "_leaps", asleep)
    assert leases.shared_now(clock.now()) < clock.now() - drafting.SILENCE

    assert drafting.take(number, now=clock.now()) is None


def test_an_issue_begins_though_somebody_vacuums_the_table_of_deliveries(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PATIENCE", "100ms")
    news = make_list()
    make_subscription(news, "ada@example.org")
    issue = make_due_issue(news, at=clock.now())
    db.session.commit()

    with db.engine.connect() as vacuum:
        # What VACUUM holds; it cannot be stopped in its middle.
        vacuum.execute(sa.text("LOCK TABLE delivery IN SHARE UPDATE EXCLUSIVE MODE"))
        send = planning.plan(issue, now=clock.now())
        db.session.commit()

    assert send is not None
    assert reports.report(send.issue_id) == reports.Report(planned=1, waiting=1)
