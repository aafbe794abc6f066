"""Where an editor is signed in, and signing out there."""

import pytest
from flask import Flask

from newsletter import clock
from newsletter.accounts import Editor, sessions
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def elsewhere(app: Flask, edith: Editor) -> Browser:
    browser = Browser(app)
    browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    browser.sign_in(edith)
    return browser


def test_the_account_lists_this_session_and_the_others(
    app: Flask, edith: Editor, elsewhere: Browser
) -> None:
    page = signed_in(app, edith).get("/desk/account/").text
    assert page.count("This one") == 1
    assert page.count("Sign out there") == 1
    assert "Firefox on Windows" in page


def test_another_session_is_ended(app: Flask, edith: Editor, elsewhere: Browser) -> None:
    here = signed_in(app, edith)
    live = sessions.sessions_of(edith, now=clock.now())
    (other,) = [one.id for one in live if "Firefox" in one.browser]
    assert here.post(f"/desk/account/sessions/{other}/end").status_code == 303
    assert elsewhere.get("/desk/").status_code == 303
    assert here.get("/desk/").status_code == 200
    assert here.post(f"/desk/account/sessions/{other}/end").status_code == 404


def test_all_others_are_ended(app: Flask, edith: Editor, elsewhere: Browser) -> None:
    here = signed_in(app, edith)
    assert here.post("/desk/account/sessions/end-others").status_code == 303
    assert elsewhere.get("/desk/").status_code == 303
    page = here.get("/desk/account/").text
    assert "signed out everywhere else" in page
    assert "Sign out there" not in page


def test_a_session_of_somebody_else_cannot_be_ended(
    app: Flask, edith: Editor, elsewhere: Browser
) -> None:
    mallory = signed_in(app, make_editor("mallory@example.org"))
    (theirs,) = sessions.sessions_of(edith, now=clock.now())
    assert mallory.post(f"/desk/account/sessions/{theirs.id}/end").status_code == 404
    assert elsewhere.get("/desk/").status_code == 200
