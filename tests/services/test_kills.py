"""kill -9 at random moments on PostgreSQL: many times, and one of two machines."""

import os
from collections.abc import Callable

from tests.faults.driver import Run
from tests.faults.plan import Plan
from tests.faults.test_kills import kill_again_and_again

KILLS = int(os.environ.get("FAULT_KILLS", "50"))


def test_killed_at_fifty_random_moments_nobody_is_lost_and_nobody_gets_it_twice(
    make_run: Callable[..., Run],
) -> None:
    kill_again_and_again(make_run, KILLS)


def test_when_one_of_two_machines_is_killed_the_other_goes_on(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.005), readers=2500) as run:
        crew = [run.start(), run.start()]
        for _ in range(10):
            run.wait_for_accepted(run.dice.randrange(20, 120))
            run.moment()
            victim = crew.pop(run.dice.randrange(2))
            run.kill(victim)
            crew.append(run.start())
        run.settle()
        run.check()
