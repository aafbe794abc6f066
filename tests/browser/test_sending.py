"""The last step with scripts: the sentence follows what is chosen, and the hold is counted down."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

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


def night() -> str:
    return f"{clock.now().year + 1}-07-01T03:00"


def test_the_checks_follow_the_time_and_a_reason_that_is_typed_stays(page: Page) -> None:
    page.clock.install()
    page.goto(f"{ISSUE}/send")
    expect(page.locator("#standing")).to_contain_text("One warning stands")
    page.get_by_text("Let it pass: There is no preheader.").click()
    reason = page.get_by_label("Why it may pass")
    reason.fill("The first lines say")
    page.get_by_label("Day and time").fill(night())
    page.clock.run_for(1_000)
    expect(page.locator("#found")).to_contain_text("It goes out at night: at 03:00 (UTC).")
    expect(page.locator("#standing")).to_contain_text("2 warnings stand")
    expect(reason).to_have_value("The first lines say")
    page.get_by_label("Day and time").fill(night().replace("T03", "T10"))
    page.clock.run_for(1_000)
    expect(page.locator("#found")).not_to_contain_text("night")
    expect(reason).to_have_value("The first lines say")


@pytest.mark.parametrize("way_back", ["the browser's", "the page's", "by the other way"])
def test_the_time_that_was_typed_is_there_on_the_way_back(page: Page, way_back: str) -> None:
    page.goto(f"{ISSUE}/send")
    page.get_by_label("Day and time").fill(night())
    page.get_by_label("Time zone").select_option("Europe/Vienna")
    if way_back == "by the other way":
        page.get_by_role("link", name="Now, with a hold").click()
        # Its script takes along what is typed, and comes after the field.
        page.wait_for_url(re.compile("when=soon"))
        page.get_by_label("Minutes to hold it").fill("25")
        page.get_by_role("link", name="At a time").click()
        page.wait_for_url(re.compile("when=at"))
    else:
        page.get_by_role("button", name="Show who").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Who gets issue 1")
        if way_back == "the browser's":
            page.go_back()
        else:
            page.get_by_role("link", name="Issue 1", exact=True).click()
    expect(page.get_by_label("Day and time")).to_have_value(night())
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    expect(page.locator("#sentence")).to_contain_text("at 03:00 (Europe/Vienna) issue 1 goes to")
    expect(page.locator("#found")).to_contain_text("It goes out at night")
    if way_back == "by the other way":
        page.get_by_role("link", name="Now, with a hold").click()
        expect(page.get_by_label("Minutes to hold it")).to_have_value("25")


def test_what_was_typed_before_the_script_came_counts(page: Page) -> None:
    late: list[Route] = []
    page.route("**/sending*.js*", lambda route: late.append(route))
    with page.expect_request("**/sending*.js*"):
        page.goto(f"{ISSUE}/send?when=soon", wait_until="commit")
    page.get_by_label("Minutes to hold it").fill("25")
    late[0].continue_()
    other_way = page.get_by_role("link", name="At a time")
    expect(other_way).to_have_attribute("href", re.compile("hold=25"))


def test_an_issue_is_scheduled_by_keyboard_alone(page: Page, issue: Issue) -> None:
    page.goto(f"{ISSUE}/send")
    year = clock.now().year + 1
    _tab_to(page, "at")
    # Whichever of them comes first where the browser is: the first day of the first month.
    page.keyboard.type(f"0101{year}")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("1430")
    _tab_to(page, "zone")
    page.keyboard.type("Europe/Vienna")
    expect(page.locator("#sentence")).to_contain_text(
        f"1 January {year} at 14:30 (Europe/Vienna) issue 1 goes to"
    )
    while page.evaluate("document.activeElement.value") != "go":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop issue 1")).to_be_visible()
    expect(page.locator("main")).to_contain_text(
        "at 14:30 (Europe/Vienna) issue 1 goes to 1 person"
    )
    db.session.expire_all()
    assert (issue.state, issue.zone) == (IssueState.SCHEDULED, "Europe/Vienna")


def _tab_to(page: Page, name: str) -> None:
    """Press the Tab key until the field with this name has the focus."""
    for _ in range(60):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not come to {name}")


def test_another_time_is_judged_before_it_acts(page: Page, issue: Issue) -> None:
    workflow.approve(issue, by=None, now=clock.now())
    workflow.send_soon(issue, timedelta(minutes=10), now=clock.now())
    db.session.commit()
    page.goto(ISSUE)
    page.get_by_text("Another time").click()
    page.get_by_label("Day and time").fill(night())
    expect(page.locator("#found")).to_contain_text("It goes out at night: at 03:00 (UTC).")
    expect(page.locator("#sentence")).to_contain_text("at 03:00 (UTC) issue 1 goes to 1 person.")
    page.get_by_role("button", name="Move issue 1 to this time").click()
    expect(page.locator("main")).to_contain_text("Issue 1 has another time now.")
    db.session.expire_all()
    assert f"{issue.send_at:%Y-%m-%dT%H:%M}" == night()


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
