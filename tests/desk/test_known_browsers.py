"""Browsers in which an editor signed in before, and sign-ins in new ones."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import Editor
from newsletter.desk.known_browsers import COOKIE
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def told() -> list[OutboxMessage]:
    question = sa.select(OutboxMessage).where(OutboxMessage.kind == "account-alert")
    return list(db.session.scalars(question))


def test_the_first_sign_in_of_all_is_no_news(app: Flask, edith: Editor) -> None:
    signed_in(app, edith)
    assert told() == []


def test_a_new_browser_is_told_of_and_a_known_one_is_not(app: Flask, edith: Editor) -> None:
    known = signed_in(app, edith)
    known.post("/desk/sign-out")
    known.sign_in(edith)
    assert told() == []
    new = Browser(app)
    new.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    new.sign_in(edith)
    (mail,) = told()
    assert mail.recipient == edith.email
    assert mail.facts["what"] == "You signed in with a new browser"
    assert mail.facts["browser"] == "Firefox on Windows"


def test_the_mark_is_of_one_editor_and_cannot_be_made_up(app: Flask, edith: Editor) -> None:
    browser, other = signed_in(app, edith), make_editor("other@example.org")
    signed_in(app, other)
    browser.post("/desk/sign-out")
    browser.sign_in(other)
    assert [mail.recipient for mail in told()] == ["other@example.org"]
    forger = Browser(app)
    forger.client.set_cookie(COOKIE, f"{edith.id}.0000.aaaa.bbbb", path="/desk")
    forger.sign_in(edith)
    assert [mail.recipient for mail in told()][1:] == ["edith@example.org"]


def test_the_mark_is_for_the_desk_alone_and_for_no_script(app: Flask, edith: Editor) -> None:
    cookie = signed_in(app, edith).client.get_cookie(COOKIE, path="/desk")
    assert cookie is not None
    assert (cookie.path, cookie.http_only, cookie.same_site) == ("/desk", True, "Lax")
