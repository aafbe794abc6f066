"""Databases that are full, locked or refuse to write while mail goes out (XH07, XH08, XH11)."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from flask import Flask

from newsletter import clock
from newsletter.delivery import control
from newsletter.extensions import db
from newsletter.issues.models import Issue
from tests.faults import outages
from tests.faults.driver import Run
from tests.faults.plan import Plan


def test_outcomes_that_cannot_be_written_are_kept_and_written_later(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.01), readers=300) as run:
        # The lease outlasts what is done to the database: whoever knows an answer writes it.
        run.start(lease=30.0)
        for _ in range(3):
            run.wait_for_accepted(run.dice.randrange(5, 30))
            run.moment()
            # What was accepted and is not written yet is in doubt only if the process dies.
            with outages.no_outcomes(run):
                run.wait(lambda: run.log_has("the database failed"), "the writer notices")
                run.moment(1.0)
        run.settle()
        run.check()
        assert run.states() == {"sent": 300}


def test_a_process_killed_while_it_cannot_write_leaves_only_what_was_in_flight_in_doubt(
    make_run: Callable[..., Run],
) -> None:
    with make_run(plan=Plan(pace=0.01), readers=200) as run:
        sender = run.start()
        run.wait_for_accepted(20)
        with outages.no_outcomes(run):
            run.wait(lambda: run.log_has("the database failed"), "the writer notices")
            run.kill(sender)
        run.start()
        run.settle()
        run.check()


def test_another_writer_that_keeps_the_lock_costs_time_only(
    app: Flask, make_run: Callable[..., Run]
) -> None:
    with make_run(plan=Plan(pace=0.005), readers=200) as run:
        run.start(busy_timeout=0.5, lease=30.0)
        for _ in range(2):
            run.wait_for_accepted(20)
            with closing(sqlite3.connect(outages.path_of(app), timeout=10)) as other:
                other.execute("BEGIN IMMEDIATE")
                run.wait(lambda: run.log_has("database is locked"), "the writer is kept waiting")
                run.moment(1.0)
                other.rollback()
        run.settle()
        run.check()


def test_a_full_disk_costs_nobody_their_mail(make_run: Callable[..., Run]) -> None:
    with make_run(plan=Plan(pace=0.005), readers=300) as run:
        sender = run.start(most_pages=outages.pages_in_use(run))
        run.wait(lambda: run.log_has("is full"), "the disk is full")
        run.moment(0.5)
        run.doubts += sender.connections
        run.end(sender)
        # Somebody made room.
        run.start()
        if run.books.issue_states() == {"paused"}:
            control.resume(db.session.get_one(Issue, run.issue_id), now=clock.now())
            db.session.commit()
        run.settle()
        run.check()
