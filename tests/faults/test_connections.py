"""Relays that turn connections away, or go away themselves (STANDARDS XG01, XG02, XG25)."""

from collections.abc import Callable

import pytest

from newsletter import clock
from newsletter.delivery import control
from newsletter.extensions import db
from newsletter.issues.models import Issue
from tests.faults import installation
from tests.faults.driver import Run
from tests.faults.plan import SILENCE, End, Fault, Phase, Plan


def test_a_relay_that_is_busy_at_first_costs_time_and_no_attempt(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(openings=("421 4.3.2 Later",) * 3), readers=60) as run:
        run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 60}
        assert {row.attempts for row in run.books.rows()} == {1}


def test_a_relay_that_says_nothing_at_first_is_called_again(make_run: Callable[..., Run]) -> None:
    with make_run(plan=Plan(openings=(SILENCE, SILENCE)), readers=60) as run:
        run.start(patience=1.0)
        run.settle()
        run.check()
        assert run.states() == {"sent": 60}


def test_a_relay_that_does_not_want_us_pauses_the_issue_and_loses_nobody(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(openings=("554 5.7.1 Not you",) * 2), readers=60) as run:
        run.start()
        run.wait(lambda: run.books.issue_states() == {"paused"}, "it pauses")
        assert run.states() == {"waiting": 60}
        issue = db.session.get_one(Issue, run.issue_id)
        assert "Not you" in issue.pause_reason
        db.session.rollback()
        # A person asks the relay's owner, and goes on; it may still say no once.
        run.wait(lambda: _resumed(run), "the issue is sent")
        run.settle()
        run.check()
        assert run.states() == {"sent": 60}


@pytest.mark.parametrize(
    "refusal",
    [
        Fault(Phase.MAIL, "550 5.7.1 Sender not allowed"),
        Fault(Phase.DOT, "552 5.3.4 Too large for us"),
        Fault(Phase.MAIL, "530 5.7.0 Authentication required"),
    ],
    ids=lambda fault: fault.answer[:9],
)
def test_a_refusal_that_everybody_would_get_pauses_the_issue_and_fails_nobody_for_it(
    make_run: Callable[..., Run], refusal: Fault
) -> None:
    faults = {installation.address_of(5): (refusal,)}
    with make_run(plan=Plan(faults=faults), readers=60) as run:
        run.start()
        run.wait(lambda: _resumed(run), "the issue is sent")
        run.settle()
        run.check()
        assert run.states() == {"sent": 60}


def test_a_relay_that_takes_few_connections_gets_few(make_run: Callable[..., Run]) -> None:
    plan = Plan(most_connections=2, messages_per_connection=7, pace=0.01)
    with make_run(plan=plan, readers=120) as run:
        run.start(connections=5)
        run.settle()
        run.check()
        assert run.states() == {"sent": 120}
        assert {row.attempts for row in run.books.rows()} == {1}


@pytest.mark.parametrize("goodbye", [End.HANG, End.RESET])
def test_how_a_relay_says_goodbye_changes_nothing(
    make_run: Callable[..., Run], goodbye: End
) -> None:
    with make_run(plan=Plan(goodbye=goodbye), readers=40) as run:
        run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 40}


def test_a_relay_that_is_killed_and_comes_back_gets_the_rest(make_run: Callable[..., Run]) -> None:
    with make_run(plan=Plan(pace=0.01), readers=300) as run:
        run.start()
        for _ in range(2):
            run.wait_for_accepted(40)
            # Each connection may lose the answer to one message.
            run.doubts += 3
            run.stop_sink()
            run.moment(0.5)
            run.start_sink()
        run.settle()
        run.check()


def _resumed(run: Run) -> bool:
    if run.books.issue_states() == {"paused"}:
        control.resume(db.session.get_one(Issue, run.issue_id), now=clock.now())
        db.session.commit()
    return run.books.issue_states() == {"sent"}
