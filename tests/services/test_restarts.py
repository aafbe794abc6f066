"""Servers that restart, lose everything or go away while mail goes out.

No other test may need them meanwhile.
"""

import subprocess
from collections.abc import Callable

import pytest

import config
from tests.faults.driver import Run
from tests.faults.plan import Plan
from tests.services.fleet import FEW, MakeFleet


def test_a_server_that_crashes_and_starts_again_loses_nobody(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.01), readers=600) as run:
        # The lease outlasts the crash: whoever knows the answer is the one to write it.
        run.start(lease=30.0)
        for _ in range(3):
            run.wait_for_accepted(run.dice.randrange(20, 80))
            run.moment()
            services("postgres", "restart")
        run.settle()
        run.check()
        assert run.states() == {"sent": 600}


def test_a_server_that_is_away_for_a_while_gets_what_was_learned_meanwhile(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.02), readers=300) as run:
        run.start(lease=30.0)
        run.wait_for_accepted(40)
        services("postgres", "stop")
        run.let_pass(5.0)
        services("postgres", "start")
        run.settle()
        run.check()
        assert run.states() == {"sent": 300}


@pytest.mark.parametrize("what", ["restart", "flush"])
def test_a_broker_that_restarts_or_loses_everything_costs_time_only(
    make_fleet: MakeFleet, what: str
) -> None:
    fleet = make_fleet()
    fleet.start()
    fleet.run.wait_for_accepted(FEW // 5)
    services("broker", what)
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


def test_a_database_that_restarts_costs_time_only(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start()
    fleet.run.wait_for_accepted(FEW // 5)
    services("postgres", "restart")
    fleet.settle()
    assert fleet.run.states() == {"sent": FEW}


def services(*what: str) -> None:
    """Do something to one of the servers; to stop PostgreSQL is a crash."""
    subprocess.run([config.ROOT / "scripts/services", *what], check=True, timeout=120)
