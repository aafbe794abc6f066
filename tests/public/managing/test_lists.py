"""One's lists: topics, how often, pauses, leaving and joining."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import pausing
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    ConsentWording,
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionInterval,
    SubscriptionState,
)
from tests.factories import make_list
from tests.public.managing.conftest import count, fresh, in_days

AT = "/manage/lists/news"


def details() -> list[str]:
    return list(db.session.scalars(sa.select(ConsentEvent.detail).order_by(ConsentEvent.id)))


def test_topics_are_chosen_more_or_fewer(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    for ticked, kept in ((["mms"], ["mms"]), (["bep"], ["bep"]), (["mms", "bep"], [])):
        answer = client.post(f"{AT}/topics", data={"topics": ticked})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/manage?done=saved")
        fresh()
        assert [topic.slug for topic in subscription.topics] == kept
    assert details() == ["topics: mms", "topics: bep", "topics: all topics"]


@pytest.mark.parametrize("ticked", [[], ["nothing"], ["mms", "'; DROP"]])
def test_topics_that_do_not_exist_are_refused(
    client: FlaskClient, reader: Subscriber, ticked: list[str]
) -> None:
    answer = client.post(f"{AT}/topics", data={"topics": ticked})
    assert (answer.status_code, 'href="#topics"' in answer.text) == (422, True)


@pytest.mark.parametrize("chosen", list(Frequency))
def test_how_often_goes_both_ways(
    client: FlaskClient, reader: Subscriber, subscription: Subscription, chosen: Frequency
) -> None:
    subscription.frequency = Frequency.WEEKLY
    db.session.commit()
    assert client.post(f"{AT}/frequency", data={"frequency": chosen.value}).status_code == 303
    fresh()
    assert subscription.frequency is chosen


@pytest.mark.parametrize("typed", ["", "daily", "EVERY"])
def test_a_frequency_that_is_none_is_refused(
    client: FlaskClient, reader: Subscriber, typed: str
) -> None:
    answer = client.post(f"{AT}/frequency", data={"frequency": typed})
    assert (answer.status_code, 'href="#frequency"' in answer.text) == (422, True)


def test_a_pause_ends_by_hand(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    client.post(f"{AT}/pause", data={"until": in_days(30), "summary": "yes"})
    fresh()
    assert subscription.state is SubscriptionState.PAUSED
    assert subscription.wants_summary
    page = client.get("/manage").text
    assert "Paused until" in page and "as one summary" in page
    client.post(f"{AT}/resume")
    client.post(f"{AT}/resume")
    fresh()
    assert subscription.state is SubscriptionState.CONFIRMED
    assert subscription.paused_until is None
    assert details()[-1] == "pause ended, summary of what was missed"


def test_a_pause_ends_by_the_clock(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    client.post(f"{AT}/pause", data={"until": in_days(30)})
    fresh()
    until = subscription.paused_until
    assert until is not None
    assert pausing.resume_due(now=clock.now()) == 0
    assert pausing.resume_due(now=until) == 1
    assert pausing.resume_due(now=until) == 0
    assert subscription.state is SubscriptionState.CONFIRMED
    assert db.session.scalars(sa.select(ConsentEvent.actor)).all()[-1] == "clock"


@pytest.mark.parametrize("typed", ["", "2020-01-01", "2999-01-01", "soon"])
def test_a_day_that_is_none_is_refused(client: FlaskClient, reader: Subscriber, typed: str) -> None:
    answer = client.post(f"{AT}/pause", data={"until": typed, "summary": "yes"})
    assert (answer.status_code, 'href="#until"' in answer.text) == (422, True)
    assert 'name="summary" value="yes" checked' in answer.text


def test_who_leaves_and_joins_again_has_two_intervals(
    client: FlaskClient, reader: Subscriber, subscription: Subscription
) -> None:
    for _ in range(2):
        assert client.post(f"{AT}/leave").headers["Location"] == "/manage?done=left"
    fresh()
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    assert client.get(f"{AT}/topics").status_code == 404
    page = client.get(f"{AT}/join").text
    client.post(f"{AT}/join")
    client.post(f"{AT}/join")
    fresh()
    assert subscription.state is SubscriptionState.CONFIRMED
    first, second = db.session.scalars(sa.select(SubscriptionInterval)).all()
    assert first.ended_at is not None and second.ended_at is None
    wording = db.session.scalars(sa.select(ConsentWording)).one()
    assert wording.text.partition("“")[0] in page
    kinds = db.session.scalars(sa.select(ConsentEvent.kind).order_by(ConsentEvent.id)).all()
    assert kinds == [ConsentKind.UNSUBSCRIBED, ConsentKind.REQUESTED, ConsentKind.CONFIRMED]


def test_of_ten_presses_at_once_one_joins(
    app: Flask, client: FlaskClient, reader: Subscriber
) -> None:
    make_list("events", name="Events")
    db.session.commit()
    shown = client.get_cookie("manage", path="/manage")
    assert shown is not None
    barrier = threading.Barrier(10)
    answers: list[int] = []

    def press() -> None:
        browser = app.test_client()
        browser.set_cookie("manage", shown.value, path="/manage")
        barrier.wait()
        answers.append(browser.post("/manage/lists/events/join").status_code)

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 10
    fresh()
    assert count(SubscriptionInterval) == 2


def test_joining_another_public_list_takes_no_second_mail(
    client: FlaskClient, reader: Subscriber
) -> None:
    make_list("events", name="Events")
    make_list("members", name="Members", is_public=False)
    db.session.commit()
    page = client.get("/manage").text
    assert "Events" in page and "Members" not in page
    assert client.post("/manage/lists/events/join").status_code == 303
    assert client.post("/manage/lists/members/join").status_code == 404
    fresh()
    assert {one.mailing_list.slug for one in reader.subscriptions} == {"news", "events"}
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []


@pytest.mark.parametrize("path", ["topics", "frequency", "pause", "leave", "resume"])
def test_a_list_that_is_not_ones_own_is_not_there(
    client: FlaskClient, reader: Subscriber, path: str
) -> None:
    make_list("events", name="Events")
    db.session.commit()
    for slug in ("events", "nothing"):
        answer = client.post(f"/manage/lists/{slug}/{path}")
        assert answer.status_code == 404


@pytest.mark.parametrize("question", ["topics", "frequency", "pause", "leave", "recording"])
def test_each_question_about_a_list_is_asked(
    client: FlaskClient, reader: Subscriber, question: str
) -> None:
    assert client.get(f"{AT}/{question}").status_code == 200
