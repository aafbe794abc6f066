"""Setting up a second factor, and taking it away."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, recovery_codes, second_factors, sessions
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.accounts.authenticators import Phone, phone_of
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

PAGE = "/desk/account/second-factor"
PASSWORD = "four words make a password"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def browser(app: Flask, edith: Editor) -> Browser:
    return signed_in(app, edith)


def offered(browser: Browser) -> Phone:
    """Begin the set-up and return a phone that scanned what the page shows."""
    assert browser.post(f"{PAGE}/offer").headers["Location"] == PAGE
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', browser.get(PAGE).text)
    assert found is not None
    return Phone(found[1].replace(" ", ""))


def told() -> list[str]:
    question = sa.select(OutboxMessage).where(OutboxMessage.kind == "account-alert")
    return [mail.facts["what"] for mail in db.session.scalars(question.order_by(OutboxMessage.id))]


def test_setting_it_up_takes_a_code_and_gives_recovery_codes(
    browser: Browser, edith: Editor
) -> None:
    phone = offered(browser)
    wrong = browser.post(f"{PAGE}/confirm", {"code": "000000"})
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    assert phone.secret[:4] in wrong.text
    right = browser.post(f"{PAGE}/confirm", {"code": phone.code(clock.now())})
    assert right.status_code == 200
    codes = re.findall(r"<code>([0-9a-z-]{14})</code>", right.text)
    assert len(codes) == 10
    assert right.headers["Cache-Control"] == "no-store"
    db.session.expire_all()
    assert second_factors.has_second_factor(edith)
    assert recovery_codes.use(edith, codes[3])
    assert told() == ["A second factor was added"]


def test_the_picture_is_part_of_the_page_and_has_no_style_of_its_own(browser: Browser) -> None:
    offered(browser)
    answer = browser.get(PAGE)
    picture = answer.text.partition("<svg")[2].partition("</svg>")[0]
    assert "path" in picture
    assert "style=" not in answer.text
    assert "data:" not in answer.text
    assert "script" not in picture


def test_the_secret_is_shown_only_until_it_counts(browser: Browser) -> None:
    phone = offered(browser)
    browser.post(f"{PAGE}/confirm", {"code": phone.code(clock.now())})
    page = browser.get(PAGE).text
    assert "secret" not in page.partition("<h1>")[2]
    assert "10 recovery codes left" in page


def test_codes_are_renewed_and_the_factor_is_removed(browser: Browser, edith: Editor) -> None:
    phone_of(edith, now=clock.now())
    old = recovery_codes.renew(edith)
    page = browser.post(f"{PAGE}/recovery-codes").text
    assert "do not work any more" in page
    assert old[0] not in page
    assert browser.post(f"{PAGE}/remove").status_code == 303
    db.session.expire_all()
    assert not second_factors.has_second_factor(edith)
    assert told() == ["You have new recovery codes", "Your second factor was removed"]
    assert browser.post(f"{PAGE}/recovery-codes").status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PAGE),
        ("POST", f"{PAGE}/offer"),
        ("POST", f"{PAGE}/confirm"),
        ("POST", f"{PAGE}/recovery-codes"),
        ("POST", f"{PAGE}/remove"),
    ],
)
def test_whoever_sits_down_at_an_open_desk_is_asked_for_the_password(
    app: Flask, browser: Browser, edith: Editor, method: str, path: str
) -> None:
    phone_of(edith, now=clock.now())
    a_while_ago(edith)
    answer = (browser.get if method == "GET" else browser.post)(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/desk/account/proof?next=/desk/account/")
    db.session.expire_all()
    assert second_factors.has_second_factor(edith)


def test_a_password_or_a_code_is_proof_for_ten_minutes(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    accounts.set_password(edith, PASSWORD, now=clock.now())
    browser.sign_in(edith)
    phone = phone_of(edith, now=clock.now())
    for proof in ({"password": PASSWORD}, {"code": phone.code(clock.now(), later=1)}):
        a_while_ago(edith)
        answer = browser.post("/desk/account/proof", {"next": PAGE, **proof})
        assert answer.headers["Location"] == PAGE
        assert browser.get(PAGE).status_code == 200


@pytest.mark.parametrize("proof", [{"password": "wrong"}, {"code": "000000"}, {}])
def test_what_is_no_proof_is_refused_at_its_field(
    browser: Browser, edith: Editor, proof: dict[str, str]
) -> None:
    accounts.set_password(edith, PASSWORD, now=clock.now())
    browser.sign_in(edith)
    phone_of(edith, now=clock.now())
    a_while_ago(edith)
    answer = browser.post("/desk/account/proof", {"next": PAGE, **proof})
    assert answer.status_code == 422
    assert f'id="{next(iter(proof), "password")}-error"' in answer.text
    assert browser.get(PAGE).status_code == 303


def test_proof_leads_nowhere_else(browser: Browser) -> None:
    page = browser.get("/desk/account/proof?next=https://evil.example/").text
    assert "evil.example" not in page


def test_a_first_password_is_followed_by_the_offer_of_a_second_factor(browser: Browser) -> None:
    answer = browser.post("/desk/account/password", {"password": PASSWORD, "again": PASSWORD})
    assert answer.headers["Location"] == PAGE
    page = browser.get(PAGE).text
    assert "Not now" in page


def a_while_ago(editor: Editor) -> None:
    """Let the editor's sessions be older than a proof is good for."""
    for session in sessions.sessions_of(editor, now=clock.now()):
        session.proved_at = clock.now() - timedelta(minutes=11)
    db.session.commit()
