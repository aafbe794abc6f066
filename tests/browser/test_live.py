"""The page of an issue on its way, with scripts: it keeps itself true and disturbs nobody."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from newsletter import accounts, clock
from newsletter.delivery.models import DeliveryState
from newsletter.extensions import db
from newsletter.issues.models import Issue
from tests.browser.furnishing import front_door, serving
from tests.conftest import running, settings
from tests.desk.on_its_way import begun_issue, end, put
from tests.factories import make_editor

NEXT_LOOK = 2_500
"""Milliseconds of the page's clock until it has looked again."""


@pytest.fixture
def installation(migrated_database: Path, tmp_path: Path) -> Iterator[Flask]:
    """An installation that answers on a port of its own; the test holds its database, too."""
    shutil.copy(migrated_database, tmp_path / "test.sqlite3")
    here = {"PUBLIC_HOST": "127.0.0.1", "IS_PRODUCTION": False}
    with (
        front_door() as (door, there),
        running({**settings(tmp_path), **here, "PUBLIC_URL": f"http://{there}"}) as app,
        serving(app, door),
    ):
        yield app


@pytest.fixture
def issue(installation: Flask) -> Issue:
    issue = begun_issue()
    put("ada", DeliveryState.SENT)
    return issue


@pytest.fixture
def page(browser: Browser, installation: Flask, issue: Issue) -> Iterator[Page]:
    """The page of the issue, whose clock stands until the test lets it run."""
    link = accounts.make_sign_in_link(make_editor(), now=clock.now())
    db.session.commit()
    context = browser.new_context(locale="en-GB")
    door = context.new_page()
    door.goto(link)
    door.get_by_role("button", name="Sign in").click()
    door.wait_for_load_state()
    page = context.new_page()
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.clock.install()
    page.goto(f"{installation.config['PUBLIC_URL']}/desk/issues/{issue.id}")
    yield page
    context.close()
    assert [text for text in said if "Failed to load" not in text] == []


def progress(page: Page, sentence: str) -> None:
    expect(page.locator("#live-progress")).to_contain_text(sentence)


def test_numbers_change_and_what_somebody_types_stays(page: Page) -> None:
    progress(page, "1 of 4 sent")
    expect(page.locator("iframe")).to_have_count(0)
    field = page.get_by_label("E-mail address of a reader")
    field.press_sequentially("ada@")
    put("ben", DeliveryState.SENT)
    page.clock.run_for(NEXT_LOOK)
    progress(page, "2 of 4 sent")
    expect(page.locator("#live-numbers")).to_contain_text("Sent2")
    expect(page.locator("#live-providers")).to_contain_text("ben.example")
    expect(field).to_be_focused()
    expect(field).to_have_value("ada@")


def test_focus_on_a_number_stays_while_it_changes(page: Page) -> None:
    progress(page, "1 of 4 sent")
    link = page.locator("#live-numbers").get_by_role("link").first
    link.focus()
    put("ben", DeliveryState.SENT)
    page.clock.run_for(NEXT_LOOK)
    expect(link).to_have_text("2")
    expect(link).to_be_focused()


def test_a_screen_reader_is_told_every_ten_seconds_at_most(page: Page) -> None:
    progress(page, "1 of 4 sent")
    said = page.locator("#live-says")
    put("ben", DeliveryState.SENT)
    page.clock.run_for(NEXT_LOOK)
    progress(page, "2 of 4 sent")
    expect(said).to_be_empty()
    for _ in range(4):
        with page.expect_response("**/live"):
            page.clock.run_for(NEXT_LOOK)
    expect(said).to_contain_text("2 of 4 sent")


def test_when_it_is_over_it_says_so_and_asks_no_more(page: Page, issue: Issue) -> None:
    progress(page, "1 of 4 sent")
    for name in ("ben", "cleo", "dan"):
        put(name, DeliveryState.SENT)
    end()
    page.clock.run_for(NEXT_LOOK)
    expect(page.locator("#live-changed")).to_be_visible()
    expect(page.locator("#live-says")).to_have_text("How things stand has changed.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(10 * NEXT_LOOK)
    assert asked == []
    page.get_by_role("link", name="Load this page again").click()
    expect(page.locator(".head")).to_contain_text("Sent")


def test_a_page_that_nobody_sees_asks_nothing(page: Page) -> None:
    progress(page, "1 of 4 sent")
    hide = "is => { Object.defineProperty(document, 'hidden', {value: is, configurable: true}); "
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    page.clock.run_for(NEXT_LOOK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(10 * NEXT_LOOK)
    assert asked == []
    put("ben", DeliveryState.SENT)
    page.evaluate(hide, False)
    progress(page, "2 of 4 sent")


def test_a_server_that_does_not_answer_is_said_until_it_does(page: Page) -> None:
    progress(page, "1 of 4 sent")
    lost = page.locator("#live-lost")
    expect(lost).to_be_hidden()
    page.route("**/live", lambda route: route.abort())
    for seconds in (2, 4, 8):
        with page.expect_request("**/live"):
            page.clock.run_for(1_000 * seconds + 500)
    expect(lost).to_be_visible()
    page.unroute("**/live")
    page.clock.run_for(20_000)
    expect(lost).to_be_hidden()
