"""The fault harness on PostgreSQL, and connections that this ends."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from tests.faults.driver import Run
from tests.faults.plan import Plan
from tests.faults.test_databases import (  # noqa: F401  # pytest finds them by these names
    test_a_process_killed_while_it_cannot_write_leaves_only_what_was_in_flight_in_doubt,
    test_outcomes_that_cannot_be_written_are_kept_and_written_later,
)
from tests.faults.test_matrix import (  # noqa: F401
    test_a_storm_of_faults_loses_nobody,
    test_every_fault_of_a_relay_costs_at_most_the_one_it_befalls,
)
from tests.faults.test_people import (  # noqa: F401
    test_who_leaves_while_it_is_sent_and_still_waits_gets_nothing,
    test_who_left_before_the_first_message_is_never_named_to_the_relay,
)
from tests.faults.test_stops import (  # noqa: F401
    test_a_machine_whose_clock_is_wrong_sends_nothing_twice,
    test_a_process_that_stands_still_for_longer_than_its_lease_sends_nothing_twice,
    test_asked_to_stop_it_ends_what_is_in_flight_and_leaves_nothing_in_doubt,
    test_two_clocks_that_find_the_same_due_issue_send_it_once,
)


def test_connections_that_the_server_ends_cost_time_only(
    app: Flask,
    make_run: Callable[..., Run],
) -> None:
    other = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"], isolation_level="AUTOCOMMIT")
    with make_run(plan=Plan(pace=0.005), readers=600) as run:
        run.start(lease=30.0)
        for _ in range(10):
            run.wait_for_accepted(run.dice.randrange(5, 40))
            run.moment()
            with other.connect() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        run.settle()
        run.check()
        assert run.states() == {"sent": 600}
    other.dispose()
