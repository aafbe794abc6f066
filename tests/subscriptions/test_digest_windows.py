"""What a digest covers and when it is due: mornings of the reader, and changes of mind."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from newsletter import clock
from newsletter.errors import InvalidInput
from newsletter.subscriptions import digest_windows, zones
from newsletter.subscriptions.models import Frequency, MailingList, SubscriptionState
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

WEEKLY, MONTHLY, EVERY = Frequency.WEEKLY, Frequency.MONTHLY, Frequency.EVERY
NEXT_MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)


@pytest.fixture
def news(app: Flask) -> MailingList:
    news = make_list()
    news.issues_begun = 41
    return news


@pytest.mark.parametrize(
    ("frequency", "zone", "now", "due"),
    [
        (EVERY, "UTC", "2027-03-01T09:00", None),
        # At the very morning it is the next one's turn.
        (WEEKLY, "UTC", "2027-03-01T06:59", "2027-03-01T07:00"),
        (WEEKLY, "UTC", "2027-03-01T07:00", "2027-03-08T07:00"),
        (MONTHLY, "UTC", "2027-03-01T06:59", "2027-03-01T07:00"),
        (MONTHLY, "UTC", "2027-03-01T07:00", "2027-04-01T07:00"),
        # The year ends.
        (WEEKLY, "UTC", "2027-12-29T12:00", "2028-01-03T07:00"),
        (MONTHLY, "UTC", "2027-12-31T23:59", "2028-01-01T07:00"),
        (MONTHLY, "UTC", "2028-01-31T12:00", "2028-02-01T07:00"),
        # Clocks go forward on Sunday 28 March, and back on 31 October.
        (WEEKLY, "Europe/Vienna", "2027-03-22T12:00", "2027-03-29T05:00"),
        (WEEKLY, "Europe/Vienna", "2027-10-25T12:00", "2027-11-01T06:00"),
        (MONTHLY, "Europe/Vienna", "2027-10-25T12:00", "2027-11-01T06:00"),
        # Where a day begins long before it does in Greenwich, or a quarter of an hour besides.
        (WEEKLY, "Pacific/Apia", "2027-03-07T17:59", "2027-03-07T18:00"),
        (WEEKLY, "Pacific/Apia", "2027-03-07T18:00", "2027-03-14T18:00"),
        (MONTHLY, "Pacific/Apia", "2027-02-28T18:00", "2027-03-31T18:00"),
        (WEEKLY, "Asia/Kathmandu", "2027-03-01T01:14", "2027-03-01T01:15"),
        (MONTHLY, "Asia/Kathmandu", "2027-12-31T12:00", "2028-01-01T01:15"),
        (WEEKLY, "Pacific/Honolulu", "2027-03-01T16:00", "2027-03-01T17:00"),
    ],
)
def test_a_digest_is_due_in_the_morning_of_its_readers(
    frequency: Frequency, zone: str, now: str, due: str | None
) -> None:
    found = digest_windows.next_due(frequency, zone, now=at(now))
    assert found == (at(due) if due else None)


@pytest.mark.parametrize("zone", ["Europe/Vienna", "Pacific/Apia", "Africa/Casablanca"])
@pytest.mark.parametrize("frequency", [WEEKLY, MONTHLY])
def test_each_is_due_once_a_period_for_years(frequency: Frequency, zone: str) -> None:
    now, place = NOW, clock.zone(zone)
    for _ in range(60):
        due = digest_windows.next_due(frequency, zone, now=now)
        assert due is not None and due > now
        local = due.astimezone(place)
        assert (local.hour, local.minute) == (7, 0)
        assert local.weekday() == 0 if frequency is WEEKLY else local.day == 1
        assert due - now < timedelta(days=8 if frequency is WEEKLY else 33)
        now = due


def test_whoever_confirms_begins_after_what_began_before(news: MailingList) -> None:
    subscription = make_subscription(news, frequency=WEEKLY)
    assert subscription.digest_after == 41
    assert subscription.digest_due_at == NEXT_MONDAY


def test_the_zone_of_the_list_stands_in_for_that_of_the_reader(news: MailingList) -> None:
    news.zone = "Asia/Kathmandu"
    subscription = make_subscription(news, frequency=WEEKLY)
    assert subscription.digest_due_at == at("2027-03-08T01:15")
    digest_windows.change_zone(subscription.subscriber, "Pacific/Apia", now=NOW)
    assert subscription.digest_due_at == at("2027-03-07T18:00")
    digest_windows.change_zone(subscription.subscriber, "", now=NOW)
    assert subscription.digest_due_at == at("2027-03-08T01:15")
    with pytest.raises(InvalidInput):
        digest_windows.change_zone(subscription.subscriber, "Europe/Atlantis", now=NOW)


@pytest.mark.parametrize("place", ["of the reader", "of the list"])
def test_a_zone_that_is_known_no_more_is_utc(news: MailingList, place: str) -> None:
    subscription = make_subscription(news)
    news.zone = "Europe/Vienna"
    (subscription.subscriber if place == "of the reader" else news).zone = "Europe/Atlantis"
    assert zones.of(subscription) == "UTC"


def test_whoever_had_every_issue_begins_with_the_next_one(news: MailingList) -> None:
    subscription = make_subscription(news)
    assert subscription.digest_due_at is None
    news.issues_begun = 50
    digest_windows.change_frequency(subscription, WEEKLY, now=NOW)
    assert (subscription.digest_after, subscription.digest_due_at) == (50, NEXT_MONDAY)


def test_a_window_belongs_to_the_subscription_whatever_is_changed(news: MailingList) -> None:
    subscription = make_subscription(news, frequency=WEEKLY)
    news.issues_begun = 50
    digest_windows.change_frequency(subscription, MONTHLY, now=NOW)
    assert subscription.digest_after == 41
    assert subscription.digest_due_at == at("2027-04-01T07:00")
    digest_windows.change_frequency(subscription, EVERY, now=NOW)
    # What no digest covered yet comes as one last summary, next morning.
    assert subscription.digest_after == 41
    assert subscription.digest_due_at == at("2027-03-02T07:00")
    digest_windows.change_frequency(subscription, WEEKLY, now=NOW)
    assert (subscription.digest_after, subscription.digest_due_at) == (41, NEXT_MONDAY)


def test_a_last_summary_is_never_due_in_the_very_next_moments(news: MailingList) -> None:
    subscription = make_subscription(news, frequency=WEEKLY)
    digest_windows.change_frequency(subscription, EVERY, now=at("2027-03-02T06:30"))
    assert subscription.digest_due_at == at("2027-03-03T07:00")


def test_a_pause_ends_with_a_summary_or_without(news: MailingList) -> None:
    missed = make_subscription(news, "ada@example.org")
    forgot = make_subscription(news, "ben@example.org", frequency=WEEKLY)
    until = NOW + timedelta(days=30)
    digest_windows.pause(missed, until=until, wants_summary=True, now=NOW)
    digest_windows.pause(forgot, until=until, wants_summary=False, now=NOW)
    for one in (missed, forgot):
        assert one.state is SubscriptionState.PAUSED
        assert (one.digest_due_at, one.paused_until) == (None, until)
    news.issues_begun = 50
    for one in (missed, forgot):
        digest_windows.resume(one, now=NOW)
        assert one.state is SubscriptionState.CONFIRMED
        assert one.paused_until is None
    assert (missed.digest_after, missed.digest_due_at) == (41, at("2027-03-02T07:00"))
    assert (forgot.digest_after, forgot.digest_due_at) == (41, NEXT_MONDAY)
    assert [forgot.digest_gaps, missed.digest_gaps] == [[(41, 50)], []]
    digest_windows.resume(forgot, now=NOW + timedelta(days=20))
    assert forgot.digest_due_at == NEXT_MONDAY


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
