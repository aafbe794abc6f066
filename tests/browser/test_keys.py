"""Single keys for who prefers them: never while somebody types, and off for who wants that."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.furnishing import Furnished
from tests.browser.looking import looking


@pytest.fixture
def page(browser: Browser, furnished_installation: Furnished) -> Iterator[Page]:
    with looking(browser, furnished_installation, "light", 1280, is_admin=True) as eyes:
        eyes.page.goto("/desk/account/")
        yield eyes.page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("gn", "/desk/"),
        ("gi", "/desk/issues/"),
        ("gl", "/desk/library/"),
        ("n", "/desk/issues/new"),
    ],
)
def test_keys_lead_to_places(page: Page, keys: str, path: str) -> None:
    press(page, *keys)
    page.wait_for_url(f"**{path}")


def test_a_question_mark_lists_the_keys_and_they_wait_meanwhile(page: Page) -> None:
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press(page, "n")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("/desk/account/")


def test_a_slash_leads_to_the_field_and_arrows_through_what_was_found(page: Page) -> None:
    press(page, "/")
    expect(page.get_by_label("Search everything")).to_be_focused()
    page.keyboard.type("pilot")
    press(page, "Enter")
    page.wait_for_url("**/desk/search?q=pilot")
    press(page, "/", "ArrowDown")
    first = page.locator(".finds li a").first
    expect(first).to_be_focused()
    press(page, "ArrowDown", "ArrowUp", "ArrowUp")
    expect(page.get_by_label("Search everything")).to_be_focused()
    press(page, "ArrowDown", "Enter")
    page.wait_for_url("**/desk/issues/*")


def test_an_address_stands_in_no_address_of_a_page(page: Page) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    press(page, "/")
    page.keyboard.type("reader7@example.org")
    press(page, "Enter")
    expect(page.get_by_role("button", name="Look up this subscriber")).to_be_visible()
    assert seen
    assert not any("reader7" in url for url in seen)


def test_letters_are_letters_where_somebody_types(page: Page) -> None:
    name = page.get_by_label("Name", exact=True)
    name.fill("")
    name.press_sequentially("ngi/?")
    expect(name).to_have_value("ngi/?")
    assert page.url.endswith("/desk/account/")


def test_with_another_key_held_they_are_the_browsers(page: Page) -> None:
    press(page, "Alt+n", "Control+i")
    page.wait_for_timeout(100)
    assert page.url.endswith("/desk/account/")


def test_who_turns_them_off_is_left_alone(page: Page) -> None:
    box = page.get_by_label("Single keys do something in this browser")
    expect(box).to_be_checked()
    box.uncheck()
    page.reload()
    expect(box).not_to_be_checked()
    press(page, "n", "?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("/desk/account/")
    box.check()
    page.locator("h1").click()
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
