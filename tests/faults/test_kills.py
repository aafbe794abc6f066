"""kill -9 at random moments: nobody is lost, nobody gets it twice (STANDARDS XH04, XG19)."""

import os
from collections.abc import Callable

from tests.faults.driver import Run
from tests.faults.plan import Plan

KILLS = int(os.environ.get("FAULT_KILLS", "5"))


def kill_again_and_again(make_run: Callable[..., Run], times: int) -> None:
    """Send an issue while the only sending process is killed so many times."""
    # Every reply takes a moment, so that kills fall between dot and reply as well.
    plan = Plan(pace=0.005)
    with make_run(plan=plan, readers=70 * times + 50) as run:
        for _ in range(times):
            sender = run.start()
            run.wait_for_accepted(run.dice.randrange(1, 40))
            run.moment()
            run.kill(sender)
        run.start()
        run.settle()
        run.check()
        states = run.states()
        assert set(states) <= {"sent", "uncertain"}


def test_killed_at_random_moments_nobody_is_lost_and_nobody_gets_it_twice(
    make_run: Callable[..., Run],
) -> None:
    kill_again_and_again(make_run, KILLS)
