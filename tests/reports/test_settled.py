"""Counting for a monitor what is new, and remembering the rest."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from newsletter.delivery import planning
from newsletter.delivery.models import DeliveryState, Send
from newsletter.reports import Report, numbers, settled
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription
from tests.reports.situations import put

SECOND = timedelta(seconds=1)


@pytest.fixture
def send(app: Flask) -> Iterator[Send]:
    """An issue to ten readers, planned at nine."""
    news = make_list()
    for number in range(10):
        make_subscription(news, f"reader{number}@example.org")
    send = planning.plan(make_due_issue(news), now=NOW)
    assert send is not None
    yield send


def test_the_numbers_are_those_of_the_report_while_an_issue_moves(send: Send) -> None:
    put(8, 9, state=DeliveryState.FAILED, finished_at=NOW + SECOND)
    put(9, 10, state=DeliveryState.IN_FLIGHT, attempts=1)
    for number in range(8):
        at = NOW + number * 20 * SECOND
        put(number, number + 1, state=DeliveryState.SENT, finished_at=at, attempts=1)
        for now in (at, at + 10 * SECOND):
            assert settled.tally(send, now=now) == numbers.tally(send.id)
    assert settled.tally(send, now=NOW + timedelta(hours=1)) == Report(
        planned=10, sent=8, failed=1, in_flight=1
    )


def test_what_was_sent_long_ago_is_counted_once(send: Send) -> None:
    put(0, 5, state=DeliveryState.SENT, finished_at=NOW)
    later = NOW + 2 * settled.SETTLED
    assert settled.tally(send, now=later).sent == 5
    # As a machine whose clock is late writes: it is found when all is counted anew.
    put(5, 6, state=DeliveryState.SENT, finished_at=NOW)
    assert settled.tally(send, now=later + SECOND).sent == 5
    assert settled.tally(send, now=later + settled.KEPT).sent == 6


def test_an_older_look_after_a_newer_one_counts_nothing_twice(send: Send) -> None:
    put(0, 5, state=DeliveryState.SENT, finished_at=NOW)
    for now in (NOW + 60 * SECOND, NOW + 50 * SECOND, NOW + 29 * SECOND, NOW + 60 * SECOND):
        assert settled.tally(send, now=now) == Report(planned=10, sent=5, waiting=5)


def test_only_so_many_runs_are_remembered(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "MOST", 1)
    settled.tally(send, now=NOW)
    assert list(settled._known) == [send.nonce]
