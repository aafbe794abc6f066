"""All issues in a list: what the filters find, and the numbers beside what was sent."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from newsletter import accounts, clock
from newsletter.delivery import planning
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues import composing, overview, workflow
from newsletter.issues.models import IssueState
from newsletter.subscriptions.models import MailingList
from tests.desk.browser import Browser, signed_in
from tests.factories import make_due_issue, make_editor, make_list, make_subscription


@pytest.fixture
def news(app: Flask) -> MailingList:
    news = make_list()
    for name in ("ada", "ben", "cleo"):
        make_subscription(news, f"{name}@example.org")
    return news


def titles(browser: Browser, asked: str = "") -> list[str]:
    """The subjects that the list shows."""
    answer = browser.get(f"/desk/issues/{asked}")
    assert answer.status_code == 200
    return re.findall(r'<a href="/desk/issues/\d+">Issue \d+: ([^<]+)</a>', answer.text)


def draft(news: MailingList, subject: str) -> int:
    return composing.create_issue(news, subject=subject, by=None, now=clock.now()).id


def test_sent_issues_have_their_numbers_beside_them(browser: Browser, news: MailingList) -> None:
    issue = make_due_issue(news, subject="Sent")
    planning.plan(issue, now=clock.now())
    ids = db.session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()
    for delivery_id, state in zip(
        ids, (DeliveryState.SENT, DeliveryState.SENT, DeliveryState.FAILED), strict=True
    ):
        db.session.execute(
            sa.update(Delivery).where(Delivery.id == delivery_id).values(state=state)
        )
    workflow.finish(issue, now=clock.now())
    draft(news, "Draft")
    page = browser.get("/desk/issues/").text
    assert re.findall(r'<td class="number" data-label="(\w+):">([\d,]+)</td>', page) == [
        ("Sent", "2"),
        ("Failed", "1"),
        ("Uncertain", "0"),
    ]


def test_issues_are_found_by_state_list_and_year(browser: Browser, news: MailingList) -> None:
    other = make_list("other", name="Other")
    draft(news, "A draft")
    draft(other, "Their draft")
    make_due_issue(news, subject="Scheduled", at=clock.now())
    old = composing.create_issue(
        news, subject="Old", by=None, now=clock.now() - timedelta(days=800)
    )
    old.state = IssueState.CANCELLED
    year = (clock.now() - timedelta(days=800)).year
    for asked, found in (
        ("", ["Old", "Scheduled", "Their draft", "A draft"]),
        ("?state=written", ["Their draft", "A draft"]),
        ("?state=scheduled", ["Scheduled"]),
        ("?state=cancelled", ["Old"]),
        ("?state=sent", []),
        ("?list=other", ["Their draft"]),
        (f"?year={year}", ["Old"]),
        (f"?year={year}&state=written", []),
    ):
        assert titles(browser, asked) == found, asked


@pytest.mark.parametrize(
    "asked", ["?state=x", "?list=nowhere", "?year=1234", "?year=x", "?year=99999999999", "?page=-3"]
)
def test_what_a_filter_does_not_know_counts_as_not_chosen(
    browser: Browser, news: MailingList, asked: str
) -> None:
    draft(news, "A draft")
    assert titles(browser, asked) == ["A draft"]


def test_the_filters_stay_when_the_page_is_turned(browser: Browser, news: MailingList) -> None:
    for number in range(overview.PER_PAGE + 1):
        draft(news, f"No {number}")
    page = browser.get("/desk/issues/?state=written&list=news").text
    assert 'href="/desk/issues/?state=written&amp;list=news&amp;page=2"' in page
    assert titles(browser, "?state=written&list=news&page=2") == ["No 0"]
    assert "There are no older issues." in browser.get("/desk/issues/?page=9").text


def test_nothing_found_leads_back_to_everything(browser: Browser, news: MailingList) -> None:
    assert "No issue yet. Begin the first one." in browser.get("/desk/issues/").text
    draft(news, "A draft")
    page = browser.get("/desk/issues/?state=sent").text
    assert 'No issue is like that. <a href="/desk/issues/">Show all issues</a>' in page


def test_other_lists_can_neither_be_chosen_nor_seen(app: Flask, news: MailingList) -> None:
    other = make_list("other", name="Other")
    draft(other, "Their draft")
    draft(news, "A draft")
    bound = make_editor("ben@example.org")
    accounts.bind_to_lists(bound, [news.id])
    browser = signed_in(app, bound)
    assert titles(browser, "?list=other") == ["A draft"]
    assert "Other" not in browser.get("/desk/issues/").text
