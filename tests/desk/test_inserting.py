"""Putting a page from elsewhere into an issue; no page is asked for here, which is said."""

from datetime import timedelta

import pytest
from flask import Flask

from newsletter import clock, limits
from newsletter.accounts import Editor
from newsletter.desk.inserting import PAGES_A_MINUTE
from newsletter.extensions import db
from newsletter.issues import composing
from newsletter.issues.models import Issue
from tests.conftest import NOW
from tests.desk.browser import Browser, signed_in
from tests.factories import make_editor, make_list

ADDRESS = "www.example.org/guidance"


@pytest.fixture
def edith(app: Flask) -> Editor:
    return make_editor()


@pytest.fixture
def browser(app: Flask, edith: Editor) -> Browser:
    return signed_in(app, edith)


@pytest.fixture
def issue(app: Flask) -> Issue:
    return composing.create_issue(make_list(), subject="S", by=None, now=NOW)


def test_a_page_that_cannot_be_read_is_a_row_all_the_same(browser: Browser, issue: Issue) -> None:
    answer = browser.post(f"/desk/issues/{issue.id}/link", {"address": ADDRESS})
    assert answer.status_code == 303
    assert "write its title and summary yourself" in browser.get(f"/desk/issues/{issue.id}").text
    db.session.expire_all()
    (block,) = composing.current(issue).blocks
    assert block.item is not None
    assert (block.item.title, block.item.url) == ("example.org", f"https://{ADDRESS}")


def test_nobody_has_pages_read_all_day(
    app: Flask, browser: Browser, edith: Editor, issue: Issue
) -> None:
    minute = timedelta(minutes=1)
    # The next minute may begin meanwhile.
    for at in (clock.now(), clock.now() + minute):
        for _ in range(PAGES_A_MINUTE):
            limits.count(
                "page elsewhere", str(edith.id), window=minute, most=PAGES_A_MINUTE, now=at
            )
    page = f"/desk/issues/{issue.id}/link"
    answer = browser.post(page, {"address": ADDRESS})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert "30 pages read within a minute" in answer.text
    # What is no address is not asked for, and a colleague is not held up.
    assert browser.post(page, {"address": "no address"}).status_code == 422
    colleague = signed_in(app, make_editor("olga@example.org"))
    assert colleague.post(page, {"address": ADDRESS}).status_code == 303
