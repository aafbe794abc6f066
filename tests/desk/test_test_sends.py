"""Tests by mail: to editors, marked, limited, and harmless."""

import base64
from email import message_from_bytes, policy

import sqlalchemy as sa

from newsletter.accounts import bind_to_lists, get_editor
from newsletter.desk.mailing import TESTS_AN_HOUR
from newsletter.extensions import db
from newsletter.issues.models import Issue
from newsletter.mail.models import OutboxMessage
from tests.desk.browser import Browser
from tests.desk.french import with_french
from tests.factories import (
    make_editor,
    make_list,
)


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


def test_a_test_is_of_the_edition_that_is_looked_at(browser: Browser, issue: Issue) -> None:
    with_french(issue)
    browser.post(f"/desk/issues/{issue.id}/test?lang=fr")
    mail = db.session.scalars(sa.select(OutboxMessage)).one()
    message = message_from_bytes(base64.b64decode(mail.facts["message"]), policy=policy.default)
    assert message["Subject"] == "[Test] Bonjour"


def mailed() -> list[tuple[str, str]]:
    mails = db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)).all()
    messages = [base64.b64decode(mail.facts["message"]) for mail in mails]
    return [
        (mail.recipient, message_from_bytes(message, policy=policy.default)["Subject"])
        for mail, message in zip(mails, messages, strict=True)
    ]


def test_colleagues_of_the_list_get_every_edition(browser: Browser, issue: Issue) -> None:
    with_french(issue)
    anna = make_editor("anna@example.org", name="Anna", has_joined=True)
    page = browser.get(f"/desk/issues/{issue.id}/preview").text
    assert "Anna (anna@example.org)" in page
    edith = get_editor("edith@example.org")
    fields = {"to": [str(anna.id), str(edith.id)], "editions": "every"}
    assert browser.post(f"/desk/issues/{issue.id}/test/group", fields).status_code == 303
    assert mailed() == [
        ("anna@example.org", "[Test] Hello friend"),
        ("anna@example.org", "[Test] Bonjour"),
        ("edith@example.org", "[Test] Hello friend"),
        ("edith@example.org", "[Test] Bonjour"),
    ]
    assert "to themselves and 1 colleague" in browser.get(f"/desk/log/?issue={issue.id}").text


def test_a_test_goes_to_no_address_but_those_of_the_lists_editors(
    browser: Browser, issue: Issue
) -> None:
    other_list = make_list("other")
    bound = make_editor("bound@example.org", has_joined=True)
    bind_to_lists(bound, [other_list.id])
    gone = make_editor("gone@example.org", has_joined=True)
    gone.active = False
    invited = make_editor("invited@example.org")
    for to in (
        [],
        [str(bound.id)],
        [str(gone.id)],
        [str(invited.id)],
        ["victim@example.org"],
        ["0"],
        ["9" * 30],
    ):
        answer = browser.post(f"/desk/issues/{issue.id}/test/group", {"to": to})
        assert answer.status_code == 422
        assert "Tick at least one person" in answer.text
    assert mailed() == []


def test_a_group_counts_as_many_tests_as_mails_and_all_or_none_go(
    browser: Browser, issue: Issue
) -> None:
    people = [
        make_editor(f"e{number}@example.org", has_joined=True)
        for number in range(2 * TESTS_AN_HOUR + 1)
    ]
    fields = {"to": [str(one.id) for one in people]}
    answer = browser.post(f"/desk/issues/{issue.id}/test/group", fields)
    assert answer.status_code == 429
    assert mailed() == []
