"""How far, how fast, how much longer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import reports
from newsletter.delivery import control, planning, waiting
from newsletter.delivery.models import DeliveryState, Send
from newsletter.errors import NotFound
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.reports import Progress, Report
from newsletter.reports.progress import in_words
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription
from tests.reports.situations import put

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def issue(app: Flask) -> Issue:
    """An issue to ten readers, planned at nine."""
    news = make_list()
    for number in range(10):
        make_subscription(news, f"reader{number}@example.org")
    issue = make_due_issue(news)
    planning.plan(issue, now=NOW)
    return issue


def test_the_rate_is_of_the_last_half_minute(issue: Issue) -> None:
    now = NOW + 10 * MINUTE
    put(0, 3, state=DeliveryState.SENT, finished_at=now - 29 * SECOND)
    put(3, 4, state=DeliveryState.FAILED, finished_at=now - SECOND)
    put(4, 6, state=DeliveryState.SENT, finished_at=now - 31 * SECOND)
    found = reports.progress_of(issue.id, now=now)
    assert found.rate == pytest.approx(4 / 30)
    assert found.left == timedelta(seconds=4 / (4 / 30))
    assert found.share == 0.6


def test_what_only_just_began_is_measured_since_it_began(issue: Issue) -> None:
    now = NOW + 5 * SECOND
    put(0, 5, state=DeliveryState.SENT, finished_at=now)
    assert reports.progress_of(issue.id, now=now).rate == pytest.approx(1.0)


def test_what_was_resumed_is_measured_since_then(issue: Issue) -> None:
    control.pause(issue, now=NOW)
    control.resume(issue, now=NOW + 10 * MINUTE)
    now = NOW + 10 * MINUTE + 2 * SECOND
    put(0, 4, state=DeliveryState.SENT, finished_at=now)
    assert reports.progress_of(issue.id, now=now).rate == pytest.approx(2.0)


def test_what_waits_for_a_later_try_does_not_count_as_time_left(issue: Issue) -> None:
    now = NOW + MINUTE
    put(0, 6, state=DeliveryState.SENT, finished_at=now)
    put(6, 10, due_at=now + 10 * MINUTE)
    found = reports.progress_of(issue.id, now=now)
    assert (found.deferred, found.left) == (4, None)
    assert waiting.oldest_wait(db.session.scalars(sa.select(Send)).one(), now=now) is None


def test_an_issue_that_does_not_move_has_no_time_left_and_no_rate(issue: Issue) -> None:
    found = reports.progress_of(issue.id, now=NOW + MINUTE)
    assert (found.rate, found.left, found.share) == (0.0, None, 0.0)


def test_before_planning_everything_is_nothing(app: Flask) -> None:
    issue = make_due_issue(make_list())
    assert reports.progress_of(issue.id, now=NOW) == Progress(Report())
    with pytest.raises(NotFound):
        reports.progress_of(99, now=NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (31, "about 1 minute"),
        (89, "about 1 minute"),
        (91, "about 2 minutes"),
        (89 * 60, "about 89 minutes"),
        (91 * 60, "about 2 hours"),
        (35 * 3600, "about 35 hours"),
        (37 * 3600, "about 2 days"),
        (1_000_000, "about 12 days"),
    ],
)
def test_time_left_is_said_as_a_person_would(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
