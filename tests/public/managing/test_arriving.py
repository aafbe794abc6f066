"""To one's own page: nobody learns who is a reader, a link works once, a cookie is kept small."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from newsletter import clock, links
from newsletter.addresses import parse
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.subscriptions import suppression
from newsletter.subscriptions.managing import ManageLink
from newsletter.subscriptions.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests import pages
from tests.factories import make_subscription
from tests.public.managing.conftest import count, fresh, mailed_link, open_page


def ask(client: FlaskClient, address: str) -> tuple[int, str, dict[str, str]]:
    answer = client.post("/manage", data={"address": address})
    return answer.status_code, answer.text.replace(address, "ADDRESS"), dict(answer.headers)


def test_the_answer_is_the_same_for_every_address(
    client: FlaskClient, subscription: Subscription
) -> None:
    mailing_list = subscription.mailing_list
    for name, state in (
        ("left@example.org", SubscriptionState.UNSUBSCRIBED),
        ("asks@example.org", SubscriptionState.PENDING),
        ("rest@example.org", SubscriptionState.PAUSED),
        ("loud@example.org", SubscriptionState.CONFIRMED),
    ):
        make_subscription(mailing_list, name, state=state)
    reason = SuppressionReason.COMPLAINT
    suppression.suppress(parse("loud@example.org"), reason=reason, note="", now=clock.now())
    gone = SuppressionReason.ERASED
    suppression.suppress(parse("gone@example.org"), reason=gone, note="", now=clock.now())
    db.session.commit()
    names = ("ada", "left", "asks", "rest", "loud", "gone", "nobody")
    answers = {str(ask(client, f"{name}@example.org")) for name in (*names, *names)}
    # Their lengths differ with the address alone.
    assert len({answer.partition("Content-Length")[0] for answer in answers}) == 1
    mailed = db.session.scalars(sa.select(OutboxMessage.recipient)).all()
    expected = ["ada", "asks", "left", "rest"]
    assert sorted(mailed) == [f"{name}@example.org" for name in expected]
    assert (
        db.session.scalar(sa.select(Subscriber).where(Subscriber.canonical.like("nobody%"))) is None
    )
    assert count(ManageLink) == len(expected)


def test_one_mail_in_ten_minutes_goes_to_an_address(
    client: FlaskClient, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(minute=0, second=1)
    for minutes, mails in ((0, 1), (5, 1), (9, 1), (11, 2), (12, 2)):
        at = start + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        assert ask(client, "Ada@Example.org")[0] == 200
        assert count(OutboxMessage) == mails


def test_a_network_that_asks_too_often_is_told_so_for_every_address(
    client: FlaskClient, subscription: Subscription
) -> None:
    for number in range(60):
        assert ask(client, f"nobody-{number}@example.org")[0] == 200
    told = {ask(client, name)[:2] for name in ("ada@example.org", "nobody@example.org")}
    assert [status for status, _ in told] == [429]


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "a@b@c", "ada@example.org\r\nBcc: x@y.z"])
def test_what_is_no_address_is_said_beside_the_field(
    client: FlaskClient, subscription: Subscription, typed: str
) -> None:
    answer = client.post("/manage", data={"address": typed})
    assert (answer.status_code, 'href="#address"' in answer.text) == (422, True)
    assert count(OutboxMessage) == 0


def test_the_mailed_link_opens_the_page_once(
    client: FlaskClient, subscription: Subscription
) -> None:
    ask(client, "ada@example.org")
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    path = mail.facts["manage_url"].removeprefix("https://news.example.org")
    for method in ("GET", "HEAD", "OPTIONS"):
        looked = client.open(path, method=method)
        assert (looked.status_code, "Set-Cookie" in looked.headers) == (200, False)
        assert "ada@" not in looked.text
    opened = client.post(path)
    assert (opened.status_code, opened.headers["Location"]) == (303, "/manage")
    cookie = opened.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/manage", "Secure", "Max-Age=3600"):
        assert part in cookie
    page = client.get("/manage")
    assert "ada@example.org" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    for again in (client.get(path), client.post(path)):
        assert again.status_code == 404


def test_a_link_dies_after_an_hour_and_so_does_what_it_opened(
    app: Flask, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = app.test_client(), app.test_client()
    link, late = mailed_link(subscription.subscriber), mailed_link(subscription.subscriber)
    assert one.post(link).status_code == 303
    at = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert other.post(late).status_code == 404
    assert "ada@example.org" not in one.get("/manage").text
    assert one.get("/manage/history").status_code == 303


def test_of_twenty_presses_at_once_one_gets_in(app: Flask, subscription: Subscription) -> None:
    path = mailed_link(subscription.subscriber)
    answers: list[int] = []
    barrier = threading.Barrier(20)

    def press() -> None:
        barrier.wait()
        answers.append(app.test_client().post(path).status_code)

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, *[404] * 19]


def own_paths() -> list[str]:
    return [path for paths in pages.READERS_OWN.values() for path in paths] + ["/manage/data.json"]


@pytest.mark.parametrize("path", own_paths())
def test_without_an_open_page_every_page_asks_for_the_address(
    client: FlaskClient, subscription: Subscription, path: str
) -> None:
    for method in ("GET", "POST"):
        answer = client.open(path, method=method)
        assert answer.status_code in (303, 405)
        if answer.status_code == 303:
            assert answer.headers["Location"] == "/manage"
    assert count(ConsentEvent) == 0


@pytest.mark.parametrize(
    "link", [link for link in vars(links).values() if isinstance(link, links.Link)], ids=str
)
def test_no_token_of_another_purpose_is_a_cookie(
    client: FlaskClient, subscription: Subscription, link: links.Link
) -> None:
    mailed_link(subscription.subscriber)
    db.session.execute(sa.update(ManageLink).values(used_at=clock.now()))
    number = db.session.scalars(sa.select(ManageLink.id)).one()
    db.session.commit()
    client.set_cookie("manage", link.token(str(number), now=clock.now()), path="/manage")
    assert ("ada@example.org" in client.get("/manage").text) is (link is links.MANAGED)


@pytest.mark.parametrize("cookie", ["", "x", "1", "1.abc", "None", "a" * 4000, "é"])
def test_a_forged_cookie_opens_nothing(
    client: FlaskClient, subscription: Subscription, cookie: str
) -> None:
    client.set_cookie("manage", cookie, path="/manage")
    answer = client.get("/manage")
    assert (answer.status_code, "ada@" in answer.text) == (200, False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://news.example.org.evil.example"},
    ],
)
def test_what_another_site_makes_a_browser_send_is_refused(
    client: FlaskClient, reader: Subscriber, headers: dict[str, str]
) -> None:
    for path, data in (("/manage/name", {"name": "Eve"}), ("/manage/delete", {})):
        assert client.post(path, data=data, headers=headers).status_code == 403
    fresh()
    assert reader.name == "Ada"


def test_closing_the_page_ends_it_also_for_who_kept_the_cookie(
    app: Flask, client: FlaskClient, reader: Subscriber
) -> None:
    cookie = client.get_cookie("manage", path="/manage")
    assert cookie is not None
    closed = client.post("/manage/close")
    assert "Your page is closed" in closed.text
    thief = app.test_client()
    thief.set_cookie("manage", cookie.value, path="/manage")
    assert "ada@example.org" not in thief.get("/manage").text
    assert client.post("/manage/close").status_code == 200


def test_a_reader_of_one_page_cannot_touch_another_reader(
    app: Flask, client: FlaskClient, reader: Subscriber
) -> None:
    other = make_subscription(
        db.session.scalars(sa.select(Subscription)).one().mailing_list, "grace@example.org"
    )
    db.session.commit()
    for path, data in (
        ("/manage/lists/news/leave", {"subscription": str(other.id)}),
        ("/manage/name", {"name": "Eve", "id": str(other.subscriber_id)}),
    ):
        client.post(path, data=data)
    fresh()
    assert (other.state, other.subscriber.name) == (SubscriptionState.CONFIRMED, "Ada")


def test_pages_are_in_the_language_of_the_reader_unless_a_link_says_other(
    client: FlaskClient, reader: Subscriber
) -> None:
    reader.language = "ar"
    db.session.commit()
    assert '<html lang="ar" dir="rtl"' in client.get("/manage").text
    assert '<html lang="fr"' in client.get("/manage?lang=fr").text


def test_mailed_links_die_with_the_reader(client: FlaskClient, subscription: Subscription) -> None:
    path = mailed_link(subscription.subscriber)
    open_page(client, subscription.subscriber)
    assert client.post("/manage/delete").status_code == 200
    assert client.post(path).status_code == 404
    assert count(ManageLink) == 0
