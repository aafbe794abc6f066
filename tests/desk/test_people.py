"""Editors, as an admin manages them."""

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts
from newsletter.accounts import RoleName
from newsletter.extensions import db
from newsletter.mail.models import OutboxMessage
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list


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
    assert (mail.kind, mail.recipient) == ("invitation", "new@example.org")
    assert mail.facts["invited_by"] == "Ada"
    assert "to write issues" in mail.facts["what_for"]
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


def test_the_last_admin_cannot_lock_everybody_out(browser: Browser) -> None:
    (admin,) = accounts.all_editors()
    answer = browser.post(f"/desk/editors/{admin.id}/deactivate")
    assert answer.status_code == 409
    assert "only admin" in answer.text
    assert 'href="/desk/editors/">Back' in answer.text
    assert browser.get("/desk/editors/").status_code == 200


def test_an_unknown_editor_is_not_found(browser: Browser) -> None:
    assert browser.post("/desk/editors/999/deactivate").status_code == 404


def test_somebody_is_invited_for_some_lists(browser: Browser) -> None:
    make_list("news", name="Stay Informed")
    alerts = make_list("alerts", name="Country alerts")
    fields = {"address": "new@example.org", "name": "New", "role": "editor", "lists": ["alerts"]}
    assert browser.post("/desk/editors/", fields).status_code == 303
    editor = accounts.get_editor("new@example.org")
    assert accounts.allowed_lists(editor) == {alerts.id}
    (mail,) = mails("invitation")
    assert mail.facts["list_names"] == ["Country alerts"]
    page = browser.get("/desk/editors/").text
    assert "editor of Country alerts" in page
    assert "Invited" in page


@pytest.mark.parametrize(
    ("role", "slugs"), [("admin", ["news"]), ("author", ["no-such-list"]), ("admin", ["x", "news"])]
)
def test_lists_that_cannot_be_are_refused_at_their_field(
    browser: Browser, role: str, slugs: list[str]
) -> None:
    make_list("news")
    fields = {"address": "new@example.org", "name": "New", "role": role, "lists": slugs}
    answer = browser.post("/desk/editors/", fields)
    assert answer.status_code == 422
    assert 'id="lists-error"' in answer.text
    assert accounts.find_editor("new@example.org") is None
    assert mails("invitation") == []


def mails(kind: str) -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind)))
