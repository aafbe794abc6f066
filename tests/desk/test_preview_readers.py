"""Looking at an issue as one reader, whose address stands nowhere."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from newsletter import addresses, erasure
from newsletter.accounts import RoleName, bind_to_lists
from newsletter.delivery import previewing
from newsletter.issues.models import Issue
from newsletter.subscriptions import suppression
from newsletter.subscriptions.models import MailFormat, SubscriptionState, SuppressionReason
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.desk.french import with_french
from tests.factories import (
    make_editor,
    make_list,
    make_subscription,
    make_topic,
)


def look_as(browser: Browser, issue: Issue, address: str) -> TestResponse:
    return browser.post(f"/desk/issues/{issue.id}/preview/reader?view=text", {"address": address})


def test_an_issue_is_looked_at_as_one_reader_whose_address_stands_nowhere(
    browser: Browser, issue: Issue
) -> None:
    with_french(issue)
    reader = make_subscription(issue.mailing_list, name="Ada", language="fr-CA").subscriber
    answer = look_as(browser, issue, "ADA@example.org")
    where = f"/desk/issues/{issue.id}/preview?view=text&as=reader"
    assert answer.headers["Location"] == where
    page = browser.get(where).text
    assert "Chers lecteurs" in page
    assert "ada@example.org gets HTML and plain text" in page
    assert "this reader is in its audience" in page
    assert "<b>Hello Ada</b>" in browser.get(f"{where}&lang=en").text
    framed = browser.get(f"/desk/issues/{issue.id}/preview.html?as=reader&lang=en").text
    assert "Dear Ada" in framed
    assert "To: ada@example.org" in browser.get(where.replace("text", "raw")).text
    log = browser.get(f"/desk/log/?issue={issue.id}").text
    assert f"as subscriber {reader.id}" in log
    assert "ada@example.org" not in log


def test_a_chosen_reader_is_remembered_until_a_button_ends_it(
    browser: Browser, issue: Issue
) -> None:
    make_subscription(issue.mailing_list)
    page = f"/desk/issues/{issue.id}/preview"
    look_as(browser, issue, "ada@example.org")
    # Whoever opens the preview anew looks as nobody, and has a tab for the chosen reader.
    assert "<b>Hello friend</b>" in browser.get(page).text
    assert "The chosen reader" in browser.get(page).text
    assert browser.post(f"{page}/nobody").headers["Location"] == page
    assert "The chosen reader" not in browser.get(page).text
    assert "<b>Hello friend</b>" in browser.get(f"{page}?as=reader").text


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SubscriptionState.UNSUBSCRIBED, "Unsubscribed."),
        (SubscriptionState.PAUSED, "Paused the subscription."),
        (SubscriptionState.PENDING, "Never confirmed the subscription."),
    ],
)
def test_the_preview_says_why_a_reader_would_not_get_it(
    browser: Browser, issue: Issue, state: SubscriptionState, reason: str
) -> None:
    make_subscription(issue.mailing_list, state=state)
    look_as(browser, issue, "ada@example.org")
    page = browser.get(f"/desk/issues/{issue.id}/preview?as=reader").text
    assert re.search(rf'<p class="finding warn">.*\s+{reason}', page)


def test_a_reader_of_other_topics_or_a_suppressed_one_would_not_get_it(
    browser: Browser, issue: Issue
) -> None:
    mms, bep = make_topic("mms"), make_topic("bep")
    issue.topics = [mms]
    reader = make_subscription(issue.mailing_list, topics=(bep,)).subscriber
    assert not previewing.would_reach(issue, reader)
    reader.subscriptions[0].topics = [bep, mms]
    assert previewing.would_reach(issue, reader)
    suppression.suppress(
        addresses.parse(reader.address), reason=SuppressionReason.OPERATOR, note="", now=NOW
    )
    assert not previewing.would_reach(issue, reader)
    look_as(browser, issue, reader.address)
    page = browser.get(f"/desk/issues/{issue.id}/preview?as=reader").text
    assert "This address is never mailed" in page


def test_a_reader_who_chose_text_gets_text(browser: Browser, issue: Issue) -> None:
    make_subscription(issue.mailing_list).subscriber.format = MailFormat.TEXT
    look_as(browser, issue, "ada@example.org")
    page = browser.get(f"/desk/issues/{issue.id}/preview?as=reader&view=raw").text
    assert "gets the plain text only" in page
    assert "text/html" not in page


@pytest.mark.parametrize("address", ["", "nobody@example.org", "no address", "<script>alert(1)"])
def test_an_address_that_nobody_has_is_said_and_noted(
    browser: Browser, issue: Issue, address: str
) -> None:
    answer = look_as(browser, issue, address)
    assert answer.status_code == 422
    assert "Not done yet" in answer.text
    assert "<script>alert" not in answer.text
    assert "an address that no subscriber has" in browser.get("/desk/log/").text


def test_an_editor_bound_to_other_lists_looks_as_none_of_their_readers(
    app: Flask, issue: Issue
) -> None:
    make_subscription(make_list("other"))
    bound = make_editor("bound@example.org")
    bind_to_lists(bound, [issue.mailing_list_id])
    assert look_as(signed_in(app, bound), issue, "ada@example.org").status_code == 422


def test_who_may_see_no_subscribers_chooses_none(app: Flask, issue: Issue) -> None:
    make_subscription(issue.mailing_list)
    author = signed_in(app, make_editor("author@example.org", role=RoleName.AUTHOR))
    assert look_as(author, issue, "ada@example.org").status_code == 403
    page = author.get(f"/desk/issues/{issue.id}/preview").text
    assert "Look as this reader" not in page


def test_a_reader_who_is_erased_meanwhile_is_nobody(browser: Browser, issue: Issue) -> None:
    make_subscription(issue.mailing_list)
    look_as(browser, issue, "ada@example.org")
    erasure.erase(addresses.parse("ada@example.org"), actor="test", now=NOW)
    page = browser.get(f"/desk/issues/{issue.id}/preview?as=reader")
    assert "<b>Hello friend</b>" in page.text
