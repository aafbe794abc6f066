"""The link in an issue that makes less: topics, how often, a pause; never more, never who."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock, links
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions.models import Frequency, Subscription, SubscriptionState
from tests.conftest import NOW
from tests.factories import make_list, make_subscription, make_topic
from tests.public.test_leaving import token_of


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    """Ada, confirmed on a list with two topics."""
    topics = (make_topic("mms", "MMS"), make_topic("bep", "BEP"))
    subscription = make_subscription(make_list(topics=topics), "ada@example.org", name="Ada")
    db.session.commit()
    return subscription


def path(subscription: Subscription) -> str:
    token = links.PREFERENCES.token(f"{subscription.id}-9", now=NOW)
    return links.PREFERENCES.path.format(token=token)


def refresh(subscription: Subscription) -> Subscription:
    db.session.rollback()
    db.session.expire_all()
    return subscription


def in_days(days: int) -> str:
    return str((clock.now() + timedelta(days=days)).date())


def test_a_topic_can_be_stopped(client: FlaskClient, subscription: Subscription) -> None:
    answer = client.post(path(subscription), data={"stop": "topics", "topics": ["mms"]})
    assert "Stopped: MMS" in answer.text
    assert [topic.slug for topic in refresh(subscription).topics] == ["bep"]


def test_what_is_missing_is_said_beside_its_field(
    client: FlaskClient, subscription: Subscription
) -> None:
    answer = client.post(path(subscription), data={"stop": "topics"})
    assert (answer.status_code, "at least one topic" in answer.text) == (422, True)
    assert 'href="#topics"' in answer.text


def test_nobody_is_told_which_topics_somebody_had(
    client: FlaskClient, subscription: Subscription
) -> None:
    data = {"stop": "topics", "topics": ["mms", "bep"]}
    pages = [client.post(path(subscription), data=data) for _ in range(2)]
    first, again = (page.text.replace(token_of(page.text), "TOKEN") for page in pages)
    assert first == again
    assert refresh(subscription).state is SubscriptionState.UNSUBSCRIBED


def test_everything_of_the_list_can_be_stopped(
    client: FlaskClient, subscription: Subscription
) -> None:
    client.post(path(subscription), data={"stop": "list"})
    assert refresh(subscription).state is SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("had", "button", "gets"),
    [
        (Frequency.EVERY, "weekly", Frequency.WEEKLY),
        (Frequency.EVERY, "monthly", Frequency.MONTHLY),
        (Frequency.WEEKLY, "monthly", Frequency.MONTHLY),
        (Frequency.WEEKLY, "weekly", Frequency.WEEKLY),
        (Frequency.MONTHLY, "weekly", Frequency.MONTHLY),
        (Frequency.MONTHLY, "every", Frequency.MONTHLY),
        (Frequency.WEEKLY, "every", Frequency.WEEKLY),
    ],
)
def test_it_is_never_more_often(
    client: FlaskClient,
    subscription: Subscription,
    had: Frequency,
    button: str,
    gets: Frequency,
) -> None:
    subscription.frequency = had
    db.session.commit()
    assert client.post(path(subscription), data={"stop": button}).status_code == 200
    assert refresh(subscription).frequency is gets


def test_a_pause_until_a_day_is_never_made_shorter(
    client: FlaskClient, subscription: Subscription
) -> None:
    for days in (200, 20):
        answer = client.post(path(subscription), data={"stop": "pause", "until": in_days(days)})
        assert answer.status_code == 200
    until = refresh(subscription).paused_until
    assert until is not None and str(until.date()) == in_days(200)
    assert subscription.state is SubscriptionState.PAUSED


@pytest.mark.parametrize("typed", ["", "tomorrow", "2020-01-01", "9999-12-31", "2027-02-30", "١"])
def test_a_day_that_is_none_is_refused(
    client: FlaskClient, subscription: Subscription, typed: str
) -> None:
    answer = client.post(path(subscription), data={"stop": "pause", "until": typed})
    assert answer.status_code == 422
    assert 'href="#until"' in answer.text
    assert refresh(subscription).state is SubscriptionState.CONFIRMED


def test_what_is_wrong_is_said_in_the_readers_language(
    client: FlaskClient, subscription: Subscription
) -> None:
    subscription.subscriber.language = "fr"
    db.session.commit()
    answer = client.post(
        path(subscription), data={"stop": "pause", "until": ""}, headers={"Accept-Language": "es"}
    )
    [problem] = LexborHTMLParser(answer.text).css('a[href="#until"]')
    assert problem.text().startswith("Saisissez un jour")


def test_who_left_does_not_come_back_by_getting_less(
    client: FlaskClient, subscription: Subscription
) -> None:
    client.post(path(subscription), data={"stop": "list"})
    client.post(path(subscription), data={"stop": "pause", "until": in_days(20)})
    client.post(path(subscription), data={"stop": "weekly"})
    client.post(path(subscription), data={"stop": "topics", "topics": ["mms"]})
    assert refresh(subscription).state is SubscriptionState.UNSUBSCRIBED


def test_the_link_to_everything_else_goes_to_the_address_on_file_only(
    client: FlaskClient, subscription: Subscription
) -> None:
    pages = {
        client.post(path(subscription), data={"stop": "nothing", "address": "eve@example.org"}).text
        for _ in range(3)
    }
    [page] = pages
    assert "ada@" not in page and "eve@" not in page
    [mail] = db.session.scalars(sa.select(OutboxMessage)).all()
    assert (mail.kind, mail.recipient) == ("manage", "ada@example.org")
    db.session.delete(subscription)
    db.session.commit()
    assert client.post(path(subscription), data={"stop": "nothing"}).text == page


def test_it_shows_nothing_of_the_person(client: FlaskClient, subscription: Subscription) -> None:
    """Two readers of one list with all different are shown the same (STANDARDS XB13)."""
    other = make_subscription(
        subscription.mailing_list,
        "grace@example.org",
        name="Grace",
        topics=tuple(subscription.mailing_list.topics[:1]),
        state=SubscriptionState.UNSUBSCRIBED,
    )
    other.frequency = Frequency.MONTHLY
    db.session.commit()
    pages = set()
    for one in (subscription, other):
        token = links.PREFERENCES.token(str(one.id), now=NOW)
        shown = client.get(f"/preferences/{token}").text
        pages.add(shown.replace(token, "TOKEN"))
    assert len(pages) == 1
