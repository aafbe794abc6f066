"""A correction comes to everybody who got the wrong issue, in whatever way, and once."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.delivery import announcing, audience, people
from newsletter.delivery.models import Delivery, Send
from newsletter.delivery.people import Group
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.subscriptions import digest_windows
from newsletter.subscriptions.models import Frequency, MailingList, Subscriber, SubscriptionState
from tests.conftest import NOW
from tests.delivery.digests.digesting import correct, make, numbers_of, send_issue, subscription_of
from tests.delivery.digests.test_missing import deliver
from tests.factories import make_list, make_subscription

MONDAY = datetime(2027, 3, 8, 7, 0, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
EVERY, WEEKLY, MONTHLY = Frequency.EVERY, Frequency.WEEKLY, Frequency.MONTHLY


@pytest.fixture
def news(app: Flask) -> MailingList:
    return make_list()


def test_it_comes_to_who_got_the_issue_in_the_summary_after_a_pause(news: MailingList) -> None:
    ada = make_subscription(news)
    digest_windows.pause(ada, until=None, wants_summary=True, now=NOW)
    wrong = send_issue(news)
    digest_windows.resume(ada, now=NOW + DAY)
    make(NOW + 2 * DAY)
    deliver()
    correction = correct(wrong, at=MONDAY)
    make(MONDAY + WEEK)
    assert numbers_of("ada") == [(wrong.id,)]
    assert who_got(correction) == ["ada"]


def test_it_comes_to_who_got_the_issue_in_a_digest_and_wants_each_now(news: MailingList) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    wrong = send_issue(news)
    make(MONDAY)
    deliver()
    digest_windows.change_frequency(ada, EVERY, now=MONDAY + DAY)
    # The last summary is still to come: it does not bring the correction a second time.
    correction = correct(wrong, at=MONDAY + DAY)
    make(MONDAY + 3 * DAY)
    assert numbers_of("ada") == [(wrong.id,)]
    assert who_got(correction) == ["ada"]


@pytest.mark.parametrize("frequency", [EVERY, WEEKLY])
def test_it_comes_to_whose_digest_was_on_its_way_when_it_began(
    news: MailingList, frequency: Frequency
) -> None:
    ada = make_subscription(news, frequency=WEEKLY)
    wrong = send_issue(news)
    make(MONDAY)
    digest_windows.change_frequency(ada, frequency, now=MONDAY)
    make(MONDAY + DAY)
    correction = correct(wrong, at=MONDAY + 2 * DAY)
    make(MONDAY + WEEK)
    in_digests = [(wrong.id,)] if frequency is EVERY else [(wrong.id,), (correction.id,)]
    assert numbers_of("ada") == in_digests
    assert who_got(correction) == (["ada"] if frequency is EVERY else [])


def test_who_did_not_get_the_issue_gets_none_and_the_sentence_counts_the_others(
    news: MailingList,
) -> None:
    for name, frequency in (("ada", EVERY), ("ben", WEEKLY), ("cleo", WEEKLY), ("dora", WEEKLY)):
        make_subscription(news, f"{name}@example.org", frequency=frequency)
    wrong = send_issue(news)
    make(MONDAY)
    deliver()
    make_subscription(news, "late@example.org", at=MONDAY)
    for name in ("ben", "dora"):
        digest_windows.change_frequency(subscription_of(name), EVERY, now=MONDAY)
    subscription_of("dora").state = SubscriptionState.UNSUBSCRIBED
    correction = correct(wrong, at=MONDAY + DAY)
    said = audience.of(correction)
    assert (said.recipients, said.weekly, said.reached, said.left) == (2, 1, 3, 1)
    assert audience.count(correction).everybody == 3
    assert str(announcing.announce(correction.id, said, "Now")) == (
        "Now issue 2, which corrects issue 1, goes to 3 people who got issue 1: 2 by e-mail now, "
        "1 in their weekly digest on Monday. 1 person is left out because they left since."
    )
    shown = people.people(correction, Group.GETS_IT).people
    assert [one.address for one in shown] == ["ada@example.org", "ben@example.org"]
    assert who_got(correction) == ["ada", "ben"]


def who_got(issue: Issue) -> list[str]:
    """Who has a row of the issue itself."""
    addresses = db.session.scalars(
        sa.select(Subscriber.address)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(Send, Send.id == Delivery.send_id)
        .where(Send.issue_id == issue.id)
        .order_by(Subscriber.address)
    )
    return [address.partition("@")[0] for address in addresses]
