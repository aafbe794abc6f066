"""Subject and preheader, saved where their line is shown."""

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.desk.browser import Browser
from tests.desk.french import with_french
from tests.factories import (
    content_of,
    rewrite,
)


def lines_of(issue: Issue, language: str = "en") -> tuple[str, str]:
    said = composing.current(issue).editions[language]
    return said.subject, said.preheader


def save_lines(browser: Browser, issue: Issue, version: int, **typed: str) -> TestResponse:
    fields = {"version": str(version), "language": "en", "subject": "", "preheader": "", **typed}
    return browser.post(f"/desk/issues/{issue.id}/preview", fields)


def test_subject_and_preheader_are_saved_from_the_preview(browser: Browser, issue: Issue) -> None:
    with_french(issue)
    version = issue.version
    answer = browser.post(
        f"/desk/issues/{issue.id}/preview?lang=fr&view=phone",
        {"version": str(version), "language": "fr", "subject": "Salut", "preheader": "Lisez"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/desk/issues/{issue.id}/preview?view=phone&lang=fr"
    assert issue.version == version + 1
    assert lines_of(issue, "fr") == ("Salut", "Lisez")
    assert content_of(issue, "fr").introduction == "Chers lecteurs"
    assert lines_of(issue)[0] == "Hello {{ name | friend }}"


def test_saving_the_lines_withdraws_an_approval(browser: Browser, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=NOW)
    assert save_lines(browser, issue, issue.version, subject="Other").status_code == 303
    assert issue.approved_version is None
    log = browser.get(f"/desk/log/?issue={issue.id}").text
    assert "withdrew the approval" in log


def test_lines_that_a_colleague_changed_are_shown_beside_the_typed_ones(
    browser: Browser, issue: Issue
) -> None:
    version = issue.version
    rewrite(issue, subject="Theirs")
    answer = save_lines(browser, issue, version, subject="Mine", preheader="My preheader")
    assert answer.status_code == 409
    assert "Nothing was overwritten" in answer.text
    assert 'value="Mine"' in answer.text
    assert "<pre>Theirs</pre>" in answer.text
    assert lines_of(issue)[0] == "Theirs"
    assert f'name="version" value="{issue.version}"' in answer.text
    save_lines(browser, issue, issue.version, subject="Mine")
    assert lines_of(issue)[0] == "Mine"


def test_what_a_colleague_wrote_elsewhere_is_no_conflict(browser: Browser, issue: Issue) -> None:
    version = issue.version
    rewrite(issue, introduction="Written by a colleague")
    assert save_lines(browser, issue, version, subject="Mine").status_code == 303
    assert lines_of(issue)[0] == "Mine"
    assert content_of(issue).introduction == "Written by a colleague"


@pytest.mark.parametrize(
    "typed",
    [
        {"subject": "one\ntwo"},
        {"subject": "x" * 501},
        {"preheader": "\x1b"},
        {"version": ""},
        {"version": "x"},
        {"version": "9" * 30},
        {"language": "xx"},
    ],
)
def test_what_cannot_be_saved_comes_back_with_a_sentence(
    browser: Browser, issue: Issue, typed: dict[str, str]
) -> None:
    before = lines_of(issue), issue.version
    fields = {"version": "1", "language": "en", "subject": "Kept", "preheader": "", **typed}
    answer = browser.post(f"/desk/issues/{issue.id}/preview", fields)
    assert answer.status_code == 422
    assert "Not done yet" in answer.text
    assert (lines_of(issue), issue.version) == before


def test_what_is_on_its_way_takes_no_other_lines(browser: Browser, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    assert save_lines(browser, issue, issue.version, subject="Late").status_code == 409
