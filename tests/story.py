"""The whole job, from the form to the last good-bye, on any database: told once, run on each."""

import json
import re
from html import unescape

import sqlalchemy as sa
from flask import Flask
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from newsletter import clock, jobs, sample
from newsletter.accounts import RoleName, add_editor
from newsletter.delivery.models import Delivery
from newsletter.extensions import db
from newsletter.mail.outbox import OutboxMessage
from newsletter.subscriptions.models import Subscriber
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import filled
from tests.message_standards import check_message, html_of, parse, text_of, unsubscribe_url
from tests.relay import Received, Relay

HOST = "news.example.org"
READERS = ("ada@example.org", "bob@example.org", "eve@example.org")


def tell(app: Flask, relay: Relay) -> None:
    """Live the story; every assertion is about a page, a message's bytes or the ledger."""
    relay.configure(app)
    sample.load(now=clock.now())
    editor = add_editor("editor@example.org", RoleName.EDITOR, name="Edith", now=clock.now())
    db.session.commit()
    for reader in READERS:
        _sign_up_and_confirm(app, relay, reader)
    desk = signed_in(app, editor)
    number = _compose(desk)
    _send_a_test(desk, relay, number)
    _schedule_hold_and_stop(desk, number)
    _leave_between_planning_and_sending(app, relay, desk, number)
    _check_the_issue_in_the_post(relay)
    _check_the_books(app, number)
    _read_the_archive(app, number)
    _leave_by_one_click(app, relay)
    _erase(app)


def tick(*names: str) -> None:
    """Let the clock do some of its jobs once."""
    for name in names or ("outbox", "start-due-issues", "deliver", "outbox"):
        jobs.once(name, now=clock.now())


def _sign_up_and_confirm(app: Flask, relay: Relay, reader: str) -> None:
    browser = Browser(app)
    name = reader[0].upper() + "l «Ř» "
    asked = browser.open("/subscribe", method="POST", data={"address": reader, "name": name})
    assert asked.status_code == 200
    tick("outbox")
    [mail] = relay.to(reader)
    check_message(mail.data, own_domain=HOST, is_issue=False)
    link = _link(text_of(mail.data), "/confirm/")
    assert link in html_of(mail.data).replace("&amp;", "&")
    assert "«Ř»" not in text_of(mail.data) + html_of(mail.data)
    assert "One more click" in browser.get(link).text
    tick("outbox")
    assert len(relay.to(reader)) == 1
    assert "You are on the list" in browser.open(link, method="POST").text
    tick("outbox")
    welcome = relay.to(reader)[1]
    check_message(welcome.data, own_domain=HOST, is_issue=False)
    assert "Set-Cookie" not in asked.headers


def _compose(desk: Browser) -> int:
    items = _values(desk.get("/desk/issues/new"), "input[name=items]")
    assert len(items) >= 12
    chosen = {"mailing_list": "stay-informed", "items": items[:3]}
    answer = desk.post("/desk/issues/new", chosen)
    assert answer.status_code == 303
    number = int(re.search(r"/desk/issues/(\d+)", answer.headers["Location"])[1])  # type: ignore[index]
    words = {
        "subject": "For {{ name | you }} ✨",
        "preheader": "What is new about multiple micronutrient supplements",
        "introduction": "Dear {{ name | reader }},\n\nnew **guidance** is "
        "[here](https://example.org/x?a=1&b=2).",
    }
    page = desk.get(answer.headers["Location"]).text
    saved = desk.post(f"/desk/issues/{number}", filled(page, words))
    assert saved.status_code == 303, saved.text
    preview = desk.get(f"/desk/issues/{number}/preview.html")
    assert "sandbox" in preview.headers["Content-Security-Policy"]
    assert "Dear reader" in preview.text
    assert "Dear reader" in desk.get(f"/desk/issues/{number}/preview.txt").text
    return number


def _send_a_test(desk: Browser, relay: Relay, number: int) -> None:
    assert desk.post(f"/desk/issues/{number}/test").status_code == 303
    tick("outbox")
    [test] = relay.to("editor@example.org")
    check_message(test.data, own_domain=HOST, is_issue=True)
    assert str(parse(test.data)["Subject"]).startswith("[Test] ")


def _schedule_hold_and_stop(desk: Browser, number: int) -> None:
    page = desk.get(f"/desk/issues/{number}/send")
    assert "3 people" in page.text
    version = _values(page, "input[name=version]")[0]
    at = {"version": version, "at": "2090-01-01T09:00", "zone": "Europe/Vienna"}
    refused = desk.post(f"/desk/issues/{number}/schedule", at)
    assert refused.status_code == 422
    assert "too far away" in refused.text
    next_year = f"{clock.now().year + 1}-06-01T09:00"
    assert desk.post(f"/desk/issues/{number}/schedule", {**at, "at": next_year}).status_code == 303
    assert desk.post(f"/desk/issues/{number}/stop").status_code == 303
    held = desk.post(f"/desk/issues/{number}/send", {"version": version, "hold": "10"})
    assert held.status_code == 303
    tick()
    assert db.session.scalars(sa.select(Delivery)).all() == []
    assert desk.post(f"/desk/issues/{number}/stop").status_code == 303
    now = desk.post(f"/desk/issues/{number}/send", {"version": version, "hold": "0"})
    assert now.status_code == 303


def _leave_between_planning_and_sending(
    app: Flask, relay: Relay, desk: Browser, number: int
) -> None:
    tick("start-due-issues")
    assert len(db.session.scalars(sa.select(Delivery)).all()) == 3
    db.session.rollback()
    welcome = relay.to("eve@example.org")[1]
    link = _link(text_of(welcome.data), "/unsubscribe/")
    assert Browser(app).open(link, method="POST", data={"stop": "list"}).status_code == 200
    relay.answer("RCPT", "451 4.2.0 Greylisted, try later", to="bob@example.org", times=1)
    tick("deliver")
    assert desk.post(f"/desk/issues/{number}/pause").status_code == 303
    assert desk.post(f"/desk/issues/{number}/resume").status_code == 303
    tick("deliver", "sweep")


def _check_the_issue_in_the_post(relay: Relay) -> None:
    issues = [mail for mail in relay.messages if b"List-Unsubscribe-Post" in mail.data]
    issues = [mail for mail in issues if mail.recipient != "editor@example.org"]
    assert sorted(mail.recipient for mail in issues) == ["ada@example.org", "bob@example.org"]
    for mail in issues:
        check_message(mail.data, own_domain=HOST, is_issue=True)
        name = mail.recipient[0].upper() + "l «Ř»"
        message = parse(mail.data)
        assert str(message["Subject"]) == f"For {name} ✨"
        assert str(message["To"]) == mail.recipient
        for part in (text_of(mail.data), unescape(html_of(mail.data))):
            assert f"Dear {name}" in part
            assert "https://example.org/x?a=1&b=2" in part
            assert unsubscribe_url(mail.data) in part
            assert "/preferences/" in part
            assert f"https://{HOST}/archive/1" in part
            assert "Sample" in part or "sample" in part
            assert "{{" not in part
    assert len({parse(mail.data)["Message-ID"] for mail in issues}) == 2


def _check_the_books(app: Flask, number: int) -> None:
    runner = app.test_cli_runner()
    report = json.loads(runner.invoke(args=["issues", "report", str(number), "--json"]).stdout)
    assert report == {
        "planned": 3,
        "sent": 2,
        "failed": 0,
        "suppressed": 1,
        "cancelled": 0,
        "uncertain": 0,
        "waiting": 0,
        "in_flight": 0,
    }
    states = {}
    for reader in READERS:
        told = runner.invoke(args=["issues", "trace", str(number), reader, "--json"])
        states[reader] = json.loads(told.stdout)["state"]
    assert states == {
        "ada@example.org": "sent",
        "bob@example.org": "sent",
        "eve@example.org": "suppressed",
    }


def _read_the_archive(app: Flask, number: int) -> None:
    reader = Browser(app)
    assert f'href="/archive/{number}"' in reader.get("/archive/").text
    page = reader.get(f"/archive/{number}").text
    assert "For you ✨" in page
    assert "Dear reader" in page
    feed = reader.get("/feed.xml")
    assert feed.mimetype == "application/atom+xml"
    assert f"https://{HOST}/archive/{number}" in feed.text


def _leave_by_one_click(app: Flask, relay: Relay) -> None:
    issue = _issue_to(relay, "ada@example.org")
    path = unsubscribe_url(issue.data).removeprefix(f"https://{HOST}")
    browser = Browser(app)
    assert "Stop e-mails from" in browser.get(path).text
    for _ in range(2):
        answer = browser.open(path, method="POST", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    told = app.test_cli_runner().invoke(args=["subscribers", "show", "ada@example.org", "--json"])
    assert json.loads(told.stdout)["state"] == "unsubscribed"


def _erase(app: Flask) -> None:
    erased = app.test_cli_runner().invoke(args=["subscribers", "erase", "bob@example.org"])
    assert erased.exit_code == 0, erased.output
    db.session.rollback()
    addresses = db.session.scalars(sa.select(Subscriber.address).order_by(Subscriber.id)).all()
    assert addresses == ["ada@example.org", "eve@example.org"]
    assert all(
        "bob@" not in message.recipient for message in db.session.scalars(sa.select(OutboxMessage))
    )


def _issue_to(relay: Relay, reader: str) -> Received:
    return next(mail for mail in relay.to(reader) if b"List-Unsubscribe-Post" in mail.data)


def _link(text: str, path: str) -> str:
    [link] = re.findall(rf"https://{re.escape(HOST)}({path}\S+)", text)
    return str(link)


def _values(page: TestResponse, selector: str) -> list[str]:
    return [str(node.attributes["value"]) for node in LexborHTMLParser(page.text).css(selector)]
