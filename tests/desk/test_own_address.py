"""Changing the address that one signs in with (STANDARDS XD25)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, sessions
from newsletter.desk.own_address import ASKED_AN_HOUR
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.desk.browser import TOKEN, Browser, signed_in
from tests.factories import make_editor

PAGE = "/desk/account/address"
NEW = "edith@new.example.org"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def browser(app: Flask, edith: Editor) -> Browser:
    return signed_in(app, edith)


def mails() -> list[tuple[str, str, str]]:
    question = sa.select(OutboxMessage).order_by(OutboxMessage.id)
    rows = db.session.scalars(question).all()
    return [(row.kind, row.recipient, row.facts.get("what", "")) for row in rows]


def link_to(address: str) -> str:
    question = sa.select(OutboxMessage).where(OutboxMessage.recipient == address)
    url: str = db.session.scalars(question).one().facts["change_url"]
    return url.removeprefix("https://news.example.org")


def test_both_addresses_are_told_and_the_new_one_decides(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    assert browser.post(PAGE, {"address": NEW}).status_code == 303
    assert mails() == [
        ("change-address", NEW, ""),
        ("account-alert", "edith@example.org", "Your address is about to change"),
    ]
    path = link_to(NEW)
    scanner = Browser(app)
    for _ in range(2):
        assert "Use this address" in scanner.get(path).text
    db.session.expire_all()
    assert edith.email == "edith@example.org"
    assert Browser(app).post(path).status_code == 303
    db.session.expire_all()
    assert edith.email == NEW
    assert mails()[2:] == [("account-alert", "edith@example.org", "Your address has changed")]
    assert Browser(app).post(path).status_code == 404


def test_who_has_an_address_cannot_be_found_out(app: Flask, browser: Browser) -> None:
    make_editor("taken@example.org")
    pages = []
    for address in ("taken@example.org", "free@example.org"):
        answer = browser.post(PAGE, {"address": address})
        page = browser.get("/desk/account/").text
        pages.append((answer.status_code, TOKEN.sub("", page).replace(address, "ADDRESS")))
    assert pages[0] == pages[1]
    assert "change-address" not in [kind for kind, to, _ in mails() if to == "taken@example.org"]


def test_it_needs_a_proof_of_who_asks(browser: Browser, edith: Editor) -> None:
    for session in sessions.sessions_of(edith, now=clock.now()):
        session.proved_at = clock.now() - timedelta(minutes=11)
    assert browser.get(PAGE).headers["Location"] == f"/desk/account/proof?next={PAGE}"
    assert browser.post(PAGE, {"address": NEW}).status_code == 303
    assert mails() == []


@pytest.mark.parametrize("address", ["", "nobody", "edith@example.org", "a@b\r\nBcc: c@d.example"])
def test_what_is_no_new_address_is_refused_at_its_field(browser: Browser, address: str) -> None:
    answer = browser.post(PAGE, {"address": address})
    assert answer.status_code == 422
    assert 'id="address-error"' in answer.text


def test_it_is_no_way_to_mail_strangers(browser: Browser) -> None:
    answers = [
        browser.post(PAGE, {"address": f"stranger{n}@example.com"})
        for n in range(2 * ASKED_AN_HOUR + 1)
    ]
    assert answers[-1].status_code == 429
    assert f"You asked {ASKED_AN_HOUR} times within the hour." in answers[-1].text


def test_a_new_password_stops_a_stranger_who_asked(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    browser.post(PAGE, {"address": NEW})
    accounts.set_password(edith, "four words make a password", now=clock.now())
    assert Browser(app).post(link_to(NEW)).status_code == 404
