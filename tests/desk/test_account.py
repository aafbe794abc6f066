"""An editor's own account."""

import pytest
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Editor
from newsletter.extensions import db
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

OLD = "four words make a password"
NEW = "other words make another"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


def by_password(app: Flask, editor: Editor) -> Browser:
    accounts.set_password(editor, OLD, now=NOW)
    browser = Browser(app)
    answer = browser.post("/desk/sign-in", {"address": editor.email, "password": OLD})
    assert answer.status_code == 303
    return browser


def test_name_and_zone_are_changed(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    answer = browser.post("/desk/account/", {"name": "Edith E.", "zone": "Africa/Nairobi"})
    assert answer.status_code == 303
    page = browser.get("/desk/account/").text
    assert "Saved." in page
    assert 'value="Africa/Nairobi" selected' in page


def test_mail_about_the_next_day_is_turned_off_and_on(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    ticked = 'name="mails" value="next-day" checked'
    assert ticked in browser.get("/desk/account/").text
    browser.post("/desk/account/", {"name": "Edith", "zone": "UTC"})
    assert ticked not in browser.get("/desk/account/").text
    browser.post("/desk/account/", {"name": "Edith", "zone": "UTC", "mails": "next-day"})
    assert ticked in browser.get("/desk/account/").text


@pytest.mark.parametrize(
    ("name", "zone", "field"),
    [("x" * 121, "UTC", "name"), ("Edith", "Mars/Olympus", "zone"), ("Edith", "", "zone")],
)
def test_what_cannot_be_is_refused_at_its_field(
    app: Flask, edith: Editor, name: str, zone: str, field: str
) -> None:
    answer = signed_in(app, edith).post("/desk/account/", {"name": name, "zone": zone})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert name in answer.text


def test_a_first_password_needs_no_old_one(app: Flask, edith: Editor) -> None:
    browser = signed_in(app, edith)
    answer = browser.post("/desk/account/password", {"password": NEW, "again": NEW})
    assert answer.status_code == 303
    assert "Your password is set" in browser.get("/desk/").text
    db.session.expire_all()
    assert accounts.password_matches(edith.password, NEW)


def test_who_signed_in_by_password_types_it_again_to_change_it(app: Flask, edith: Editor) -> None:
    browser = by_password(app, edith)
    wrong = browser.post(
        "/desk/account/password", {"old": "not the one", "password": NEW, "again": NEW}
    )
    assert wrong.status_code == 422
    assert 'id="old-error"' in wrong.text
    right = browser.post("/desk/account/password", {"old": OLD, "password": NEW, "again": NEW})
    assert right.status_code == 303


def test_who_came_by_a_link_has_forgotten_the_old_one(app: Flask, edith: Editor) -> None:
    accounts.set_password(edith, OLD, now=NOW)
    answer = signed_in(app, edith).post("/desk/account/password", {"password": NEW, "again": NEW})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "field"), [(NEW, OLD, "again"), ("short", "short", "password")]
)
def test_a_password_that_does_not_do_is_refused_and_never_shown(
    app: Flask, edith: Editor, password: str, again: str, field: str
) -> None:
    answer = signed_in(app, edith).post(
        "/desk/account/password", {"password": password, "again": again}
    )
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{password}"' not in answer.text
    db.session.expire_all()
    assert edith.password is None


def test_the_old_password_cannot_be_guessed_at_a_borrowed_desk(app: Flask, edith: Editor) -> None:
    browser = by_password(app, edith)
    statuses = [
        browser.post("/desk/account/password", {"old": "x", "password": NEW, "again": NEW})
        for _ in range(21)
    ]
    assert statuses[-1].status_code == 429
    db.session.expire_all()
    assert accounts.password_matches(edith.password, OLD)


def test_times_are_shown_in_the_editors_own_zone(app: Flask, edith: Editor) -> None:
    edith.zone = "Asia/Kathmandu"
    other = make_editor("other@example.org")
    assert other.created_at == NOW
    accounts.change_role(edith, "admin")
    page = signed_in(app, edith).get("/desk/editors/").text
    assert "Monday 1 March 2027, 14:45" in page
