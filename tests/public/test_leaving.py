"""Leaving at the door: one click by machine, two by hand, never by looking."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from newsletter import clock, links, reports
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery
from newsletter.extensions import db
from newsletter.reports import hours
from newsletter.subscriptions import answers, undoing, unsubscribing
from newsletter.subscriptions.answers import Answer, LeavingAnswer
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    EndedReason,
    Frequency,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from newsletter.subscriptions.undoing import Undo
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


@pytest.mark.parametrize("frequency", Frequency)
def test_one_click_keeps_what_the_button_keeps_to_take_it_back(
    client: FlaskClient, subscription: Subscription, frequency: Frequency
) -> None:
    both = [subscription, make_subscription(subscription.mailing_list, "grace@example.org")]
    for one in both:
        one.frequency, one.wants_summary = frequency, True
        one.digest_due_at = one.paused_until = NOW + timedelta(days=1, hours=3)
        one.topics = list(one.mailing_list.topics)
    db.session.commit()
    for one, pressed in zip(both, (ONE_CLICK, "stop=list"), strict=True):
        data = dict([pressed.split("=")])
        assert client.post(path(one), data=data).status_code == 200
    by_click, by_button = (
        (row.mailing_list_id, *row.changes.values(), row.says_goodbye)
        for row in db.session.scalars(sa.select(Undo).order_by(Undo.id))
    )
    assert by_click == by_button


@pytest.mark.parametrize("data", ["", "List-Unsubscribe=Maybe", "one-click", "stop="])
def test_a_post_that_says_neither_asks_again(
    client: FlaskClient, subscription: Subscription, data: str
) -> None:
    answer = client.post(
        path(subscription), data=data, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert "Opening this page has changed nothing" in answer.text
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


@pytest.mark.parametrize(
    ("page", "data"),
    [
        (links.UNSUBSCRIBE, ONE_CLICK),
        (links.UNSUBSCRIBE, "stop=everything"),
        (links.PREFERENCES, "stop=list"),
        (links.PREFERENCES, "stop=topics&topics=mms&topics=bep"),
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
    assert reports.left(number) == 1


@pytest.mark.parametrize("button", ["list", "everything", "monthly", "pause-1", "pause-6"])
def test_each_button_has_an_undo_that_gives_back_what_was(
    client: FlaskClient, subscription: Subscription, button: str
) -> None:
    before = facts(subscription)
    answer = client.post(path(subscription), data={"stop": button})
    assert answer.status_code == 200
    assert facts(subscription) != before
    undone = client.post(form_of(answer.text, "/undo/"))
    assert "It is taken back" in undone.text
    assert facts(subscription) == before
    [interval] = db.session.scalars(sa.select(SubscriptionInterval)).all()
    assert (interval.ended_at, interval.ended_reason) == (None, None)


def test_who_takes_it_back_did_not_leave_by_the_issue(
    client: FlaskClient, subscription: Subscription
) -> None:
    issue = make_due_issue(subscription.mailing_list)
    planning.plan(issue, now=NOW)
    delivery_id = db.session.scalars(sa.select(Delivery.id)).one()
    number = issue.id
    token = links.UNSUBSCRIBE.token(
        unsubscribing.payload(subscription.id, delivery_id), now=clock.now()
    )
    db.session.commit()
    counts = []
    for _ in range(2):
        page = client.post(f"/unsubscribe/{token}", data={"stop": "list"}).text
        counts.append(reports.left(number))
        client.post(form_of(page, "/undo/"))
        counts.append(reports.left(number))
    assert counts == [1, 0, 1, 0]
    assert [one.left for one in hours.first_hours(number) if one.left] == []


def test_once_a_month_and_a_pause_are_less_instead_of_none(
    client: FlaskClient, subscription: Subscription
) -> None:
    answer = client.post(path(subscription), data={"stop": "monthly"})
    assert "once a month at most" in answer.text
    db.session.expire_all()
    assert subscription.frequency is Frequency.MONTHLY
    assert state(subscription) is SubscriptionState.CONFIRMED
    answer = client.post(path(subscription), data={"stop": "pause-3"})
    assert "These e-mails are paused" in answer.text
    assert state(subscription) is SubscriptionState.PAUSED
    assert subscription.paused_until is not None
    assert timedelta(days=85) < subscription.paused_until - clock.now() < timedelta(days=95)


@pytest.mark.parametrize("button", ["list", "everything", "monthly", "pause-1"])
def test_the_answer_is_the_same_whatever_the_reader_had(
    client: FlaskClient, subscription: Subscription, button: str
) -> None:
    """Only the token of Undo differs, which every answer has."""
    pages = [client.post(path(subscription), data={"stop": button}).text for _ in range(2)]
    first, again = (page.replace(token_of(page), "TOKEN") for page in pages)
    assert first == again


def test_undo_dies_after_half_an_hour(
    client: FlaskClient, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.post(path(subscription), data={"stop": "list"})
    later = clock.now() + timedelta(minutes=30, seconds=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.post(form_of(answer.text, "/undo/")).status_code == 404
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED


def test_looking_at_undo_takes_nothing_back(
    client: FlaskClient, subscription: Subscription
) -> None:
    answer = client.post(path(subscription), data={"stop": "list"})
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open(form_of(answer.text, "/undo/"), method=method).status_code == 200
    assert state(subscription) is SubscriptionState.UNSUBSCRIBED


def test_the_answer_why_is_counted_once_and_without_the_reader(
    client: FlaskClient, subscription: Subscription
) -> None:
    page = client.post(path(subscription), data={"stop": "list"}).text
    number, list_id = subscription.subscriber_id, subscription.mailing_list_id
    for _ in range(3):
        answer = client.post(form_of(page, "/unsubscribe/"), data={"why": "too-many"})
        assert "counted, without your address" in answer.text
    [month] = answers.counted(list_id, since=date.min)
    assert month.counts == {Answer.TOO_MANY: 1}
    columns = {column.name for column in sa.inspect(LeavingAnswer).columns}
    assert columns == {"mailing_list_id", "day", "issue_id", "answer", "count"}
    # Nothing else says it either.
    events = db.session.scalars(sa.select(ConsentEvent.detail)).all()
    assert number and not any("too-many" in detail for detail in events)


@pytest.mark.parametrize("answer", ["", "shouting", "too-many "])
def test_an_answer_that_is_none_gets_the_same_page(
    client: FlaskClient, subscription: Subscription, answer: str
) -> None:
    page = client.post(path(subscription) + "/why", data={"why": answer})
    assert (page.status_code, "Thank you" in page.text) == (200, True)
    assert answers.counted(subscription.mailing_list_id, since=date.min) == []


def test_pages_are_in_the_language_that_the_reader_chose(
    client: FlaskClient, subscription: Subscription
) -> None:
    subscription.subscriber.language = "ar"
    db.session.commit()
    for page in (
        client.get(path(subscription)),
        client.get(path(subscription, links.PREFERENCES)),
        client.post(path(subscription), data={"stop": "list"}),
    ):
        assert '<html lang="ar" dir="rtl"' in page.text


def facts(subscription: Subscription) -> dict[str, object]:
    db.session.rollback()
    db.session.expire_all()
    known = undoing.standing(subscription, has_topics=True)
    # A summary is due next morning, if something was on its way.
    moving = {"issues_begun", "digest_due_at"}
    return {name: value for name, value in known.items() if name not in moving}


def form_of(page: str, beginning: str) -> str:
    """Return where the form of a page goes whose address begins so."""
    [form] = LexborHTMLParser(page).css(f'form[action^="{beginning}"]')
    return str(form.attributes["action"])


def token_of(page: str) -> str:
    return form_of(page, "/undo/").removeprefix("/undo/").partition("?")[0]
