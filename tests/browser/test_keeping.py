"""No word is lost: what is refused, what a colleague changed, what waits for an answer."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, Route, expect

from newsletter import accounts, clock
from newsletter.accounts import Editor, sessions
from newsletter.extensions import db
from newsletter.issues import composing, editing, revisions
from newsletter.issues.composition import BlockKind
from newsletter.issues.models import Issue
from tests.browser.test_live import installation  # noqa: F401  # pytest finds it by this name
from tests.factories import content_of, make_editor, make_list, rewrite

PAGE = "/desk/issues/1"
SOON = 3_500
"""Milliseconds of the page's clock until it has tried to save."""

SignIn = Callable[[Editor], Page]


@pytest.fixture
def issue(installation: Flask) -> Issue:  # noqa: F811  # it is the fixture
    issue = composing.create_issue(make_list(), subject="First", by=None, now=clock.now())
    whole = composing.current(issue)
    for kind in (BlockKind.TEXT, BlockKind.BUTTON):
        whole = editing.with_block(whole, kind)
    composing.save(issue, whole, based_on_version=1, by=None, now=clock.now())
    db.session.commit()
    return issue


@pytest.fixture
def sign_in(browser: Browser, installation: Flask, issue: Issue) -> Iterator[SignIn]:  # noqa: F811
    """A browser that several editors may use one after the other; its clock waits for the test."""
    context = browser.new_context(locale="en-GB", base_url=installation.config["PUBLIC_URL"])

    def enter(editor: Editor) -> Page:
        link = accounts.make_sign_in_link(editor, now=clock.now())
        db.session.commit()
        context.clear_cookies()
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
        page.clock.install()
        page.goto(PAGE)
        scripts_run(page)
        return page

    yield enter
    context.close()


@pytest.fixture
def page(sign_in: SignIn) -> Page:
    return sign_in(make_editor())


def introduction(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Introduction")


def scripts_run(page: Page) -> None:
    """Wait until the page's scripts do."""
    expect(page.get_by_role("toolbar").first).to_be_visible()


def leave(page: Page) -> list[str]:
    """Go elsewhere, agree to whatever is asked, and return what was."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/desk/")
    return asked


def says(issue: Issue) -> tuple[str, str]:
    db.session.expire_all()
    content = content_of(issue)
    db.session.rollback()
    return content.subject, content.introduction


def test_the_page_that_shows_both_keeps_what_was_typed_until_it_is_saved(
    page: Page, issue: Issue
) -> None:
    rewrite(issue, subject="Theirs")
    db.session.commit()
    page.get_by_label("Subject").fill("Mine")
    page.clock.run_for(SOON)
    page.get_by_role("button", name="Show both").click()
    expect(page.locator(".theirs")).to_contain_text("Theirs")
    expect(page.locator("#saved")).to_contain_text("Not saved")
    scripts_run(page)
    page.get_by_label("Preheader").fill("More words")
    page.clock.run_for(60_000)
    # To decide is for a button, not for the clock.
    assert says(issue)[0] == "Theirs"
    assert leave(page) == ["beforeunload"]
    page.goto(PAGE)
    page.get_by_role("button", name="Put them back").click()
    expect(page.locator(".theirs").first).to_contain_text("Theirs")
    expect(page.get_by_label("Subject")).to_have_value("Mine")
    expect(page.get_by_label("Preheader")).to_have_value("More words")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 4.")).to_be_visible()
    expect(page.get_by_role("button", name="Put them back")).to_have_count(0)
    assert says(issue)[0] == "Mine"


@pytest.mark.parametrize("by_itself", [True, False], ids=["by-itself", "by-a-button"])
def test_words_beside_a_mistake_are_not_lost_by_leaving(
    page: Page, issue: Issue, by_itself: bool
) -> None:
    introduction(page).fill("Precious words")
    page.get_by_label("Where it leads").fill("javascript:alert(1)")
    if by_itself:
        page.clock.run_for(SOON)
        expect(page.get_by_role("button", name="Show where")).to_be_visible()
    else:
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#saved")).to_contain_text("Not saved")
        scripts_run(page)
        page.get_by_label("Where it leads").click()
    assert leave(page) == ["beforeunload"]
    page.goto(PAGE)
    expect(introduction(page)).to_have_value("")
    page.get_by_role("button", name="Put them back").click()
    expect(introduction(page)).to_have_value("Precious words")
    scripts_run(page)
    page.get_by_label("Where it leads").fill("https://example.org/")
    page.clock.run_for(SOON)
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.goto(PAGE)
    expect(introduction(page)).to_have_value("Precious words")
    expect(page.get_by_role("button", name="Put them back")).to_have_count(0)


def test_what_is_put_back_does_not_overwrite_a_colleague(page: Page, issue: Issue) -> None:
    page.context.set_offline(True)
    introduction(page).fill("Words without a connection")
    page.clock.run_for(SOON)
    expect(page.locator("#saved")).to_contain_text("kept in this browser")
    context = page.context
    page.close()
    context.set_offline(False)
    rewrite(issue, subject="Theirs", introduction="Their words")
    db.session.commit()
    page = context.new_page()
    page.goto(PAGE)
    page.get_by_role("button", name="Put them back").click()
    expect(introduction(page)).to_have_value("Words without a connection")
    expect(page.locator(".theirs").first).to_contain_text("Theirs")
    assert says(issue) == ("Theirs", "Their words")


def test_what_was_sent_by_a_button_is_not_offered_again(page: Page, issue: Issue) -> None:
    page.get_by_label("Subject").fill("Other")
    page.locator(".of-text button", has_text="Take out").click()
    expect(page.locator(".of-text")).to_have_count(0)
    scripts_run(page)
    expect(page.get_by_role("button", name="Put them back")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_a_button_waits_for_the_answer_to_what_is_being_saved(page: Page, issue: Issue) -> None:
    waiting: list[Route] = []
    page.route("**/autosave", lambda route: waiting.append(route))
    page.get_by_label("Subject").fill("By itself")
    with page.expect_request("**/autosave"):
        page.clock.run_for(SOON)
    introduction(page).fill("And by a button")
    page.get_by_role("group", name="Add").get_by_role("button", name="Heading").click()
    waiting[0].continue_()
    expect(page.locator(".of-heading")).to_be_visible()
    expect(page.locator(".theirs")).to_have_count(0)
    assert says(issue) == ("By itself", "And by a button")


def test_an_answer_that_is_lost_is_no_colleague(page: Page, issue: Issue) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/autosave", lose)
    page.get_by_label("Subject").fill("By itself")
    page.clock.run_for(SOON)
    expect(page.locator("#saved")).to_contain_text("no connection")
    introduction(page).fill("And by a button")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 4.")).to_be_visible()
    assert says(issue) == ("By itself", "And by a button")


def test_nobody_is_offered_a_colleagues_words(sign_in: SignIn, issue: Issue) -> None:
    page = sign_in(make_editor())
    # Not by setting the browser offline: a page that closes slowly might come online, and save.
    page.route("**/autosave", lambda route: route.abort())
    introduction(page).fill("For nobody else")
    page.clock.run_for(SOON)
    expect(page.locator("#saved")).to_contain_text("kept in this browser")
    page.close()
    colleague = sign_in(make_editor("olga@example.org"))
    expect(colleague.get_by_role("button", name="Put them back")).to_have_count(0)
    again = sign_in(accounts.get_editor("edith@example.org"))
    expect(again.get_by_role("button", name="Put them back")).to_have_count(1)


def test_who_signs_in_beside_goes_on_where_they_were(page: Page, issue: Issue) -> None:
    sessions.end_sessions(accounts.get_editor("edith@example.org"))
    db.session.commit()
    introduction(page).fill("Before the session ended")
    page.clock.run_for(SOON)
    expect(page.locator("#saved")).to_contain_text("you are signed out")
    link = accounts.make_sign_in_link(accounts.get_editor("edith@example.org"), now=clock.now())
    db.session.commit()
    beside = page.context.new_page()
    beside.goto(link)
    beside.get_by_role("button", name="Sign in").click()
    beside.wait_for_load_state()
    with page.expect_response(f"**{PAGE}") as renewed:
        page.clock.run_for(31_000)
    renewed.value.finished()
    page.clock.run_for(31_000)
    expect(page.locator("#saved")).to_contain_text("Saved ")
    assert says(issue)[1] == "Before the session ended"
    assert revisions.line(issue, issue.version).is_automatic
