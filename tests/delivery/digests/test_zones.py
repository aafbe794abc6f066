"""One person, one place, one Monday: lists in many zones send one digest."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from newsletter.subscriptions import digest_windows, lists, undoing, unsubscribing, zones
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import EndedReason, Frequency, MailingList, Subscription
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.delivery.digests.digesting import add, make, numbers_of, send_issue
from tests.factories import make_list, make_subscription

AUCKLAND, NEW_YORK = "Pacific/Auckland", "America/New_York"
WEEK = timedelta(days=7)
TUESDAY = NOW + timedelta(days=1)
IN_AUCKLAND = datetime(2027, 3, 7, 18, 0, tzinfo=UTC)
"""Monday at seven, there."""
IN_NEW_YORK = datetime(2027, 3, 8, 12, 0, tzinfo=UTC)


@pytest.fixture
def far(app: Flask) -> list[MailingList]:
    """A list in Auckland and one in New York."""
    lists = [make_list("far", name="Far"), make_list("near", name="Near")]
    for one, zone in zip(lists, (AUCKLAND, NEW_YORK), strict=True):
        one.zone = zone
    return lists


@pytest.mark.parametrize("first", [0, 1])
def test_lists_in_two_zones_send_one_digest_a_week(far: list[MailingList], first: int) -> None:
    ada = make_subscription(far[first], "ada@example.org", frequency=Frequency.WEEKLY, at=TUESDAY)
    add(ada, far[1 - first], Frequency.WEEKLY, now=TUESDAY + timedelta(days=1))
    due = [one.digest_due_at for one in ada.subscriber.subscriptions]
    assert due == [IN_AUCKLAND, IN_AUCKLAND]
    for week in range(2):
        for one in far:
            send_issue(one, at=TUESDAY + week * WEEK)
        for hours in range(0, 40, 2):
            make(IN_AUCKLAND + week * WEEK + timedelta(hours=hours))
    assert numbers_of("ada") == [(1, 2), (3, 4)]


def test_a_place_of_their_own_is_that_of_all_lists(far: list[MailingList]) -> None:
    ada = make_subscription(far[0], "ada@example.org", frequency=Frequency.WEEKLY, at=TUESDAY)
    digest_windows.change_zone(ada.subscriber, NEW_YORK, now=TUESDAY)
    other = add(ada, far[1], Frequency.WEEKLY, now=TUESDAY)
    assert ada.digest_due_at == other.digest_due_at == IN_NEW_YORK


def test_who_leaves_the_oldest_list_and_takes_it_back_still_gets_one_digest(
    far: list[MailingList],
) -> None:
    ada = make_subscription(far[0], "ada@example.org", frequency=Frequency.WEEKLY, at=TUESDAY)
    other = add(ada, far[1], Frequency.WEEKLY, now=TUESDAY)
    undo = leave(ada)
    assert zones.of(other) == NEW_YORK
    digest_windows.change_frequency(other, Frequency.MONTHLY, now=TUESDAY)
    digest_windows.change_frequency(other, Frequency.WEEKLY, now=TUESDAY)
    assert other.digest_due_at == IN_NEW_YORK
    undoing.undo(undo, origin=Origin(page="/undo"), now=TUESDAY)
    assert ada.digest_due_at == other.digest_due_at == IN_AUCKLAND


def test_a_list_that_moves_takes_all_digests_of_its_oldest_readers_along(
    far: list[MailingList],
) -> None:
    ada = make_subscription(far[0], "ada@example.org", frequency=Frequency.WEEKLY, at=TUESDAY)
    other = add(ada, far[1], Frequency.WEEKLY, now=TUESDAY)
    lists.change_list(far[1], now=TUESDAY, zone="UTC")
    assert ada.digest_due_at == other.digest_due_at == IN_AUCKLAND
    lists.change_list(far[0], now=TUESDAY, zone=NEW_YORK)
    assert ada.digest_due_at == other.digest_due_at == IN_NEW_YORK


def test_what_is_due_already_is_not_put_off(far: list[MailingList]) -> None:
    ada = make_subscription(far[1], "ada@example.org", frequency=Frequency.WEEKLY, at=TUESDAY)
    late = IN_NEW_YORK + timedelta(hours=1)
    add(ada, far[0], Frequency.WEEKLY, now=late)
    assert ada.digest_due_at == IN_NEW_YORK


def leave(subscription: Subscription) -> undoing.Undo | None:
    return unsubscribing.unsubscribe(
        Leaving(subscription, None), reason=EndedReason.LINK, origin=Origin(page="/"), now=TUESDAY
    )
