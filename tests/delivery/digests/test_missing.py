"""What was on its way when somebody paused or left: nothing is lost, and nothing comes twice."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import control
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions import digest_windows, reducing, undoing, unsubscribing
from newsletter.subscriptions.consent import Origin
from newsletter.subscriptions.models import (
    EndedReason,
    Frequency,
    MailingList,
    Subscription,
    SubscriptionState,
)
from newsletter.subscriptions.unsubscribing import Leaving
from tests.conftest import NOW
from tests.delivery.digests.digesting import make, numbers_of, send_issue
from tests.factories import make_list, make_subscription

MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SOON = timedelta(minutes=10)
PAGE = Origin(page="/unsubscribe")
EVERY, WEEKLY, MONTHLY = Frequency.EVERY, Frequency.WEEKLY, Frequency.MONTHLY


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def test_an_issue_that_waited_when_the_reader_paused_is_in_the_summary(news: MailingList) -> None:
    ada = make_subscription(news)
    had = send_issue(news)
    deliver()
    waiting = send_issue(news)
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    deliver(at=NOW + SOON)
    missed = send_issue(news, at=NOW + DAY)
    digest_windows.resume(ada, now=NOW + 2 * DAY)
    make(NOW + 3 * DAY)
    assert numbers_of("ada") == [(waiting.id, missed.id)]
    assert had.id not in numbers_of("ada")[0]
    assert (ada.digest_owed_since, ada.digest_due_at) == (None, None)


@pytest.mark.parametrize("wants_summary", [True, False])
def test_a_digest_that_waited_when_the_reader_paused_comes_again_in_the_next_one(
    news: MailingList, wants_summary: bool
) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    first, second = send_issue(news), send_issue(news)
    make(MONDAY)
    digest_windows.pause(ada, until=None, wants_summary=wants_summary, now=MONDAY + SOON)
    deliver(at=MONDAY + 2 * SOON)
    digest_windows.resume(ada, now=MONDAY + DAY)
    third = send_issue(news, at=MONDAY + 2 * DAY)
    make(MONDAY + WEEK)
    deliver()
    make(MONDAY + 2 * WEEK)
    assert numbers_of("ada") == [(first.id, second.id), (first.id, second.id, third.id)]


def test_what_went_although_the_reader_paused_comes_once(news: MailingList) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    send_issue(news)
    make(MONDAY)
    digest_windows.pause(ada, until=None, wants_summary=True, now=MONDAY + SOON)
    digest_windows.resume(ada, now=MONDAY + 2 * SOON)
    deliver(at=MONDAY + DAY)
    assert make(MONDAY + WEEK) == []


@pytest.mark.parametrize("frequency", [EVERY, WEEKLY])
def test_what_waited_when_a_reader_left_by_mistake_comes_after_all(
    news: MailingList, frequency: Frequency
) -> None:
    ada = make_subscription(news, frequency=frequency)
    issue = send_issue(news)
    if frequency is WEEKLY:
        make(MONDAY)
    undo = unsubscribing.unsubscribe(
        Leaving(ada, None), reason=EndedReason.LINK, origin=PAGE, now=MONDAY + SOON
    )
    deliver(at=MONDAY + 2 * SOON)
    undoing.undo(undo, origin=PAGE, now=MONDAY + 3 * SOON)
    make(MONDAY + WEEK)
    assert numbers_of("ada")[-1] == (issue.id,)
    deliver(at=MONDAY + WEEK)
    assert make(MONDAY + 2 * WEEK) == []


def test_who_left_for_good_and_comes_back_begins_anew(news: MailingList) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    send_issue(news)
    make(MONDAY)
    unsubscribing.end(ada, reason=EndedReason.LINK, origin=PAGE, now=MONDAY + SOON)
    deliver(at=MONDAY + 2 * SOON)
    ada.state = SubscriptionState.CONFIRMED
    digest_windows.begin(ada, now=MONDAY + DAY)
    assert make(MONDAY + WEEK) == []


def test_what_is_owed_waits_while_a_person_holds_the_issue(news: MailingList) -> None:
    ada = make_subscription(news)
    make_subscription(news, "ben@example.org")
    issue = send_issue(news)
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    suppress_row(ada, at=NOW + SOON)
    control.pause(issue, now=NOW + SOON)
    digest_windows.resume(ada, now=NOW + SOON)
    assert make(NOW + DAY) == []
    control.resume(issue, now=NOW + DAY)
    digest_windows.change_frequency(ada, WEEKLY, now=NOW + DAY)
    make(MONDAY)
    assert numbers_of("ada") == [(issue.id,)]


@pytest.mark.parametrize("frequency", [WEEKLY, MONTHLY])
def test_a_pause_without_a_summary_leaves_out_nothing_but_itself(
    news: MailingList, frequency: Frequency
) -> None:
    ada = make_subscription(news, frequency=frequency)
    wanted = []
    for day in range(0, 6, 2):
        now = NOW + timedelta(days=day)
        wanted.append(send_issue(news, at=now).id)
        digest_windows.pause(ada, until=None, wants_summary=False, now=now)
        send_issue(news, at=now + DAY / 2)
        digest_windows.resume(ada, now=now + DAY)
    make(NOW + 5 * WEEK)
    assert numbers_of("ada") == [tuple(wanted)]


def test_taking_back_a_pause_misses_nothing(news: MailingList) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    before = send_issue(news)
    undo = reducing.pause(Leaving(ada, None), NOW + WEEK, origin=PAGE, now=NOW)
    meanwhile = send_issue(news)
    undoing.undo(undo, origin=PAGE, now=NOW + SOON)
    make(MONDAY)
    assert numbers_of("ada") == [(before.id, meanwhile.id)]


def test_taking_back_once_a_month_repeats_no_digest(news: MailingList) -> None:
    first = datetime(2027, 4, 1, 7, 0, tzinfo=UTC)
    ada = make_subscription(news)
    undo = reducing.less_often(Leaving(ada, None), MONTHLY, origin=PAGE, now=first - SOON)
    issue = send_issue(news, at=first - SOON / 2)
    make(first)
    assert numbers_of("ada") == [(issue.id,)]
    undoing.undo(undo, origin=PAGE, now=first + SOON)
    assert make(first + DAY) == []
    assert ada.frequency is EVERY


def test_a_last_summary_waits_for_what_a_person_holds_and_brings_it_then(
    news: MailingList,
) -> None:
    ada = make_subscription(news)
    for number in range(2):
        make_subscription(news, f"r{number}@example.org")
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    first, held = send_issue(news), send_issue(news)
    control.pause(held, now=NOW)
    digest_windows.resume(ada, now=NOW)
    make(MONDAY)
    assert numbers_of("ada") == [(first.id,)]
    # From now on each comes by itself, and no second time.
    send_issue(news, at=MONDAY)
    make(MONDAY + DAY)
    control.resume(held, now=MONDAY + DAY)
    make(MONDAY + 2 * DAY)
    assert numbers_of("ada") == [(first.id,), (held.id,)]
    assert ada.digest_due_at is None


def test_so_it_does_for_what_was_taken_away_on_its_way(news: MailingList) -> None:
    ada = make_subscription(news)
    make_subscription(news, "ben@example.org")
    held = send_issue(news)
    control.pause(held, now=NOW)
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    suppress_row(ada, at=NOW + SOON)
    digest_windows.resume(ada, now=NOW + SOON)
    assert make(MONDAY) == []
    control.resume(held, now=MONDAY)
    make(MONDAY + DAY)
    assert numbers_of("ada") == [(held.id,)]
    assert (ada.digest_due_at, ada.digest_owed_since) == (None, None)


def deliver(*, at: datetime = NOW) -> None:
    """Let all that waits be answered, as the reader's state tells."""
    db.session.flush()
    for row, subscription in waiting():
        is_on = subscription.state is SubscriptionState.CONFIRMED
        row.state = DeliveryState.SENT if is_on else DeliveryState.SUPPRESSED
        row.finished_at = at
    db.session.commit()


def suppress_row(subscription: Subscription, *, at: datetime) -> None:
    for row, its in waiting():
        if its is subscription:
            row.state, row.finished_at = DeliveryState.SUPPRESSED, at


def waiting() -> list[tuple[Delivery, Subscription]]:
    rows = db.session.execute(
        sa.select(Delivery, Subscription)
        .join(Subscription, Subscription.subscriber_id == Delivery.subscriber_id)
        .join(Issue, Issue.mailing_list_id == Subscription.mailing_list_id)
        .where(Delivery.state == DeliveryState.WAITING)
    )
    return [(row[0], row[1]) for row in rows]
