"""The second step of signing in: after password or link, a code."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, recovery_codes, sessions
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.accounts.authenticators import Phone, phone_of
from tests.desk.browser import Browser
from tests.factories import make_editor

PASSWORD = "four words make a password"


@pytest.fixture
def edith(app: Flask) -> Editor:
    editor = make_editor()
    accounts.set_password(editor, PASSWORD, now=clock.now())
    return editor


@pytest.fixture
def phone(edith: Editor) -> Phone:
    return phone_of(edith, now=clock.now())


def half_in(app: Flask, editor: Editor, *, next_page: str = "") -> Browser:
    """Return a browser in which the password was right."""
    browser = Browser(app)
    fields = {"address": editor.email, "password": PASSWORD, "next": next_page}
    answer = browser.post("/desk/sign-in", fields)
    assert answer.headers["Location"] == "/desk/sign-in-code"
    return browser


def enter(browser: Browser, code: str) -> tuple[int, str]:
    answer = browser.post("/desk/sign-in-code", {"code": code})
    return answer.status_code, answer.headers.get("Location", "")


def test_a_password_alone_lets_nobody_in(app: Flask, edith: Editor, phone: Phone) -> None:
    browser = half_in(app, edith)
    assert browser.get("/desk/").status_code == 303
    assert "Type the code" in browser.get("/desk/sign-in-code").text


def test_password_and_code_do_and_lead_on(app: Flask, edith: Editor, phone: Phone) -> None:
    browser = half_in(app, edith, next_page="/desk/library/")
    assert enter(browser, phone.code(clock.now())) == (303, "/desk/library/")
    assert "Edith" in browser.get("/desk/").text


def test_a_code_is_asked_for_after_a_link_too(app: Flask, edith: Editor, phone: Phone) -> None:
    browser = Browser(app)
    link = accounts.make_sign_in_link(edith, now=clock.now())
    answer = browser.post(link.removeprefix("https://news.example.org"))
    assert answer.headers["Location"] == "/desk/sign-in-code"
    assert browser.get("/desk/").status_code == 303
    assert enter(browser, phone.code(clock.now()))[0] == 303
    assert browser.get("/desk/").status_code == 200


def test_a_code_that_was_seen_once_is_no_use_to_a_thief(
    app: Flask, edith: Editor, phone: Phone
) -> None:
    code = phone.code(clock.now())
    assert enter(half_in(app, edith), code)[0] == 303
    thief = half_in(app, edith)
    assert enter(thief, code)[0] == 422
    assert thief.get("/desk/").status_code == 303


def test_a_wrong_code_says_what_to_do(app: Flask, edith: Editor, phone: Phone) -> None:
    answer = half_in(app, edith).post("/desk/sign-in-code", {"code": "000000"})
    assert answer.status_code == 422
    assert "Wait for the next one" in answer.text
    assert 'id="code-error"' in answer.text


def test_without_a_password_first_no_code_is_taken(app: Flask, edith: Editor, phone: Phone) -> None:
    browser = Browser(app)
    assert browser.get("/desk/sign-in-code").headers["Location"] == "/desk/sign-in"
    assert enter(browser, phone.code(clock.now())) == (303, "/desk/sign-in")
    assert browser.get("/desk/").status_code == 303


def test_after_five_wrong_codes_the_password_is_asked_for_and_the_editor_is_told(
    app: Flask, edith: Editor, phone: Phone
) -> None:
    browser = half_in(app, edith)
    for _ in range(sessions.MOST_TRIES):
        assert enter(browser, "000000")[0] == 422
    assert enter(browser, phone.code(clock.now())) == (303, "/desk/sign-in")
    assert browser.get("/desk/").status_code == 303
    assert enter(half_in(app, edith), phone.code(clock.now()))[0] == 303
    told = [mail.facts["what"] for mail in mails("account-alert")]
    assert told.count("Somebody knows your password") == 1


def test_half_a_session_ends_with_a_new_password(app: Flask, edith: Editor, phone: Phone) -> None:
    browser = half_in(app, edith)
    accounts.set_password(edith, "another four words here", now=clock.now())
    assert enter(browser, phone.code(clock.now())) == (303, "/desk/sign-in")


def test_a_recovery_code_lets_in_once_and_the_editor_is_told(
    app: Flask, edith: Editor, phone: Phone
) -> None:
    codes = recovery_codes.renew(edith)
    for expected in (303, 422):
        answer = half_in(app, edith).post("/desk/sign-in-recovery", {"recovery": codes[0]})
        assert answer.status_code == expected
    assert 'id="recovery-error"' in answer.text
    assert "<details open>" in answer.text
    (told,) = [mail for mail in mails("account-alert") if "recovery" in mail.facts["what"]]
    assert "You have 9 left." in told.facts["sentence"]


def test_the_owner_gets_in_at_their_own_browser_while_others_guess(
    app: Flask, edith: Editor, phone: Phone
) -> None:
    own = half_in(app, edith)
    assert enter(own, phone.code(clock.now()))[0] == 303
    own.post("/desk/sign-out")
    for _ in range(40):
        answer = Browser(app).post(
            "/desk/sign-in",
            {"address": edith.email, "password": "wrong"},
            environ_base={"REMOTE_ADDR": "198.51.100.7"},
        )
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    fields = {"address": edith.email, "password": PASSWORD}
    assert Browser(app).post("/desk/sign-in", fields).status_code == 429
    assert own.post("/desk/sign-in", fields).headers["Location"] == "/desk/sign-in-code"


def mails(kind: str) -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind)))
