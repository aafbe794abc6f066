"""“Show who”: the people behind the sentence, for those who may see readers, and noted."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter.accounts import RoleName
from newsletter.audit.models import AuditEntry
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue
from newsletter.subscriptions.models import SubscriptionState
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list, make_subscription


@pytest.fixture
def issue(app: Flask) -> Issue:
    news = make_list()
    for number in range(60):
        make_subscription(news, f"r{number}@example.org", name=f"<b>R{number}</b>")
    make_subscription(news, "dina@example.org", state=SubscriptionState.PAUSED)
    return composing.create_issue(news, subject="Hello", by=None, now=NOW)


def test_who_gets_it_is_shown_in_pages_and_no_address_is_in_a_url(
    browser: Browser, issue: Issue
) -> None:
    path = f"/desk/issues/{issue.id}/audience"
    first = browser.post(path)
    assert first.status_code == 200
    assert "r0@example.org" in first.text
    assert "r59@example.org" not in first.text
    assert "<b>R0" not in first.text
    after = first.text.split('name="after" value="')[1].split('"')[0]
    second = browser.post(path, {"group": "gets-it", "after": after})
    assert "r59@example.org" in second.text
    assert "r0@example.org" not in second.text
    assert [
        url for url in re.findall(r'(?:href|action|src)="([^"]*)"', second.text) if "@" in url
    ] == []


def test_who_is_left_out_is_shown_with_the_reason(browser: Browser, issue: Issue) -> None:
    page = browser.post(f"/desk/issues/{issue.id}/audience", {"group": "paused"}).text
    assert "dina@example.org" in page
    assert "because they paused" in page


def test_every_look_is_noted(browser: Browser, issue: Issue) -> None:
    browser.post(f"/desk/issues/{issue.id}/audience", {"group": "paused"})
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.deed, entry.key) == ("issue.audience-seen", str(issue.id))
    assert "paused" in entry.detail


@pytest.mark.parametrize("fields", [{"group": "x"}, {"after": "x"}, {"after": "9" * 40}])
def test_nonsense_is_the_first_page(browser: Browser, issue: Issue, fields: dict[str, str]) -> None:
    page = browser.post(f"/desk/issues/{issue.id}/audience", fields)
    assert page.status_code == 200
    assert "r0@example.org" in page.text


def test_authors_do_not_see_readers(app: Flask, issue: Issue) -> None:
    author = signed_in(app, make_editor("a@example.org", role=RoleName.AUTHOR))
    assert author.post(f"/desk/issues/{issue.id}/audience").status_code == 403


def test_an_issue_that_has_begun_has_its_readers_already(browser: Browser, issue: Issue) -> None:
    issue.begun_at = NOW
    assert browser.post(f"/desk/issues/{issue.id}/audience").status_code == 409
