"""Passkeys at the desk: adding one, signing in by it, proving who one is."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import clock
from newsletter.accounts import Editor, passkeys, sessions
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.accounts.authenticators import Device, phone_of
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

PAGE = "/desk/account/passkeys"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def device(app: Flask, edith: Editor) -> Device:
    """A device with a passkey of Edith's."""
    device, browser = Device(), signed_in(app, edith)
    options = browser.post(f"{PAGE}/options")
    assert options.mimetype == "application/json"
    answer = browser.post(f"{PAGE}/new", {"name": "Phone", "answer": device.make(options.text)})
    assert answer.status_code == 303
    return device


def enter(browser: Browser, device: Device, **more: str) -> tuple[int, str]:
    options = browser.post("/desk/sign-in-passkey/options").text
    fields = {"answer": device.use(options), **more}
    answer = browser.post("/desk/sign-in-passkey", fields)
    return answer.status_code, answer.headers.get("Location", "")


def test_a_passkey_signs_in_without_a_password(app: Flask, edith: Editor, device: Device) -> None:
    browser = Browser(app)
    assert enter(browser, device, next="/desk/library/") == (303, "/desk/library/")
    assert "Edith" in browser.get("/desk/").text


def test_it_needs_no_code_after_it(app: Flask, edith: Editor, device: Device) -> None:
    phone_of(edith, now=clock.now())
    browser = Browser(app)
    assert enter(browser, device) == (303, "/desk/")
    assert browser.get("/desk/").status_code == 200


def test_the_same_answer_opens_no_second_browser(app: Flask, device: Device) -> None:
    device.counts = False
    browser = Browser(app)
    answer = device.use(browser.post("/desk/sign-in-passkey/options").text)
    cookie = browser.client.get_cookie("desk", path="/desk")
    assert cookie is not None
    kept = cookie.value
    assert browser.post("/desk/sign-in-passkey", {"answer": answer}).status_code == 303
    thief = Browser(app)
    thief.client.set_cookie("desk", kept, path="/desk")
    assert thief.post("/desk/sign-in-passkey", {"answer": answer}).status_code == 422
    assert thief.get("/desk/").status_code == 303


def test_an_answer_without_a_question_is_refused(app: Flask, device: Device) -> None:
    browser = Browser(app)
    answer = browser.post("/desk/sign-in-passkey", {"answer": "{}", "next": "https://evil.example"})
    assert answer.status_code == 422
    assert "not accepted" in answer.text
    assert "evil.example" not in answer.text


def test_the_question_of_another_browser_is_none(app: Flask, device: Device) -> None:
    options = Browser(app).post("/desk/sign-in-passkey/options").text
    browser = Browser(app)
    answer = browser.post("/desk/sign-in-passkey", {"answer": device.use(options)})
    assert answer.status_code == 422


def test_passkeys_are_listed_renamed_and_removed(app: Flask, edith: Editor, device: Device) -> None:
    browser = signed_in(app, edith)
    (passkey,) = passkeys.passkeys_of(edith)
    number = passkey.id
    assert browser.post(f"{PAGE}/{number}/rename", {"name": ""}).status_code == 422
    assert browser.post(f"{PAGE}/{number}/rename", {"name": "<b>Phone"}).status_code == 303
    assert "&lt;b&gt;Phone" in browser.get(PAGE).text
    assert browser.post(f"{PAGE}/{number}/remove").status_code == 303
    assert enter(Browser(app), device)[0] == 422
    question = sa.select(OutboxMessage).where(OutboxMessage.kind == "account-alert")
    told = [mail.facts["what"] for mail in db.session.scalars(question)]
    assert {"A passkey was added", "A passkey was removed"} <= set(told)


def test_nobody_touches_the_passkeys_of_others(app: Flask, edith: Editor, device: Device) -> None:
    mallory = signed_in(app, make_editor("mallory@example.org"))
    (passkey,) = passkeys.passkeys_of(edith)
    number = passkey.id
    assert mallory.post(f"{PAGE}/{number}/rename", {"name": "Mine"}).status_code == 404
    assert mallory.post(f"{PAGE}/{number}/remove").status_code == 404
    assert enter(Browser(app), device)[0] == 303


def test_a_passkey_is_proof_of_its_own_editor_only(
    app: Flask, edith: Editor, device: Device
) -> None:
    mallory = make_editor("mallory@example.org")
    for editor, page in ((edith, PAGE), (mallory, "/desk/account/proof")):
        browser = signed_in(app, editor)
        for session in sessions.sessions_of(editor, now=clock.now()):
            session.proved_at = clock.now() - timedelta(minutes=11)
        assert browser.get(PAGE).status_code == 303
        options = browser.post("/desk/account/proof/options").text
        fields = {"answer": device.use(options), "next": PAGE}
        answer = browser.post("/desk/account/proof/passkey", fields)
        assert answer.headers["Location"].startswith(page)


def test_pages_say_that_passkeys_need_a_script(app: Flask, edith: Editor) -> None:
    page = Browser(app).get("/desk/sign-in").text
    assert "Passkeys need JavaScript; password and link work without." in page
    assert 'data-passkey="use"' in page
    assert "Passkeys need JavaScript" in signed_in(app, edith).get(PAGE).text


def test_an_installation_without_a_name_offers_none(app: Flask, edith: Editor) -> None:
    app.config["PUBLIC_HOST"] = "127.0.0.1"
    assert "asskey" not in Browser(app).get("/desk/sign-in").text.partition("</head>")[2]
    assert "only for a site with a name" in signed_in(app, edith).get(PAGE).text
