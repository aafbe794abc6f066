"""How lists grow: every day counted once, when it is over."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.extensions import db
from newsletter.subscriptions import growth
from newsletter.subscriptions.growth import Day
from newsletter.subscriptions.models import (
    ListDay,
    MailingList,
    SubscriptionInterval,
    SubscriptionState,
)
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

TODAY = NOW.date()


@pytest.fixture
def news(app: Flask) -> MailingList:
    """A list that was made ten days ago."""
    return listed("news", days_ago=10)


def listed(slug: str, *, days_ago: int) -> MailingList:
    mailing_list = make_list(slug)
    mailing_list.created_at = NOW - timedelta(days=days_ago)
    db.session.flush()
    return mailing_list


def came(mailing_list: MailingList, name: str, *, days_ago: int, left: int | None = None) -> None:
    """Let somebody subscribe so many days ago, and leave so many days ago."""
    at = NOW - timedelta(days=days_ago)
    state = SubscriptionState.CONFIRMED if left is None else SubscriptionState.UNSUBSCRIBED
    subscription = make_subscription(mailing_list, f"{name}@example.org", state=state, at=at)
    if left is not None:
        db.session.execute(
            sa.update(SubscriptionInterval)
            .where(SubscriptionInterval.subscription_id == subscription.id)
            .values(ended_at=NOW - timedelta(days=left))
        )


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


def test_each_day_says_who_came_who_left_and_how_many_there_were(news: MailingList) -> None:
    came(news, "ada", days_ago=4)
    came(news, "ben", days_ago=4, left=2)
    came(news, "cleo", days_ago=1)
    came(news, "dan", days_ago=3, left=3)
    came(news, "today", days_ago=0)

    growth.count_days(now=NOW)

    assert growth.days(since=days_ago(5)) == [
        Day(days_ago(5), 0, 0, 0),
        Day(days_ago(4), 2, 2, 0),
        Day(days_ago(3), 2, 1, 1),
        Day(days_ago(2), 1, 0, 1),
        Day(days_ago(1), 2, 1, 0),
    ]


def test_a_day_is_counted_once_and_stays_as_it_was(news: MailingList) -> None:
    came(news, "ada", days_ago=3)
    assert growth.count_days(now=NOW) == 10
    db.session.execute(sa.delete(SubscriptionInterval))
    assert growth.count_days(now=NOW) == 0
    assert growth.count_days(now=NOW + timedelta(days=2)) == 2
    assert [day.confirmed for day in growth.days(since=days_ago(2))] == [1, 1, 0, 0]


def test_two_clocks_at_once_count_a_day_once(news: MailingList) -> None:
    growth.count_days(now=NOW)
    before = db.session.scalar(sa.select(sa.func.count()).select_from(ListDay))
    growth._write(news.id, [Day(days_ago(1), 99, 99, 99)])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ListDay)) == before
    assert growth.days(since=days_ago(1)) == [Day(days_ago(1), 0, 0, 0)]


def test_the_first_count_goes_back_a_year_and_knows_who_was_there_before(app: Flask) -> None:
    old = listed("old", days_ago=1_000)
    came(old, "ada", days_ago=900)
    came(old, "ben", days_ago=800, left=700)
    came(old, "cleo", days_ago=500, left=100)

    growth.count_days(now=NOW)

    counted = growth.days(since=date(2000, 1, 1))
    assert len(counted) == 367
    assert counted[0].confirmed == 2
    assert counted[-1].confirmed == 1


def test_subscribers_that_are_older_than_their_list_are_counted(app: Flask) -> None:
    imported = listed("imported", days_ago=1)
    came(imported, "ada", days_ago=20)
    growth.count_days(now=NOW)
    assert growth.days(since=days_ago(60))[0] == Day(days_ago(20), 1, 1, 0)


def test_lists_are_summed_up_and_can_be_chosen(news: MailingList) -> None:
    other = listed("other", days_ago=3)
    came(news, "ada", days_ago=2)
    came(other, "ben", days_ago=2)
    growth.count_days(now=NOW)
    assert growth.days(since=days_ago(1)) == [Day(days_ago(1), 2, 0, 0)]
    assert growth.days(since=days_ago(1), lists=[other.id]) == [Day(days_ago(1), 1, 0, 0)]
    assert growth.days(since=days_ago(1), lists=[]) == []
    assert growth.days(since=days_ago(3), until=days_ago(3))[0].confirmed == 0


def test_who_came_and_went_lately_is_known_list_by_list(news: MailingList) -> None:
    other = listed("other", days_ago=3)
    came(news, "ada", days_ago=6, left=2)
    came(news, "ben", days_ago=2)
    growth.count_days(now=NOW)
    assert growth.changes(since=days_ago(3)) == {news.id: (1, 1), other.id: (0, 0)}
    assert growth.changes(since=days_ago(6))[news.id] == (2, 1)


def test_a_day_ends_at_midnight_utc(app: Flask) -> None:
    news = listed("news", days_ago=3)
    for hour, name in ((0, "first"), (23, "last")):
        make_subscription(
            news, f"{name}@example.org", at=datetime(2027, 2, 27, hour, 59, 59, tzinfo=UTC)
        )
    growth.count_days(now=datetime(2027, 2, 28, 0, 0, tzinfo=UTC))
    assert growth.days(since=date(2027, 2, 27)) == [Day(date(2027, 2, 27), 2, 2, 0)]


def test_how_many_are_subscribers_now_is_known_for_every_list(news: MailingList) -> None:
    empty = listed("empty", days_ago=3)
    came(news, "ada", days_ago=4)
    came(news, "ben", days_ago=4, left=2)
    make_subscription(news, "paused@example.org", state=SubscriptionState.PAUSED)
    make_subscription(news, "pending@example.org", state=SubscriptionState.PENDING)
    assert growth.subscribers_now() == {news.id: 2, empty.id: 0}
    assert growth.subscribers_now([empty.id]) == {empty.id: 0}
