"""Courier threads in one process, and what is left when that process is killed."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

import config
from newsletter import clock
from newsletter.delivery import planning, sweeping, wakeups
from newsletter.delivery.engines import local
from newsletter.delivery.sources import LocalSource
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from tests.delivery.situations import assert_books_agree, begin, readers, states, witness
from tests.relay import Received, Relay

LEASE = 1.0
CONNECTIONS = 3
KILLS = 4


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        relay.configure(app)
        app.config["MAIL_CONNECTIONS"] = CONNECTIONS
        yield relay


def test_threads_send_everything_once(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 7)
    issue_id = begin(*readers(60), at=clock.now())
    # Slow enough for more than one connection to be worth it.
    relay.answer("DOT", delay=0.02)
    stop = threading.Event()
    engine = threading.Thread(target=local.run, args=(app, stop))
    engine.start()

    _wait(lambda: states(issue_id) == {"sent": 60})
    stop.set()
    engine.join(timeout=30)

    assert not engine.is_alive()
    assert_books_agree(relay, issue_id)
    assert len(witness(relay)) == 60
    assert 1 < relay.connections <= CONNECTIONS
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENT


def test_what_is_new_is_sent_when_the_sender_is_woken(app: Flask, relay: Relay) -> None:
    source = LocalSource(look_every=3600)
    stop = threading.Event()
    engine = threading.Thread(target=local.send_from, args=(source, app, stop))
    engine.start()
    try:
        # It has looked once, and would look again in an hour.
        _wait(lambda: source._look_at > 0)
        issue_id = begin("ada", at=clock.now())
        wakeups.wake()
        _wait(lambda: states(issue_id) == {"sent": 1})
    finally:
        stop.set()
        engine.join(timeout=30)
    wakeups.wake()


def test_asked_to_stop_it_finishes_what_is_in_flight_and_leaves_the_rest(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 7)
    issue_id = begin(*readers(40), at=clock.now())
    stop = threading.Event()

    def stop_at_ten(_message: Received) -> None:
        if len(relay.messages) >= 10:
            stop.set()

    relay.on_message = stop_at_ten
    engine = threading.Thread(target=local.run, args=(app, stop))
    engine.start()
    engine.join(timeout=30)

    assert not engine.is_alive()
    numbers = states(issue_id)
    assert set(numbers) == {"sent", "waiting"}
    assert 10 <= numbers["sent"] <= 10 + CONNECTIONS
    assert_books_agree(relay, issue_id)


def test_drain_sends_what_is_due_in_this_thread(app: Flask, relay: Relay) -> None:
    issue_id = begin("ada", "ben", at=clock.now())

    local.drain()

    assert states(issue_id) == {"sent": 2}
    assert relay.connections == 1


def test_killed_at_any_moment_nobody_is_lost_and_nobody_gets_it_twice(
    app: Flask,
    relay: Relay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 9)
    # The relay has the message and takes a moment to say so: a kill is likely to fall into it.
    relay.on_message = lambda _message: time.sleep(0.005)
    issue_id = begin(*readers(150), at=clock.now())
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    record_property("seed", seed)
    for _ in range(KILLS):
        process = _start(app, tmp_path, relay)
        accepted, wanted = len(relay.messages), dice.randrange(3, 25)
        _wait(lambda: len(relay.messages) >= accepted + wanted)  # noqa: B023  # used at once
        time.sleep(dice.random() * 0.02)
        process.kill()
        process.wait(timeout=10)
        states(issue_id)
        _wait_for_leases_to_end()

    process = _start(app, tmp_path, relay)
    _wait(lambda: not {"waiting", "in_flight"} & set(states(issue_id)))
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 0
    numbers = states(issue_id)
    assert set(numbers) <= {"sent", "uncertain"}
    assert numbers.get("uncertain", 0) <= KILLS * CONNECTIONS
    assert len(witness(relay)) >= numbers["sent"]
    assert_books_agree(relay, issue_id)
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENT


def _start(app: Flask, folder: Path, relay: Relay) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.delivery.engines.sending_process"]
    database = app.config["SQLALCHEMY_DATABASE_URI"]
    return subprocess.Popen(
        [*command, str(folder), database, str(relay.port), str(LEASE)], cwd=config.ROOT
    )


def _wait_for_leases_to_end() -> None:
    """Do what the clock does, as if the lease's time had passed already."""
    sweeping.sweep(now=clock.now() + timedelta(seconds=LEASE + 0.1))
    db.session.commit()


def _wait(is_reached: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_reached():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
