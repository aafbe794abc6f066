"""Paces as the relay sees them: real couriers, real sockets, the real clock."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.delivery import beats, planning
from newsletter.delivery.courier import Courier
from newsletter.delivery.models import Provider
from newsletter.delivery.sources import LocalSource
from newsletter.extensions import db
from newsletter.issues.models import Issue, IssueState
from newsletter.subscriptions.models import Suppression
from tests.delivery.pacing.senders import limit
from tests.delivery.pacing.test_limits import assert_never_more
from tests.delivery.situations import settings_for, states
from tests.factories import make_due_issue, make_list, make_subscription
from tests.relay import Relay


@pytest.fixture
def relay(app: Flask) -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def begin(addresses: Sequence[str]) -> int:
    """Plan an issue for these addresses, now, and return its number."""
    news = make_list()
    for address in addresses:
        make_subscription(news, address)
    at = clock.now()
    issue = make_due_issue(news, at=at)
    number = issue.id
    planning.plan(issue, now=at)
    db.session.commit()
    return number


@contextmanager
def couriers(app: Flask, relay: Relay, count: int, *, connections: int) -> Iterator[None]:
    """So many senders at work, each in a thread of its own."""
    stop = threading.Event()

    def work(number: int) -> None:
        with app.app_context():
            Courier(
                settings_for(relay),
                LocalSource(),
                connections=connections,
                stop=stop,
                name=f"{beats.SENDER}{number}",
            ).run()
            db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=20)


def until(issue_id: int, seconds: float = 60, **numbers: int) -> None:
    """Wait until the issue has these numbers."""
    end = time.monotonic() + seconds
    while states(issue_id) != numbers:
        assert time.monotonic() < end, states(issue_id)
        time.sleep(0.02)


def test_two_couriers_together_never_pass_a_limit(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_two_couriers_never_pass_a_limit(app, relay, monkeypatch)


def check_two_couriers_never_pass_a_limit(
    app: Flask, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BATCH_SIZE", 10)
    times: list[float] = []
    relay.on_message = lambda _message: times.append(time.monotonic())
    limit(per_second=20)
    issue_id = begin([f"reader{number}@example.org" for number in range(60)])

    with couriers(app, relay, 2, connections=4):
        until(issue_id, sent=60)

    assert len(times) == 60
    assert_never_more(times, 20, 1.0)


def test_one_slow_provider_does_not_hold_up_the_others(app: Flask, relay: Relay) -> None:
    slow = [f"reader{number}@slow.example" for number in range(20)]
    quick = [f"reader{number}@quick{number % 7}.example" for number in range(40)]
    for address in slow:
        relay.answer("DOT", to=address, delay=3)
    when: dict[str, float] = {}
    relay.on_message = lambda message: when.setdefault(message.recipient, time.monotonic())
    issue_id = begin(slow + quick)

    with couriers(app, relay, 1, connections=4):
        began = time.monotonic()
        while len(when.keys() & set(quick)) < len(quick):
            assert time.monotonic() - began < 60, "the slow provider holds all connections"
            time.sleep(0.02)
        took = max(when[address] for address in quick) - min(when.values())
        assert states(issue_id)["waiting"] >= 10, "the slow ones were over before the quick ones"

    assert took < 3


def test_a_provider_that_refuses_us_is_held_and_its_readers_wait(app: Flask, relay: Relay) -> None:
    blocked = [f"reader{number}@blocked.example" for number in range(60)]
    fine = [f"reader{number}@example.org" for number in range(10)]
    for address in blocked:
        relay.answer("RCPT", "550 5.7.1 Blocked by policy", to=address)
    issue_id = begin(blocked + fine)

    with couriers(app, relay, 1, connections=2):
        end = time.monotonic() + 60
        while not _is_held("blocked.example") or len(relay.messages) < len(fine):
            assert time.monotonic() < end, states(issue_id)
            time.sleep(0.02)

    numbers = states(issue_id)
    assert numbers["sent"] == 10
    # What was under way when the twentieth was refused is refused, too.
    assert 20 <= numbers["failed"] <= 24
    assert numbers["waiting"] == 60 - numbers["failed"]
    assert db.session.get_one(Issue, issue_id).state is IssueState.SENDING
    assert db.session.scalars(sa.select(Suppression)).all() == []


def _is_held(name: str) -> bool:
    held = db.session.scalar(sa.select(Provider.held_until).where(Provider.name == name))
    db.session.rollback()
    return held is not None
