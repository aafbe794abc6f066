"""What was typed into a form whose session is over is not lost, and not done without asking."""

import pytest
from flask import Flask

from newsletter.accounts import Editor, sessions
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.forms import Fields, fields_of
from tests.factories import content_of, make_editor, make_item, make_list

OURS = {"Sec-Fetch-Site": "same-origin"}
HOSTILE = '</textarea><script>alert(1)</script>"'


@pytest.fixture
def issue(app: Flask) -> Issue:
    make_item()
    return composing.create_issue(
        make_list(), subject="Before", items=["guidance-on-mms"], by=None, now=NOW
    )


@pytest.fixture
def editor(app: Flask) -> Editor:
    return make_editor()


def written(browser: Browser, issue: Issue) -> Fields:
    """The composer's form with words typed into it, as a page has it for an hour."""
    fields = fields_of(browser.get(f"/desk/issues/{issue.id}").text)
    return {**fields, "subject": "Typed", "introduction": f"Two\nlines {HOSTILE}", "do": "send"}


def form_on(page: str) -> Fields:
    return fields_of(page, "main form[method=post]:not(.leave)")


def subject_of(issue: Issue) -> str:
    db.session.expire_all()
    return content_of(issue).subject


def test_who_signed_in_again_sends_the_words_with_one_button(
    app: Flask, issue: Issue, editor: Editor
) -> None:
    browser = signed_in(app, editor)
    old = written(browser, issue)
    browser.post("/desk/sign-out")
    browser.sign_in(editor)
    answer = browser.open(f"/desk/issues/{issue.id}", method="POST", data=old, headers=OURS)
    assert answer.status_code == 400
    assert f"Save it in issue {issue.id}" in answer.text
    assert "<script>alert" not in answer.text
    assert subject_of(issue) == "Before"
    again = {**form_on(answer.text), "do": "save"}
    saved = browser.open(f"/desk/issues/{issue.id}", method="POST", data=again, headers=OURS)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"/desk/issues/{issue.id}")
    assert subject_of(issue) == "Typed"
    assert content_of(issue).introduction == f"Two\nlines {HOSTILE}"


@pytest.mark.parametrize("how", ["signed-out", "ended"])
def test_who_is_signed_out_signs_in_beside_and_goes_on(
    app: Flask, issue: Issue, editor: Editor, how: str
) -> None:
    browser = signed_in(app, editor)
    old = written(browser, issue)
    path = f"/desk/issues/{issue.id}"
    if how == "ended":
        sessions.end_sessions(editor)
    else:
        browser.post("/desk/sign-out")
    answer = browser.open(path, method="POST", data=old, headers=OURS)
    assert answer.status_code == 400
    assert 'href="/desk/sign-in" target="_blank"' in answer.text
    assert "you are signed out" in answer.text
    # Not yet: the words are still there.
    answer = browser.open(path, method="POST", data=form_on(answer.text), headers=OURS)
    assert "Typed</textarea>" in answer.text
    browser.sign_in(editor)
    answer = browser.open(path, method="POST", data=form_on(answer.text), headers=OURS)
    assert f"Save it in issue {issue.id}" in answer.text
    again = {**form_on(answer.text), "do": "save"}
    assert browser.open(path, method="POST", data=again, headers=OURS).status_code == 303
    assert subject_of(issue) == "Typed"


@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_what_may_come_from_another_site_has_no_button(
    app: Flask, issue: Issue, editor: Editor, site: str
) -> None:
    browser = signed_in(app, editor)
    fields = {**written(browser, issue), "csrf_token": "forged"}
    headers = {"Sec-Fetch-Site": site} if site else {}
    answer = browser.open(f"/desk/issues/{issue.id}", method="POST", data=fields, headers=headers)
    assert answer.status_code == 400
    assert "Save it in issue" not in answer.text
    assert ("Typed" in answer.text) == (not site)


def test_no_secret_is_shown_and_no_other_form_is_sent_from_there(
    app: Flask, issue: Issue, editor: Editor
) -> None:
    browser = Browser(app)
    fields = {"address": "edith@example.org", "password": "hunter2", "csrf_token": "old"}
    answer = browser.open("/desk/sign-in", method="POST", data=fields, headers=OURS)
    assert answer.status_code == 400
    assert "hunter2" not in answer.text
    assert "edith@example.org</textarea>" in answer.text
    browser.sign_in(editor)
    path = f"/desk/issues/{issue.id}/send"
    fields = {"hold": "0", "version": "1", "do": "go", "csrf_token": "old"}
    answer = browser.open(path, method="POST", data=fields, headers=OURS)
    assert answer.status_code == 400
    assert f'action="{path}"' not in answer.text


def test_a_form_without_words_leads_to_the_sign_in(app: Flask, editor: Editor) -> None:
    browser = signed_in(app, editor)
    token = browser.token()
    sessions.end_sessions(editor)
    answer = browser.open("/desk/issues/1/stop", method="POST", data={"csrf_token": token})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/desk/sign-in")


def test_more_than_can_be_taken_says_what_became_of_it(
    app: Flask, issue: Issue, editor: Editor
) -> None:
    browser = signed_in(app, editor)
    fields = {**written(browser, issue), "introduction": "w" * 3_000_000}
    answer = browser.open(f"/desk/issues/{issue.id}", method="POST", data=fields)
    assert answer.status_code == 413
    assert "Nothing of it was saved" in answer.text
    assert "this browser kept your words" in answer.text
    assert subject_of(issue) == "Before"
