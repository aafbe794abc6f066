"""The last step with scripts: the sentence follows what is chosen, and the hold is counted down."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from newsletter import accounts, clock
from newsletter.extensions import db
from newsletter.issues import composing, workflow
from newsletter.issues.models import Issue, IssueState
from tests.browser.test_live import installation  # noqa: F401  # pytest finds it by this name
from tests.factories import make_editor, make_list, make_subscription

ISSUE = "/desk/issues/1"
"""Its page; to ask the row for its number would take the lock that its buttons need."""

EVERY = 30_500
"""Milliseconds of the page's clock until the counts are asked for again."""


@pytest.fixture
def issue(installation: Flask) -> Issue:  # noqa: F811  # it is the fixture
    news = make_list()
    make_subscription(news, "ada@example.org")
    return composing.create_issue(
        news, subject="Hello", introduction="There is news.", by=None, now=clock.now()
    )


@pytest.fixture
def page(browser: Browser, installation: Flask, issue: Issue) -> Iterator[Page]:  # noqa: F811
    """An editor's page, whose clock runs when the test lets it."""
    link = accounts.make_sign_in_link(make_editor(), now=clock.now())
    db.session.commit()
    context = browser.new_context(locale="en-GB", base_url=installation.config["PUBLIC_URL"])
    door = context.new_page()
    door.goto(link)
    door.get_by_role("button", name="Sign in").click()
    door.wait_for_load_state()
    page = context.new_page()
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert said == []


def test_the_sentence_follows_the_day_the_zone_and_the_counts(page: Page, issue: Issue) -> None:
    page.clock.install()
    page.goto(f"{ISSUE}/send")
    sentence = page.locator("#sentence")
    expect(sentence).to_contain_text("at 09:00 (UTC) issue 1 goes to 1 person.")
    expect(page.get_by_role("button", name="Say it again")).to_have_count(0)
    year = clock.now().year + 1
    page.get_by_label("Day and time").fill(f"{year}-07-01T14:30")
    page.get_by_label("Time zone").select_option("Europe/Vienna")
    page.clock.run_for(1_000)
    expect(sentence).to_contain_text(f"1 July {year} at 14:30 (Europe/Vienna) issue 1 goes to")
    make_subscription(issue.mailing_list, "ben@example.org")
    db.session.commit()
    page.clock.run_for(EVERY)
    expect(sentence).to_contain_text("goes to 2 people.")


def test_what_cannot_be_is_said_at_once_and_goes_away_again(page: Page, issue: Issue) -> None:
    page.clock.install()
    page.goto(f"{ISSUE}/send?when=soon")
    hold = page.get_by_label("Minutes to hold it")
    wrong = page.locator("#wrong")
    hold.fill("61")
    page.clock.run_for(1_000)
    expect(wrong).to_have_text("Write a number of minutes from 0 to 60.")
    hold.fill("5")
    page.clock.run_for(1_000)
    expect(wrong).to_be_hidden()
    expect(page.locator("#sentence")).to_contain_text("In 5 minutes, at ")


def test_the_enter_key_sends_nothing(page: Page, issue: Issue) -> None:
    page.goto(f"{ISSUE}/send?when=soon")
    page.get_by_label("Minutes to hold it").press("Enter")
    page.wait_for_load_state()
    expect(page.get_by_role("button", name="Send issue 1")).to_be_visible()
    db.session.expire_all()
    assert issue.state is IssueState.DRAFT


def test_a_double_click_sends_once_and_says_so(page: Page, issue: Issue) -> None:
    page.goto(f"{ISSUE}/send?when=soon")
    page.get_by_role("button", name="Send issue 1").dblclick()
    expect(page.get_by_role("button", name="Stop issue 1")).to_be_visible()
    db.session.expire_all()
    assert issue.state is IssueState.SCHEDULED


def test_a_colleague_who_was_faster_is_noticed(page: Page, issue: Issue) -> None:
    page.clock.install()
    page.goto(f"{ISSUE}/send")
    workflow.approve(issue, by=None, now=clock.now())
    workflow.send_soon(issue, timedelta(minutes=30), now=clock.now())
    db.session.commit()
    page.clock.run_for(EVERY)
    expect(page.locator("#changed")).to_contain_text("has changed")
    expect(page.get_by_role("button", name="Schedule issue 1")).to_be_disabled()


def test_the_hold_is_counted_down_and_stop_takes_it_back(page: Page, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=clock.now())
    workflow.send_soon(issue, timedelta(minutes=10), now=clock.now())
    db.session.commit()
    page.clock.install()
    page.goto(ISSUE)
    countdown = page.get_by_role("timer")
    expect(countdown).to_contain_text("In 9:")
    page.clock.run_for(120_000)
    expect(countdown).to_contain_text("In 7:")
    page.get_by_role("button", name="Stop issue 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Stopped. Nobody got issue 1")
    db.session.expire_all()
    assert issue.state is IssueState.APPROVED
