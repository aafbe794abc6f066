"""Mornings that moved: of a list that is read elsewhere, and of a clock that was ahead."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from newsletter.extensions import db
from newsletter.subscriptions import digest_windows, lists, mornings
from newsletter.subscriptions.models import Frequency, MailingList
from tests.conftest import NOW
from tests.factories import make_list, make_subscription

EVERY, WEEKLY, MONTHLY = Frequency.EVERY, Frequency.WEEKLY, Frequency.MONTHLY
MONDAY = datetime(2027, 3, 8, tzinfo=UTC)


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def test_digests_move_with_the_zone_of_their_list(news: MailingList) -> None:
    ada = make_subscription(news, "ada@example.org", frequency=WEEKLY)
    ben = make_subscription(news, "ben@example.org", frequency=MONTHLY)
    cleo = make_subscription(news, "cleo@example.org", frequency=WEEKLY)
    digest_windows.change_frequency(cleo, EVERY, now=NOW)
    dora = make_subscription(news, "dora@example.org", frequency=WEEKLY)
    digest_windows.change_zone(dora.subscriber, "Europe/Vienna", now=NOW)
    each = make_subscription(news, "each@example.org")
    elsewhere = make_subscription(make_list("else"), "else@example.org", frequency=WEEKLY)
    lists.change_list(news, now=NOW, zone="Asia/Kathmandu")
    assert ada.digest_due_at == MONDAY + timedelta(hours=1, minutes=15)
    assert ben.digest_due_at == datetime(2027, 4, 1, 1, 15, tzinfo=UTC)
    assert cleo.digest_due_at == datetime(2027, 3, 2, 1, 15, tzinfo=UTC)
    assert dora.digest_due_at == MONDAY + timedelta(hours=6)
    assert each.digest_due_at is None
    assert elsewhere.digest_due_at == MONDAY + timedelta(hours=7)


@pytest.mark.parametrize("frequency", [WEEKLY, MONTHLY])
def test_a_clock_that_was_ahead_puts_digests_off_for_an_hour_at_most(
    news: MailingList, frequency: Frequency
) -> None:
    ada = make_subscription(news, frequency=frequency)
    due_at = ada.digest_due_at
    assert mornings.settle(now=NOW) == 0
    digest_windows.set_due(ada, now=NOW + timedelta(days=400))
    db.session.flush()
    assert mornings.settle(now=NOW) == 1
    assert ada.digest_due_at == due_at
    assert mornings.settle(now=NOW) == 0


def test_a_last_summary_comes_back_too_and_who_paused_has_none(news: MailingList) -> None:
    ada = make_subscription(news, "ada@example.org", frequency=WEEKLY)
    ben = make_subscription(news, "ben@example.org", frequency=WEEKLY)
    ahead = NOW + timedelta(days=400)
    digest_windows.change_frequency(ada, EVERY, now=ahead)
    digest_windows.pause(ben, until=None, wants_summary=True, now=ahead)
    db.session.flush()
    assert mornings.settle(now=NOW) == 1
    assert ada.digest_due_at == datetime(2027, 3, 2, 7, tzinfo=UTC)
    assert ben.digest_due_at is None
