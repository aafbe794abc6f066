"""Looking at an issue before it is sent, and mailing it to oneself."""

import base64
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.desk.mailing import TESTS_AN_HOUR
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue
from newsletter.library import catalogue
from newsletter.mail.models import OutboxMessage
from newsletter.web import FRAME_POLICY
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_item, make_list


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app, make_editor())


@pytest.fixture
def issue(app: Flask) -> Issue:
    make_item()
    return composing.create_issue(
        make_list(),
        subject="Hello {{ name | friend }}",
        introduction="Dear {{ name | friend }}",
        items=["guidance-on-mms"],
        by=None,
        now=NOW,
    )


def test_the_preview_frames_the_message_under_a_policy_of_its_own(
    browser: Browser, issue: Issue
) -> None:
    page = browser.get(f"/desk/issues/{issue.id}/preview")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "sandbox" in page.text
    assert "Hello friend" in page.text
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html")
    assert framed.headers["Content-Security-Policy"] == FRAME_POLICY
    assert "Dear friend" in framed.text
    text = browser.get(f"/desk/issues/{issue.id}/preview.txt")
    assert text.mimetype == "text/plain"
    assert "Guidance on MMS" in text.text


def test_a_test_goes_to_ones_own_address_with_real_headers(browser: Browser, issue: Issue) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/test", {"address": "victim@example.org"})
    assert answer.status_code == 303
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    assert mail.recipient == "edith@example.org"
    message = message_from_bytes(base64.b64decode(mail.facts["message"]), policy=policy.default)
    assert message["Subject"] == "[Test] Hello friend"
    assert "edith@example.org" in message["To"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"]
    unsubscribe = message["List-Unsubscribe"].strip("<>").removeprefix("https://news.example.org")
    # The link of a test opens the page that readers see, and belongs to nobody.
    assert browser.get(unsubscribe).status_code == 200


def test_tests_are_limited(browser: Browser, issue: Issue) -> None:
    statuses = [
        browser.post(f"/desk/issues/{issue.id}/test").status_code
        for _ in range(2 * TESTS_AN_HOUR + 1)
    ]
    # A new hour may begin meanwhile, but not two.
    assert TESTS_AN_HOUR <= statuses.count(303) <= 2 * TESTS_AN_HOUR
    assert statuses[-1] == 429
    assert "tests were mailed" in browser.post(f"/desk/issues/{issue.id}/test").text


def test_after_sending_the_preview_shows_what_was_approved(browser: Browser, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    catalogue.find_items(["guidance-on-mms"])[0].title = "Changed since"
    page = browser.get(f"/desk/issues/{issue.id}/preview").text
    assert "Guidance on MMS" in page
    assert "Changed since" not in page
    assert "Send or schedule" not in page
