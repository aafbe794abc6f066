"""The recipients of an issue by provider, counted aside where they are many."""

import time
from datetime import datetime, timedelta

import pytest
from flask import Flask

from newsletter.delivery import planning
from newsletter.delivery.models import DeliveryState
from newsletter.errors import NotFound
from newsletter.extensions import db, reading
from newsletter.reports import by_provider
from newsletter.reports.by_provider import ProviderNumbers, Providers, providers
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription
from tests.reports.situations import put

WAITING = ProviderNumbers("example.org", sent=0, waiting=10, failed=0, uncertain=0, others=0)
SENT = ProviderNumbers("example.org", sent=10, waiting=0, failed=0, uncertain=0, others=0)


@pytest.fixture
def issue_id(app: Flask) -> int:
    """An issue to ten readers, planned at nine."""
    news = make_list()
    for number in range(10):
        make_subscription(news, f"reader{number}@example.org")
    issue = make_due_issue(news)
    number = issue.id
    planning.plan(issue, now=NOW)
    db.session.commit()
    return number


def look(issue_id: int, now: datetime) -> Providers | None:
    """Look as a page does: in a transaction that only reads."""
    with reading():
        return providers(issue_id, now=now)


def look_until_counted(issue_id: int, now: datetime, *, after: datetime) -> Providers:
    """Look again and again until the numbers are younger than `after`."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = look(issue_id, now)
        if found is not None and found.counted_at > after:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing was counted")


def test_providers_are_counted_with_the_largest_first(issue_id: int) -> None:
    put(0, 6, provider="gmail.com")
    put(6, 9, provider="example.org")
    put(9, 10, provider="")
    put(0, 2, state=DeliveryState.SENT)
    put(2, 3, state=DeliveryState.IN_FLIGHT)
    put(6, 7, state=DeliveryState.UNCERTAIN)
    put(7, 8, state=DeliveryState.FAILED)
    put(9, 10, state=DeliveryState.CANCELLED)
    assert look(issue_id, NOW) == Providers(
        [
            ProviderNumbers("gmail.com", sent=2, waiting=4, failed=0, uncertain=0, others=0),
            ProviderNumbers("example.org", sent=0, waiting=1, failed=1, uncertain=1, others=0),
            ProviderNumbers("", sent=0, waiting=0, failed=0, uncertain=0, others=1),
        ],
        NOW,
    )


def test_only_the_largest_are_shown(issue_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_provider, "MOST", 1)
    put(0, 6, provider="gmail.com")
    found = look(issue_id, NOW)
    assert found is not None
    assert [one.name for one in found.numbers] == ["gmail.com"]


def test_a_large_issue_is_counted_aside_and_its_numbers_say_how_old_they_are(
    issue_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_provider, "LARGE", 10)
    assert look(issue_id, NOW) is None
    first = look_until_counted(issue_id, NOW, after=NOW - timedelta(days=1))
    assert first == Providers([WAITING], NOW)

    put(0, 10, state=DeliveryState.SENT)
    assert look(issue_id, NOW + timedelta(seconds=29)) == first
    later = NOW + timedelta(seconds=30)
    assert look(issue_id, later) == first, "nobody waits for the new ones"
    assert look_until_counted(issue_id, later, after=NOW) == Providers([SENT], later)


def test_an_issue_that_is_not_planned_has_none(app: Flask) -> None:
    issue = make_due_issue(make_list())
    assert providers(issue.id, now=NOW) == Providers([], NOW)
    with pytest.raises(NotFound):
        providers(issue.id + 1, now=NOW)
