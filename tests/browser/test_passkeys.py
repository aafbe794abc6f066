"""Passkeys in a real browser, whose authenticator is a virtual one of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Installation

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def scripted(browser: Browser) -> Iterator[Page]:
    """A page that runs scripts, on a computer with a finger on its sensor."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    yield page
    # What the content security policy refuses is said here, too.
    assert complaints == []
    context.close()


def test_a_passkey_is_added_and_signs_in(scripted: Page, named_installation: Installation) -> None:
    page, url = scripted, named_installation.url
    page.goto(named_installation.sign_in_link)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{url}/desk/account/passkeys")
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_hidden()
    page.get_by_label("Name").fill("Test computer")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_contain_text("Test computer is added")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("has a passkey for the desk already")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What needs you now")
    page.goto(f"{url}/desk/account/")
    expect(page.get_by_text("Signed in by passkey")).to_be_visible()


def test_without_scripts_the_page_says_what_works(
    page: Page, named_installation: Installation
) -> None:
    page.goto(f"{named_installation.url}/desk/sign-in")
    expect(page.get_by_text("Passkeys need JavaScript; password and link work")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
