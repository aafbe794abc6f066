"""Limits, windows and holds, where senders on many machines share PostgreSQL."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from newsletter import clock
from newsletter.delivery.models import Provider
from newsletter.delivery.pacing import Pacer
from newsletter.extensions import db
from newsletter.mail.replies import Outcome
from tests.delivery.pacing import test_limits, test_paced_sending, test_pacer
from tests.delivery.pacing.senders import BLOCKED, BUSY, SENT, Time, limit
from tests.delivery.test_providers import check_the_database_gives_the_same_names
from tests.relay import Relay


def test_two_threads_racing_never_pass_a_limit(app: Flask) -> None:
    test_limits.check_two_threads_never_pass_a_limit(app)


def test_two_couriers_together_never_pass_a_limit(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Relay() as relay:
        test_paced_sending.check_two_couriers_never_pass_a_limit(app, relay, monkeypatch)


def test_three_senders_keep_a_limit_together(app: Flask) -> None:
    test_limits.test_three_senders_keep_a_limit_together(app)


def test_a_limit_that_is_lifted_while_mail_is_under_way_is_forgotten(app: Flask) -> None:
    test_limits.test_a_limit_that_is_lifted_while_mail_is_under_way_is_forgotten(app)


def test_a_warm_up_has_a_portion_each_day(app: Flask) -> None:
    test_limits.test_a_warm_up_has_a_portion_each_day(app)


def test_single_mails_count_and_never_wait(app: Flask) -> None:
    test_limits.test_single_mails_count_and_never_wait(app)


def test_a_window_is_shared_and_survives_a_restart(app: Flask) -> None:
    test_pacer.test_a_window_is_shared_and_survives_a_restart(app)


def test_after_a_hold_one_message_at_a_time_asks_until_one_is_taken(app: Flask) -> None:
    test_pacer.test_after_a_hold_one_message_at_a_time_asks_until_one_is_taken(app)


def test_providers_that_nothing_happened_with_are_forgotten(app: Flask) -> None:
    test_pacer.test_providers_that_nothing_happened_with_are_forgotten(app)


def test_the_database_gives_the_same_names(app: Flask) -> None:
    check_the_database_gives_the_same_names()


def test_senders_that_meet_the_same_trouble_at_once_do_not_wait_in_a_circle(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    limit(per_minute=100_000)
    limit(provider="example7.org", per_minute=100_000, per_hour=1_000_000)
    names = [f"example{number}.org" for number in range(40)]

    def meet(worker: str, order: list[str], outcomes: list[Outcome]) -> None:
        time = Time()
        pacer = Pacer(worker=f"sender:{worker}", now=clock.now, monotonic=time.monotonic)
        for _ in range(25):
            for name in order:
                if not pacer.admit(name, 1):
                    pacer.leave(name, 1)
                for outcome in outcomes:
                    pacer.note(name, outcome)
            time.move(1)
            pacer.refresh()
        pacer.close()

    _at_once(
        app,
        lambda: meet("one", names, [SENT, BUSY, BLOCKED]),
        lambda: meet("two", names[::-1], [BLOCKED, SENT, BUSY]),
        lambda: meet("three", names[::2] + names[1::2], [SENT]),
    )

    row = db.session.get_one(Provider, "example7.org")
    assert (row.sent, row.failed, row.deferred) == (75, 50, 50)
    # A pacer goes on without the database, and says so.
    assert not [line for line in caplog.messages if "could not" in line or "cannot" in line]


def _at_once(app: Flask, *works: Callable[[], None]) -> None:
    """Run these in threads with a context of their own; raise what any of them raises."""
    barrier = threading.Barrier(len(works))
    faults: list[Exception] = []

    def run(work: Callable[[], None]) -> None:
        with app.app_context():
            barrier.wait(timeout=10)
            try:
                work()
            except Exception as exc:
                faults.append(exc)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
