"""Attacks on signing up, confirming and leaving: the same calm page, no change, no leak.

What has tests of its own is tried there: tokens in tests/test_links.py (STANDARDS XB01, XB02,
XB04), logs in tests/logs/ (XB11), JSON in test_api.py (XA05, XA20), bursts in
tests/subscriptions/test_bursts.py (XA02, XA04), browsers in tests/browser/test_managing.py (XA10).
"""

import re
import secrets
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import addresses, clock, links, statements
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from newsletter.public import asking
from newsletter.subscriptions import bursts, lists, suppression
from newsletter.subscriptions.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.factories import make_list, make_subscription, make_topic

THANKS = "https://www.example.org/thanks"
ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture(autouse=True)
def public_list(app: Flask) -> None:
    """A public list whose form stands on another site, too."""
    make_list("news").return_pages = [THANKS]
    db.session.commit()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How the statements begin that are run in the driver's own words."""
    heads: list[str] = []
    usual = statements._ask

    def ask_and_tell(way: Any, sql: str, *values: Any, **how: Any) -> statements.Answer:
        heads.append(" ".join(sql.split()[:3]))
        return usual(way, sql, *values, **how)

    monkeypatch.setattr(statements, "_ask", ask_and_tell)
    return heads


def ask(client: FlaskClient, address: str = "ada@example.org", **fields: str) -> TestResponse:
    return client.post("/subscribe", data={"address": address, **fields})


def mails(kind: str = "confirm") -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind)))


def confirm_path() -> str:
    return re.sub(r"https://[^/]+", "", str(mails()[0].facts["confirm_url"]))


def only_state() -> SubscriptionState:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(Subscription.state)).one()


def leave_path() -> str:
    subscription = make_subscription(lists.get_list("news"))
    token = links.UNSUBSCRIBE.token(str(subscription.id), now=clock.now())
    db.session.commit()
    return f"/unsubscribe/{token}"


def test_one_address_from_everywhere_gets_one_mail(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XA01: all answers are alike, and one mail leaves."""
    # A thousand times ten milliseconds in which nothing is done.
    monkeypatch.setattr(asking, "ANSWERED_AFTER", 0)
    answers = {
        client.post(
            "/subscribe",
            data={"address": ("ada@example.org", "ADA@example.org", "ada@EXAMPLE.org")[n % 3]},
            environ_base={"REMOTE_ADDR": f"10.{n % 250}.{n // 250}.1"},
        ).text.lower()
        for n in range(1000)
    }
    assert len(answers) == 1
    assert len(mails()) == 1


def test_no_sign_up_is_answered_before_the_others(client: FlaskClient) -> None:
    """XA07: `make bench ONLY=web` compares 200 pairs on a server."""
    make_subscription(lists.get_list("news"), "known@example.org")
    db.session.commit()
    for address in ("known@example.org", "new@example.org"):
        began = time.monotonic()
        assert ask(client, address).status_code == 200
        assert time.monotonic() - began >= asking.ANSWERED_AFTER


@pytest.mark.parametrize("why", ["reader", "chose topics", "complained", "left", "asked already"])
def test_the_same_is_done_for_every_address(
    client: FlaskClient, asked: list[str], why: str
) -> None:
    """XA07: the same statements in the same order; whom we may not mail there is no mail for."""
    somebody = make_subscription(lists.get_list("news"), "somebody@example.org")
    if why == "chose topics":
        somebody.topics.append(make_topic())
    elif why == "complained":
        address = addresses.parse("somebody@example.org")
        suppression.suppress(address, reason=SuppressionReason.COMPLAINT, note="", now=clock.now())
    elif why == "left":
        somebody.state = SubscriptionState.UNSUBSCRIBED
    db.session.commit()
    # The first one of all writes down the words.
    ask(client, "first@example.org")
    if why == "asked already":
        ask(client, "somebody@example.org")
    asked.clear()
    ask(client, "new@example.org")
    for_new = asked.copy()
    asked.clear()
    ask(client, "somebody@example.org")

    assert for_new[-1] == "INSERT INTO outbox_message"
    if why == "complained":
        # Before all sign-ups wait for each other: nobody waits twice.
        assert asked.pop(-2) == "ROLLBACK TO SAVEPOINT"
    if why in ("complained", "asked already"):
        for_new.pop()
    assert asked == for_new


@pytest.mark.parametrize("path", ["/subscribe", "/api/v1/subscriptions"])
def test_who_asks_too_often_is_refused_before_anything_is_done(
    client: FlaskClient, asked: list[str], path: str
) -> None:
    """XA02: the refusal is cheap, and takes as long whoever is asked about."""
    for _ in range(bursts.PER_NETWORK):
        bursts.count_network("127.0.0.0/24", now=clock.now())
    db.session.commit()
    asked.clear()
    form = {"list": "news", "address": "ada@example.org"}
    how: dict[str, Any] = {"json": form} if path.startswith("/api") else {"data": form}
    assert client.post(path, **how).status_code == 429
    assert asked == ["SELECT id, slug,", "INSERT INTO counter"]
    assert mails() == []


def test_a_burst_is_answered_as_ever_and_its_mails_wait(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XA04: what else is mailed does not wait behind them."""
    monkeypatch.setattr(bursts, "PER_MINUTE", 5)
    answers = [ask(client, f"a{n}@example.org").status_code for n in range(17)]
    assert answers == [200] * 17
    waits = [round((mail.due_at - mail.created_at) / timedelta(minutes=1)) for mail in mails()]
    # Fewer, where the minute ends meanwhile.
    assert max(waits) in (1, 2, 3)
    waiting = mails()[-1]
    path = re.sub(r"https://[^/]+", "", str(waiting.facts["confirm_url"]))
    token = path.rpartition("/")[2]
    assert links.CONFIRM.read_dated(token, now=waiting.due_at)[1] == waiting.due_at.replace(
        microsecond=0
    )


def test_a_bot_that_presses_at_once_is_noted_with_its_timing(client: FlaskClient) -> None:
    """XA11: the person may have asked for it, so it counts; the evidence says how fast it was."""
    ask(client)
    path = confirm_path()
    page = LexborHTMLParser(client.get(path).text)
    for form in page.css("form"):
        client.post(str(form.attributes.get("action") or path))
    question = sa.select(ConsentEvent.detail).where(ConsentEvent.kind == ConsentKind.CONFIRMED)
    detail = db.session.scalars(question).one()
    assert re.fullmatch(r"[0-4] s after the e-mail; suspicious: nobody reads so fast", detail)


def test_who_takes_their_time_is_not_suspected(client: FlaskClient) -> None:
    """XA11."""
    ask(client)
    token = links.CONFIRM.token(
        links.CONFIRM.read(confirm_path().rpartition("/")[2], now=clock.now()),
        now=clock.now() - timedelta(seconds=90),
    )
    client.post(f"/confirm/{token}")
    question = sa.select(ConsentEvent.detail).where(ConsentEvent.kind == ConsentKind.CONFIRMED)
    assert re.fullmatch(r"9[0-9] s after the e-mail", db.session.scalars(question).one())


def test_the_page_that_confirms_runs_nothing_and_shows_a_stranger_nothing(
    client: FlaskClient,
) -> None:
    """XA10, XA14: it has no script and no refresh, and the address is hidden."""
    ask(client)
    answer = client.get(confirm_path())
    page = LexborHTMLParser(answer.text)
    assert page.css("script, meta[http-equiv], iframe, [autofocus], img") == []
    assert "ada@" not in answer.text
    assert "a…@e….org" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_link_from_before_somebody_left_confirms_nothing(client: FlaskClient) -> None:
    """XA13, XB07: the newest decision wins."""
    ask(client)
    path = confirm_path()
    subscription = db.session.scalars(sa.select(Subscription)).one()
    leave = f"/unsubscribe/{links.UNSUBSCRIBE.token(str(subscription.id), now=clock.now())}"
    db.session.rollback()
    assert client.post(leave, data=ONE_CLICK, content_type="").status_code == 200
    assert client.post(path).status_code == 404
    assert only_state() is SubscriptionState.UNSUBSCRIBED


def test_a_link_of_somebody_who_is_gone_is_like_a_forged_one(client: FlaskClient) -> None:
    """XB07, XB14: nothing says whether there was anybody."""
    ask(client)
    path = confirm_path()
    db.session.execute(sa.delete(Subscription))
    db.session.execute(sa.delete(Subscriber))
    db.session.commit()
    forged = client.post("/confirm/1-0123456789abcdef.aaaaaa." + "A" * 43)
    gone = client.post(path)
    assert (gone.status_code, gone.text) == (forged.status_code, forged.text) == (404, forged.text)


@pytest.mark.parametrize("link", [links.CONFIRM, links.UNSUBSCRIBE, links.MANAGE])
def test_a_million_guesses_find_nothing(client: FlaskClient, link: links.Link) -> None:
    """XB14: the code of a token has 256 bits, so that no limit of guesses is needed."""
    token = link.token("1", now=clock.now())
    assert len(token.rpartition(".")[2]) == 43
    pages = set()
    for _ in range(20):
        code = secrets.token_urlsafe(32)
        answer = client.get(link.path.format(token=f"{token.rpartition('.')[0]}.{code}"))
        pages.add((answer.status_code, answer.text.replace(code, "")))
    assert len(pages) == 1
    assert pages.pop()[0] == 404


def test_a_link_is_good_where_clocks_differ_by_minutes(app: Flask) -> None:
    """XB04: it was made by a machine whose clock is ahead, or behind."""
    now = clock.now()
    for minutes in (-5, 5):
        token = links.CONFIRM.token("1-x", now=now + timedelta(minutes=minutes))
        assert links.CONFIRM.read(token, now=now) == "1-x"


@pytest.mark.parametrize("slug", ["internal", "closed"])
def test_a_list_that_is_closed_takes_nothing(client: FlaskClient, slug: str) -> None:
    """XA16: also where somebody has its form still."""
    make_list(slug, is_public=False)
    db.session.commit()
    assert ask(client, list=slug).status_code == 422
    assert (
        client.post(
            "/api/v1/subscriptions", json={"address": "ada@example.org", "list": slug}
        ).status_code
        == 422
    )
    assert mails() == []


@pytest.mark.parametrize(
    "address",
    [
        *("postmaster@example.org", "ABUSE@example.org", "no-reply@example.org"),
        *("mailer-daemon@example.org", "news@news.example.org", "desk@news.example.org"),
    ],
)
def test_addresses_of_programs_and_our_own_are_refused(client: FlaskClient, address: str) -> None:
    """XA19."""
    assert ask(client, address).status_code == 422
    assert mails() == []


@pytest.mark.parametrize(
    "address", ["info@example.org", "office@example.org", "x@mailinator.com", "a+news@example.org"]
)
def test_offices_and_addresses_that_are_thrown_away_are_welcome(
    client: FlaskClient, address: str
) -> None:
    """XA19: who confirms reads it."""
    assert ask(client, address).status_code == 200
    assert len(mails()) == 1


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example/",
        "https://www.example.org/thanks/../evil",
        "https://www.example.org/thanks ",
        "https://www.example.org/thanks?next=https://evil.example",
        "https://www.example.org/thanks\r\nSet-Cookie: a=b",
        "HTTPS://www.example.org/thanks",
        "https://www.example.org@evil.example/thanks",
        "javascript:alert(1)",
        "/\\evil.example",
    ],
)
def test_an_answer_leads_only_to_a_page_that_is_named_letter_by_letter(
    client: FlaskClient, page: str
) -> None:
    """XA22: anything else is ignored, and the calm page is shown."""
    answer = ask(client, next=page, redirect=page, url=page)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "evil" not in answer.text
    wrong = ask(client, "wrong", next=page)
    assert LexborHTMLParser(wrong.text).css("input[name=next]") == []


def test_the_way_back_is_the_same_for_everybody_and_says_nothing(client: FlaskClient) -> None:
    """XA07, XA22: known, new and caught, all are led to the page as it was named."""
    make_subscription(lists.get_list("news"), "known@example.org")
    db.session.commit()
    answers = [
        ask(client, "new@example.org", next=THANKS),
        ask(client, "known@example.org", next=THANKS),
        ask(client, "bot@example.org", next=THANKS, website="x"),
    ]
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {
        (303, THANKS)
    }
    assert len({answer.text for answer in answers}) == 1


def test_who_corrects_a_mistake_still_gets_back(client: FlaskClient) -> None:
    """XA22: our form keeps the page, and its policy lets the browser go there."""
    wrong = ask(client, "ada@", next=THANKS)
    [kept] = LexborHTMLParser(wrong.text).css("input[name=next]")
    assert kept.attributes["value"] == THANKS
    assert "form-action 'self' https://www.example.org;" in wrong.headers["Content-Security-Policy"]
    assert "form-action 'self';" in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("protocol", "kind", "body", "state"),
    [
        ("HTTP/1.0", "application/x-www-form-urlencoded", ONE_CLICK, "unsubscribed"),
        ("HTTP/1.0", "", ONE_CLICK, "unsubscribed"),
        ("HTTP/1.1", "", ONE_CLICK + b"\r\n", "unsubscribed"),
        ("HTTP/1.1", "", b"", "confirmed"),
        ("HTTP/1.1", "", ONE_CLICK + b"&stop=everything", "confirmed"),
        ("HTTP/1.1", "text/plain", ONE_CLICK, "confirmed"),
        ("HTTP/1.1", "application/json", b'{"List-Unsubscribe": "One-Click"}', "confirmed"),
    ],
)
def test_one_click_of_programs_that_say_little(
    client: FlaskClient, protocol: str, kind: str, body: bytes, state: str
) -> None:
    """XB17: who says it word for word is heard; anything else is asked."""
    answer = client.post(
        leave_path(), data=body, content_type=kind, environ_base={"SERVER_PROTOCOL": protocol}
    )
    assert answer.status_code == 200
    assert only_state() == state


@pytest.mark.parametrize(
    "path", ["/subscribe", "/unsubscribe/x", "/confirm/x", "/api/v1/subscriptions"]
)
def test_ten_megabytes_are_refused_before_they_are_looked_at(
    client: FlaskClient, path: str
) -> None:
    """Issue: the same calm page for a body that nobody needs to send."""
    body = b"address=" + b"a" * 10_000_000
    answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert mails() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_other_methods_confirm_and_end_nothing(client: FlaskClient, method: str) -> None:
    """XB16."""
    ask(client)
    headers = {"Sec-Purpose": "prefetch", "X-HTTP-Method-Override": "POST"}
    answer = client.open(confirm_path() + "?_method=POST", method=method, headers=headers)
    assert answer.status_code in (200, 405)
    assert only_state() is SubscriptionState.PENDING


def test_no_address_in_a_query_ends_anything(client: FlaskClient) -> None:
    """XB20."""
    leave_path()
    for path in ("/unsubscribe", "/unsubscribe/?email=ada@example.org", "/preferences/"):
        for method in ("GET", "POST"):
            assert client.open(path, method=method).status_code == 404
    assert only_state() is SubscriptionState.CONFIRMED
