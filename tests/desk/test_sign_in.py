"""Signing in and out: by password, by link; nothing to learn, nothing to guess by force."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, RoleName, sessions
from newsletter.desk.guessing import ATTEMPTS, LINKS_MAILED, LINKS_MAILED_IN_ALL
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.conftest import NOW
from tests.desk.browser import TOKEN, Browser, signed_in
from tests.factories import make_editor

PASSWORD = "four words make a password"


@pytest.fixture
def edith(app: Flask) -> Editor:
    editor = make_editor()
    accounts.set_password(editor, PASSWORD, now=NOW)
    return editor


def path_of(editor: Editor) -> str:
    link = accounts.make_sign_in_link(editor, now=clock.now())
    return link.removeprefix("https://news.example.org")


def enter(browser: Browser, password: str, **more: str) -> tuple[int, str]:
    fields = {"address": "edith@example.org", "password": password, **more}
    answer = browser.post("/desk/sign-in", fields)
    return answer.status_code, answer.headers.get("Location", "")


def mails() -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage)))


def test_a_password_signs_in(app: Flask, edith: Editor) -> None:
    browser = Browser(app)
    assert enter(browser, PASSWORD) == (303, "/desk/")
    assert "Edith, editor" in browser.get("/desk/").text


def test_who_is_signed_in_is_led_past_the_form(app: Flask, edith: Editor) -> None:
    assert signed_in(app, edith).get("/desk/sign-in").headers["Location"] == "/desk/"


def test_after_signing_in_the_page_that_was_asked_for_opens(app: Flask, edith: Editor) -> None:
    page = Browser(app).get("/desk/sign-in?next=/desk/issues/%3Fpage%3D2")
    assert 'value="/desk/issues/?page=2"' in page.text
    assert enter(Browser(app), PASSWORD, next="/desk/issues/?page=2")[1] == "/desk/issues/?page=2"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/desk/",
        "/\\evil.example",
        "/desk/\\evil.example",
        "/desk/../library/",
        "javascript:alert(1)",
        "/desk/\r\nLocation: https://evil.example",
        "/desk//evil.example@x/",
        "/",
        "desk/",
    ],
)
def test_no_next_page_leads_out_of_the_desk(app: Flask, edith: Editor, elsewhere: str) -> None:
    _, location = enter(Browser(app), PASSWORD, next=elsewhere)
    assert location == "/desk/" or location.startswith("/desk//evil")


def test_a_wrong_password_an_unknown_address_and_no_password_look_alike(
    app: Flask, edith: Editor
) -> None:
    make_editor("new@example.org", name="New")
    accounts.deactivate(make_editor("gone@example.org", name="Gone"))
    answers = []
    for address in (
        "edith@example.org",
        "nobody@example.org",
        "new@example.org",
        "gone@example.org",
    ):
        browser = Browser(app)
        token = browser.token()
        answer = browser.open(
            "/desk/sign-in",
            method="POST",
            data={"csrf_token": token, "address": address, "password": "wrong password here"},
        )
        fixed = answer.text.replace(address, "ADDRESS")
        answers.append((answer.status_code, TOKEN.sub("", fixed)))
    assert answers[0][0] == 422
    assert "do not belong together" in answers[0][1]
    # The token of each session differs; all else is the same, letter for letter.
    assert len(set(answers)) == 1


@pytest.mark.parametrize("address", ["", "x" * 5000, "a@b@c", "\u202eedith@example.org", "é@é.é"])
def test_strange_input_is_only_a_failed_attempt(app: Flask, address: str) -> None:
    answer = Browser(app).post("/desk/sign-in", {"address": address, "password": "\ud7ff" * 9000})
    assert answer.status_code == 422


def attempts_until_held_up(browser: Browser, address: str, network: str) -> int:
    """Guess until it is refused; a new minute may begin meanwhile, but not two."""
    token = browser.token()
    for n in range(2 * ATTEMPTS[0][1] + 2):
        answer = browser.open(
            "/desk/sign-in",
            method="POST",
            data={"csrf_token": token, "address": address.format(n), "password": "wrong"},
            environ_base={"REMOTE_ADDR": network.format(n)},
        )
        if answer.status_code == 429:
            assert "one-time link" in answer.text
            assert 0 < int(answer.headers["Retry-After"]) <= 61
            return n
        assert answer.status_code == 422
    raise AssertionError("guessing was never held up")


def test_guessing_is_held_up_and_a_link_still_works(app: Flask, edith: Editor) -> None:
    # Each from another network: attempts are counted per account all the same.
    attempts = attempts_until_held_up(Browser(app), "Edith@example.org", "198.51.{}.7")
    assert attempts >= ATTEMPTS[0][1]
    assert Browser(app).post(path_of(edith)).status_code == 303


def test_one_network_cannot_try_many_accounts(app: Flask) -> None:
    attempts = attempts_until_held_up(Browser(app), "e{}@example.org", "198.51.100.7")
    assert attempts >= ATTEMPTS[0][1]


def test_a_link_shows_a_button_and_only_the_button_signs_in(app: Flask, edith: Editor) -> None:
    path = path_of(edith)
    scanner = Browser(app)
    for method in ("GET", "HEAD", "GET"):
        assert scanner.open(path, method=method).status_code == 200
    assert scanner.get("/desk/").status_code == 303
    browser = Browser(app)
    assert "Sign in as Edith" in browser.get(path).text
    assert browser.post(path).headers["Location"] == "/desk/"
    assert browser.get("/desk/").status_code == 200


def test_who_has_no_password_is_offered_one_after_a_link(app: Flask) -> None:
    browser = Browser(app)
    assert browser.post(path_of(make_editor())).headers["Location"] == "/desk/account/password"
    page = browser.get("/desk/account/password")
    assert "Not now" in page.text
    assert "Your password of now" not in page.text


def test_a_used_link_says_what_to_do(app: Flask, edith: Editor) -> None:
    path = path_of(edith)
    Browser(app).post(path)
    for answer in (Browser(app).get(path), Browser(app).post(path)):
        assert answer.status_code == 404
        assert "Have a new one mailed" in answer.text


def test_signing_out_ends_the_session_and_takes_a_post(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    assert browser.get("/desk/sign-out").status_code == 405
    assert browser.post("/desk/sign-out").status_code == 303
    assert browser.get("/desk/").status_code == 303


def test_signing_in_begins_a_new_session(app: Flask, edith: Editor) -> None:
    browser = Browser(app)
    before = browser.token()
    enter(browser, PASSWORD)
    answer = browser.open(
        "/desk/account/", method="POST", data={"name": "Mallory", "csrf_token": before}
    )
    assert answer.status_code == 400


def test_a_new_password_signs_out_everywhere_else(app: Flask, edith: Editor) -> None:
    here, elsewhere = signed_in(app, edith), signed_in(app, edith)
    answer = here.post(
        "/desk/account/password",
        {"password": "another four words here", "again": "another four words here"},
    )
    assert answer.status_code == 303
    assert here.get("/desk/").status_code == 200
    assert elsewhere.get("/desk/").status_code == 303


def test_a_new_role_and_being_deactivated_end_sessions(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    accounts.change_role(edith, RoleName.AUTHOR)
    assert browser.get("/desk/").status_code == 303
    browser.sign_in(edith)
    accounts.deactivate(edith)
    assert browser.get("/desk/").status_code == 303


def test_a_link_is_mailed_to_an_editor_and_to_nobody_else(app: Flask, edith: Editor) -> None:
    accounts.deactivate(make_editor("gone@example.org"))
    pages = []
    for address in ("Edith@Example.org", "nobody@example.org", "gone@example.org", "not one"):
        answer = Browser(app).post("/desk/sign-in-link", {"address": address})
        assert answer.status_code == 200
        pages.append(answer.text.replace(address, "ADDRESS"))
    assert len(set(pages)) == 1
    (mail,) = mails()
    assert (mail.kind, mail.recipient, mail.facts["minutes"]) == ("sign-in", edith.email, 60)
    lifetime = datetime.fromisoformat(mail.facts["expires_at"]) - mail.created_at
    assert lifetime == timedelta(minutes=60)
    path = mail.facts["sign_in_url"].removeprefix("https://news.example.org")
    assert Browser(app).post(path).status_code == 303


def test_the_mailed_link_ignores_the_host_that_was_asked(app: Flask, edith: Editor) -> None:
    Browser(app).post(
        "/desk/sign-in-link",
        {"address": edith.email},
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )
    assert mails()[0].facts["sign_in_url"].startswith("https://news.example.org/desk/sign-in/")


def test_too_many_links_to_one_address_are_not_sent_and_nobody_can_tell(
    app: Flask, edith: Editor
) -> None:
    most = LINKS_MAILED[0][1]
    pages = {
        Browser(app).post("/desk/sign-in-link", {"address": edith.email}).text
        for _ in range(2 * most + 2)
    }
    assert len(pages) == 1
    # A new hour may begin meanwhile, but not two.
    assert most <= len(mails()) <= 2 * most


def ask_for_links(browser: Browser, address: str, network: str, times: int) -> None:
    token = browser.token()
    for n in range(times):
        answer = browser.open(
            "/desk/sign-in-link",
            method="POST",
            data={"csrf_token": token, "address": address},
            environ_base={"REMOTE_ADDR": network.format(n)},
        )
        assert answer.status_code == 200


def test_strangers_who_ask_for_links_keep_none_away_from_the_owner(
    app: Flask, edith: Editor
) -> None:
    own = signed_in(app, edith)
    own.post("/desk/sign-out")
    # From one network, and then from more of them than may ask together.
    ask_for_links(Browser(app), edith.email, "198.51.100.7", 2 * LINKS_MAILED[0][1] + 1)
    few = len(mails())
    assert few <= 2 * LINKS_MAILED[0][1]
    ask_for_links(Browser(app), edith.email, "203.0.113.7", 1)
    assert len(mails()) == few + 1
    ask_for_links(Browser(app), edith.email, "198.18.{}.7", 2 * LINKS_MAILED_IN_ALL[0][1])
    many = len(mails())
    assert many <= 2 * LINKS_MAILED_IN_ALL[0][1]
    ask_for_links(own, edith.email, "198.51.100.7", 1)
    assert len(mails()) == many + 1


def test_who_guesses_from_the_next_desk_holds_up_no_browser_that_is_known(
    app: Flask, edith: Editor
) -> None:
    own = signed_in(app, edith)
    own.post("/desk/sign-out")
    attempts_until_held_up(Browser(app), "e{}@example.org", "127.0.0.1")
    assert enter(own, PASSWORD) == (303, "/desk/")


def test_a_cookie_is_worth_nothing_after_signing_out(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    kept = copied_cookie(browser)
    browser.post("/desk/sign-out")
    assert with_cookie(app, kept).get("/desk/").status_code == 303


def test_a_cookie_is_worth_nothing_after_a_new_password(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    kept = copied_cookie(browser)
    new = "another four words here"
    browser.post("/desk/account/password", {"password": new, "again": new})
    assert browser.get("/desk/").status_code == 200
    assert with_cookie(app, kept).get("/desk/").status_code == 303


def test_a_page_that_is_only_looked_at_keeps_nobody_signed_in(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    seen_long_ago(edith, timedelta(hours=11))
    before = last_seen(edith)
    browser.get("/desk/")
    assert last_seen(edith) == before
    browser.post("/desk/account/", {"name": "Edith", "zone": "UTC"})
    assert last_seen(edith) > before
    seen_long_ago(edith, timedelta(hours=12))
    assert browser.get("/desk/").status_code == 303


def copied_cookie(browser: Browser) -> str:
    cookie = browser.client.get_cookie("desk", path="/desk")
    assert cookie is not None
    return cookie.value


def with_cookie(app: Flask, value: str) -> Browser:
    browser = Browser(app)
    browser.client.set_cookie("desk", value, path="/desk")
    return browser


def seen_long_ago(editor: Editor, ago: timedelta) -> None:
    for session in sessions.sessions_of(editor, now=clock.now()):
        session.seen_at = clock.now() - ago
    db.session.commit()


def last_seen(editor: Editor) -> datetime:
    db.session.expire_all()
    (session,) = sessions.sessions_of(editor, now=clock.now())
    return session.seen_at
