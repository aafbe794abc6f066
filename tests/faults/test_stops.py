"""Processes that are asked to stop, stand still, or are there twice (STANDARDS XH02, XH05)."""

from collections.abc import Callable

from newsletter.extensions import db
from tests.faults.driver import Run
from tests.faults.plan import Plan

LEASE = 3.0
"""Seconds: longer than a busy machine makes a process wait, short enough to wait for its end."""


def test_asked_to_stop_it_ends_what_is_in_flight_and_leaves_nothing_in_doubt(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.01), readers=250) as run:
        for _ in range(3):
            sender = run.start()
            run.wait_for_accepted(run.dice.randrange(10, 40))
            run.moment()
            run.end(sender)
            # Nothing is left for a sweep: whoever comes next can go on at once.
            assert run.states().get("in_flight", 0) == 0
            assert run.books.leases() == []
        run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 250}


def test_a_process_that_stands_still_for_longer_than_its_lease_sends_nothing_twice(
    make_run: Callable[..., Run],
) -> None:
    # So slow that something is left for the last one who wakes.
    with make_run(plan=Plan(pace=0.05), readers=900) as run:
        senders = [run.start(lease=LEASE), run.start(lease=LEASE)]
        for _ in range(3):
            run.wait_for_accepted(run.dice.randrange(10, 60))
            run.moment()
            sleeper = run.dice.choice(senders)
            run.freeze(sleeper)
            run.wait_for_accepted(1)
            run.wait_until_swept(lease=LEASE)
            run.thaw(sleeper)
        run.settle()
        run.check()


def test_two_clocks_that_find_the_same_due_issue_send_it_once(make_run: Callable[..., Run]) -> None:
    with make_run(plan=Plan(pace=0.003), readers=400, is_planned=False) as run:
        for _ in range(2):
            run.start()
        run.settle()
        run.check()
        assert run.states() == {"sent": 400}


def test_a_machine_whose_clock_is_wrong_sends_nothing_twice(make_run: Callable[..., Run]) -> None:
    with make_run(plan=Plan(pace=0.02), readers=300) as run:
        for ahead in (0.0, 90.0):
            run.start(ahead=ahead)
        run.settle()
        if db.engine.dialect.name == "sqlite":
            # One machine has one clock: there a lease ends by the clock of who sweeps, and what
            # the other process has in flight is in doubt until its answer is written.
            assert run.broken_names() <= {"I6"}
        else:
            run.check()
        assert run.states() == {"sent": 300}
