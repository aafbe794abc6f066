"""Leaving at the door: one click by machine, two by hand, never by looking."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock, links
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery
from newsletter.extensions import db
from newsletter.subscriptions import unsubscribing
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    EndedReason,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from tests.conftest import NOW
from tests.factories import make_due_issue, make_list, make_subscription, make_topic

ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def subscription(app: Flask) -> Subscription:
    """Ada, confirmed on a list with two topics."""
    topics = (make_topic("mms", "MMS"), make_topic("bep", "BEP"))
    subscription = make_subscription(make_list(topics=topics), "ada@example.org", name="Ada")
    db.session.commit()
    return subscription


def path(subscription: Subscription, link: links.Link = links.UNSUBSCRIBE) -> str:
    return link.path.format(token=link.token(f"{subscription.id}-9", now=NOW))


def state(subscription: Subscription) -> SubscriptionState:
    db.session.rollback()
    db.session.expire_all()
    return subscription.state


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("link", [links.UNSUBSCRIBE, links.PREFERENCES])
def test_looking_changes_nothing_and_shows_nothing_of_the_person(
    client: FlaskClient, subscription: Subscription, method: str, link: links.Link
) -> None:
    answer = client.open(path(subscription, link), method=method, headers={"Purpose": "prefetch"})
    assert answer.status_code == 200
    assert "ada" not in answer.text.lower()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert state(subscription) is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (ONE_CLICK + "&token=other", "application/x-www-form-urlencoded"),
        (
            '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            "One-Click\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_one_click_works_without_cookie_redirect_or_sign_in_twice(
    client: FlaskClient, subscription: Subscription, data: str, content_type: str
) -> None:
    for _ in range(2):
        answer = client.post(path(subscription), data=data, content_type=content_type)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED
    [interval] = db.session.scalars(sa.select(SubscriptionInterval)).all()
    assert interval.ended_reason is EndedReason.ONE_CLICK


@pytest.mark.parametrize("data", ["", "List-Unsubscribe=Maybe", "one-click", "stop="])
def test_a_post_that_says_neither_asks_again(
    client: FlaskClient, subscription: Subscription, data: str
) -> None:
    answer = client.post(
        path(subscription), data=data, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert "Stop these e-mails" in answer.text
    assert state(subscription) is SubscriptionState.CONFIRMED


def test_the_first_button_of_the_page_stops_this_list(
    client: FlaskClient, subscription: Subscription
) -> None:
    page = LexborHTMLParser(client.get(path(subscription)).text)
    button = page.css_first("button")
    assert button is not None
    name, value = str(button.attributes["name"]), str(button.attributes["value"])
    answer = client.post(path(subscription), data={name: value})
    assert "These e-mails have stopped" in answer.text
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED


def test_after_the_person_is_gone_the_answer_is_as_calm(
    client: FlaskClient, subscription: Subscription
) -> None:
    link = path(subscription)
    db.session.execute(sa.delete(Subscription))
    db.session.commit()
    assert client.get(link).status_code == 200
    for _ in range(2):
        answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, "have stopped" in answer.text) == (200, True)


def test_a_forged_link_is_the_same_dead_page_whoever_exists(
    client: FlaskClient, subscription: Subscription
) -> None:
    good = path(subscription)
    other = good.replace(f"/{subscription.id}-9", f"/{subscription.id + 1}-9")
    pages = set()
    for bad in (
        good[:-1],
        good + "A",
        other,
        "/unsubscribe/x",
        good.replace("unsubscribe/", "preferences/"),
    ):
        answer = client.post(bad, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 404
        pages.add(answer.text)
    assert len(pages) == 1
    assert state(subscription) is SubscriptionState.CONFIRMED


def test_preferences_can_stop_a_topic(client: FlaskClient, subscription: Subscription) -> None:
    page = path(subscription, links.PREFERENCES)
    answer = client.post(page, data={"stop": "topics", "topics": ["mms"]})
    assert "Stopped: MMS" in answer.text
    db.session.rollback()
    db.session.expire_all()
    assert [topic.slug for topic in subscription.topics] == ["bep"]


def test_preferences_say_what_is_missing(client: FlaskClient, subscription: Subscription) -> None:
    page = path(subscription, links.PREFERENCES)
    answer = client.post(page, data={"stop": "topics"})
    assert (answer.status_code, "at least one topic" in answer.text) == (422, True)


def test_preferences_do_not_tell_which_topics_somebody_had(
    client: FlaskClient, subscription: Subscription
) -> None:
    page = path(subscription, links.PREFERENCES)
    before = client.post(page, data={"stop": "topics", "topics": ["mms", "bep"]})
    again = client.post(page, data={"stop": "topics", "topics": ["mms", "bep"]})
    assert (before.status_code, before.text) == (again.status_code, again.text)
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED


def test_preferences_can_stop_everything_of_the_list(
    client: FlaskClient, subscription: Subscription
) -> None:
    client.post(path(subscription, links.PREFERENCES), data={"stop": "list"})
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("page", "data"),
    [
        (links.UNSUBSCRIBE, ONE_CLICK),
        (links.UNSUBSCRIBE, "stop=everything"),
        (links.PREFERENCES, "stop=list"),
        (links.PREFERENCES, "topics=mms&topics=bep"),
    ],
)
def test_the_evidence_says_by_which_issue_a_reader_left(
    client: FlaskClient, subscription: Subscription, page: links.Link, data: str
) -> None:
    issue = make_due_issue(subscription.mailing_list)
    planning.plan(issue, now=NOW)
    delivery_id = db.session.scalars(sa.select(Delivery.id)).one()
    number = issue.id
    token = page.token(unsubscribing.payload(subscription.id, delivery_id), now=clock.now())
    db.session.commit()
    client.post(
        page.path.format(token=token), data=data, content_type="application/x-www-form-urlencoded"
    )
    left = sa.select(ConsentEvent).where(ConsentEvent.kind == ConsentKind.UNSUBSCRIBED)
    assert db.session.scalars(left).one().issue_id == number
