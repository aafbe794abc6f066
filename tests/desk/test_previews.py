"""Looking at an issue before it is sent, in every light."""

from datetime import timedelta

import pytest

from newsletter.delivery import previewing
from newsletter.issues import workflow
from newsletter.issues.models import Issue, IssueState
from newsletter.library import catalogue
from newsletter.web import FRAME_POLICY
from tests.conftest import NOW
from tests.desk.browser import Browser
from tests.desk.french import with_french
from tests.factories import (
    rewrite,
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


def test_after_sending_the_preview_shows_what_was_approved(browser: Browser, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=NOW)
    workflow.send_soon(issue, timedelta(0), now=NOW)
    catalogue.find_items(["guidance-on-mms"])[0].title = "Changed since"
    page = browser.get(f"/desk/issues/{issue.id}/preview?view=text").text
    assert "Guidance on MMS" in page
    assert "Changed since" not in page
    assert "This is what was approved" in page
    assert "Send or schedule" not in page
    assert "Save these two lines" not in page


def test_a_sent_issue_of_a_public_list_leads_to_its_web_version(
    browser: Browser, issue: Issue
) -> None:
    leads = f'href="/archive/{issue.id}"'
    assert leads not in browser.get(f"/desk/issues/{issue.id}/preview").text
    workflow.approve(issue, by=None, now=NOW)
    issue.state = IssueState.SENT
    assert leads in browser.get(f"/desk/issues/{issue.id}/preview").text
    issue.mailing_list.is_public = False
    assert leads not in browser.get(f"/desk/issues/{issue.id}/preview").text


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("", 'class="message desktop"'),
        ("phone", 'class="message phone"'),
        ("dark", 'class="message dark"'),
        ("inverted", 'class="message inverted"'),
        ("no-images", 'class="message no-images"'),
        ("text", '<pre class="message-text"'),
        ("raw", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        ("nonsense", 'class="message desktop"'),
    ],
)
def test_every_view_is_a_page_that_its_tab_leads_to(
    browser: Browser, issue: Issue, view: str, expected: str
) -> None:
    page = browser.get(f"/desk/issues/{issue.id}/preview?view={view}")
    assert page.status_code == 200
    assert expected in page.text
    if view != "nonsense":
        path = f"/desk/issues/{issue.id}/preview" + (f"?view={view}" if view else "")
        assert f'href="{path}" aria-current="page"' in page.text


@pytest.mark.parametrize(
    ("view", "there", "gone"),
    [
        ("desktop", "@media not all", "prefers-color-scheme"),
        ("phone", "@media not all", "prefers-color-scheme"),
        ("dark", "@media all", "prefers-color-scheme"),
        ("inverted", "invert(1)", "@media all"),
    ],
)
def test_the_frame_has_the_colours_of_its_view_whatever_the_editors_desk_has(
    browser: Browser, issue: Issue, view: str, there: str, gone: str
) -> None:
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?view={view}").text
    assert there in framed
    assert gone not in framed


def test_no_image_may_be_fetched_where_images_are_off(browser: Browser, issue: Issue) -> None:
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?view=no-images")
    rules = framed.headers["Content-Security-Policy"]
    assert "img-src 'none'" in rules
    assert "img-src 'self'" not in rules
    assert rules.startswith("sandbox; default-src 'none'")


def test_each_edition_is_looked_at_in_its_own_language(browser: Browser, issue: Issue) -> None:
    with_french(issue)
    page = browser.get(f"/desk/issues/{issue.id}/preview?lang=fr&view=dark").text
    assert "<b>Bonjour</b>" in page
    assert f"/desk/issues/{issue.id}/preview.html?view=dark&amp;lang=fr" in page
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?lang=fr").text
    assert "Chers lecteurs" in framed
    assert "Chers lecteurs" in browser.get(f"/desk/issues/{issue.id}/preview.txt?lang=fr").text
    # There is no edition in it: then it is the first one, as for a reader.
    assert "Dear friend" in browser.get(f"/desk/issues/{issue.id}/preview.txt?lang=xx").text


def test_a_reader_with_long_values_shows_what_they_do_to_a_line(
    browser: Browser, issue: Issue
) -> None:
    page = browser.get(f"/desk/issues/{issue.id}/preview?as=longest").text
    assert "<b>Hello Wilhelmina-Alexandra" in page
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?as=longest").text
    assert previewing.LONG_NAME in framed


def test_the_raw_view_is_a_copy_to_oneself_with_the_size_of_its_parts(
    browser: Browser, issue: Issue
) -> None:
    page = browser.get(f"/desk/issues/{issue.id}/preview?view=raw").text
    assert "To: edith@example.org" in page
    assert "text/plain" in page
    assert "text/html" in page


def test_the_inbox_shows_as_much_as_there_is_room_for(browser: Browser, issue: Issue) -> None:
    rewrite(issue, subject="A" * 50 + "B" * 50)
    page = browser.get(f"/desk/issues/{issue.id}/preview").text
    assert f"<b>{'A' * 50}{'B' * 9}…</b>" in page
    assert f"<b>{'A' * 39}…</b>" in page
    assert "Without a preheader" in page
