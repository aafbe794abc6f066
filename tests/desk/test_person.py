"""One editor, as an admin sees them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.accounts import Editor, RoleName, passkeys, second_factors, sessions
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.mail.models import OutboxMessage
from tests.accounts.authenticators import Device, phone_of
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list


@pytest.fixture
def admin(app: Flask) -> Editor:
    return make_editor("admin@example.org", role=RoleName.ADMIN, name="Ada")


@pytest.fixture
def browser(app: Flask, admin: Editor) -> Browser:
    return signed_in(app, admin)


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor(role=RoleName.AUTHOR)


def page_of(editor: Editor) -> str:
    return f"/desk/editors/{editor.id}"


def mails(kind: str) -> list[OutboxMessage]:
    return list(db.session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind)))


def test_the_page_says_how_they_sign_in(app: Flask, browser: Browser, edith: Editor) -> None:
    phone_of(edith, now=clock.now())
    page = browser.get(page_of(edith)).text
    assert "mailed link" in page
    assert "an app that makes codes, since" in page
    assert "nowhere" in page
    assert browser.get("/desk/editors/999").status_code == 404


def test_a_role_is_changed_and_ends_their_sessions(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    theirs = signed_in(app, edith)
    assert browser.post(f"{page_of(edith)}/role", {"role": "editor"}).status_code == 303
    db.session.expire_all()
    assert accounts.role_of(edith) is RoleName.EDITOR
    assert theirs.get("/desk/").status_code == 303
    wrong = browser.post(f"{page_of(edith)}/role", {"role": "x"})
    assert wrong.status_code == 422
    assert 'id="role-error"' in wrong.text


def test_lists_are_changed_and_sessions_stay(app: Flask, browser: Browser, edith: Editor) -> None:
    news = make_list("news")
    make_list("alerts")
    theirs = signed_in(app, edith)
    fields = {"role": "author", "lists": ["news"]}
    assert browser.post(f"{page_of(edith)}/role", fields).status_code == 303
    assert accounts.allowed_lists(edith) == {news.id}
    assert theirs.get("/desk/").status_code == 200
    assert 'value="news" checked' in browser.get(page_of(edith)).text
    assert browser.post(f"{page_of(edith)}/role", {"role": "author"}).status_code == 303
    assert accounts.allowed_lists(edith) is None
    refused = browser.post(f"{page_of(edith)}/role", {"role": "admin", "lists": ["news"]})
    assert refused.status_code == 422
    db.session.expire_all()
    assert accounts.role_of(edith) is RoleName.AUTHOR


def test_an_invitation_is_mailed_again_until_they_came(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    browser.post(f"{page_of(edith)}/link")
    (invitation,) = mails("invitation")
    path = invitation.facts["sign_in_url"].removeprefix("https://news.example.org")
    assert Browser(app).post(path).status_code == 303
    browser.post(f"{page_of(edith)}/link")
    assert len(mails("invitation")) == 1
    (link,) = mails("sign-in")
    assert link.facts["invited_by"] == "Ada"


def test_an_invitation_is_withdrawn_until_they_came(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    guest = make_editor("guest@example.org", name="Guest")
    browser.post(f"{page_of(guest)}/link")
    (invitation,) = mails("invitation")
    assert browser.post(f"{page_of(guest)}/withdraw").status_code == 303
    db.session.expire_all()
    assert accounts.find_editor("guest@example.org") is None
    path = invitation.facts["sign_in_url"].removeprefix("https://news.example.org")
    assert Browser(app).post(path).status_code == 404
    signed_in(app, edith)
    refused = browser.post(f"{page_of(edith)}/withdraw")
    assert refused.status_code == 409
    assert "Deactivate them instead" in refused.text


def test_an_invitation_is_withdrawn_from_whom_a_colleague_asked(
    app: Flask, browser: Browser, admin: Editor
) -> None:
    guest = make_editor("guest@example.org", name="Guest")
    link = accounts.make_sign_in_link(guest, now=clock.now())
    issue = composing.create_issue(make_list(), by=admin, now=NOW)
    # Before the desk knew better, it offered people who had not come yet.
    workflow.ask_for_review(issue, by=admin, of=guest, now=NOW)
    assert browser.post(f"{page_of(guest)}/withdraw").status_code == 303
    assert "their name stays there, deactivated" in browser.get("/desk/editors/").text
    db.session.expire_all()
    assert not guest.active
    path = link.removeprefix("https://news.example.org")
    assert Browser(app).post(path).status_code == 404
    assert issue.review_asked_of_id == guest.id


def test_a_lost_phone_is_taken_out_and_they_are_told(
    app: Flask, browser: Browser, edith: Editor
) -> None:
    theirs = signed_in(app, edith)
    options = theirs.post("/desk/account/passkeys/options").text
    fields = {"name": "Phone", "answer": Device().make(options)}
    assert theirs.post("/desk/account/passkeys/new", fields).status_code == 303
    phone_of(edith, now=clock.now())
    assert browser.post(f"{page_of(edith)}/reset").status_code == 303
    db.session.expire_all()
    assert not second_factors.has_second_factor(edith)
    assert passkeys.passkeys_of(edith) == []
    assert theirs.get("/desk/").status_code == 303
    told = mails("account-alert")[-1]
    assert told.recipient == edith.email
    assert told.facts["sentence"].startswith("Ada, an admin of the desk, took away")


def test_taking_it_out_asks_who_is_at_the_desk(
    browser: Browser, admin: Editor, edith: Editor
) -> None:
    phone_of(edith, now=clock.now())
    for session in sessions.sessions_of(admin, now=clock.now()):
        session.proved_at = clock.now() - timedelta(minutes=11)
    answer = browser.post(f"{page_of(edith)}/reset")
    assert answer.headers["Location"] == f"/desk/account/proof?next={page_of(edith)}"
    assert second_factors.has_second_factor(edith)


def test_they_are_signed_out_everywhere(app: Flask, browser: Browser, edith: Editor) -> None:
    theirs = signed_in(app, edith)
    assert browser.post(f"{page_of(edith)}/sign-out").status_code == 303
    assert theirs.get("/desk/").status_code == 303


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
