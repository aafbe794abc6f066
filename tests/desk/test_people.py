"""Editors, as an admin manages them."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import Editor, RoleName
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor("admin@example.org", role=RoleName.ADMIN, name="Ada"))


def test_an_editor_is_added_and_gets_a_link_that_works(app: Flask, browser: Browser) -> None:
    answer = browser.post(
        "/desk/editors/", {"address": "new@example.org", "name": "New", "role": "author"}
    )
    assert answer.status_code == 303
    assert "on its way to new@example.org" in browser.get("/desk/editors/").text
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert (mail.kind, mail.recipient) == ("sign-in", "new@example.org")
    path = mail.facts["sign_in_url"].removeprefix("https://news.example.org")
    assert Browser(app).post(path).status_code == 303


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": "admin@example.org"}, "address"),
        ({"role": "owner"}, "role"),
        ({"role": ""}, "role"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_who_cannot_be_an_editor_is_refused_at_the_field(
    browser: Browser, change: dict[str, str], field: str
) -> None:
    fields = {"address": "new@example.org", "name": "New", "role": "author", **change}
    answer = browser.post("/desk/editors/", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert len(accounts.all_editors()) == 1
    assert db.session.scalars(sa.select(OutboxMessage)).all() == []


def test_a_role_is_changed(browser: Browser) -> None:
    editor = make_editor(role=RoleName.AUTHOR)
    assert browser.post(f"/desk/editors/{editor.id}/role", {"role": "editor"}).status_code == 303
    db.session.expire_all()
    assert accounts.role_of(editor) is RoleName.EDITOR
    assert browser.post(f"/desk/editors/{editor.id}/role", {"role": "x"}).status_code == 422


def test_an_editor_is_kept_out_and_let_in_again(app: Flask, browser: Browser) -> None:
    editor = make_editor()
    theirs = signed_in(app, editor)
    assert browser.post(f"/desk/editors/{editor.id}/deactivate").status_code == 303
    assert theirs.get("/desk/").status_code == 303
    assert browser.post(f"/desk/editors/{editor.id}/link").status_code == 409
    assert browser.post(f"/desk/editors/{editor.id}/activate").status_code == 303
    assert browser.post(f"/desk/editors/{editor.id}/link").status_code == 303
    theirs.sign_in(db.session.get_one(Editor, editor.id))
    assert theirs.get("/desk/").status_code == 200


def test_the_last_admin_cannot_lock_everybody_out(browser: Browser) -> None:
    (admin,) = accounts.all_editors()
    answer = browser.post(f"/desk/editors/{admin.id}/deactivate")
    assert answer.status_code == 409
    assert "only admin" in answer.text
    assert 'href="/desk/editors/">Back' in answer.text
    assert browser.get("/desk/editors/").status_code == 200


def test_an_unknown_editor_is_not_found(browser: Browser) -> None:
    assert browser.post("/desk/editors/999/deactivate").status_code == 404
