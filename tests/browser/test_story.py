"""The whole job by hand: real processes, a real browser, no scripts."""

import json
import time

from playwright.sync_api import Page, expect

from tests.browser.conftest import Installation

READER = "ada@example.org"
PATIENCE = 30
"""Seconds that a mail may take to be in the mailbox."""


def test_a_newcomer_lives_the_whole_story(page: Page, installation: Installation) -> None:
    sign_up(page, installation)
    confirm(page, installation)
    page.goto(installation.sign_in_link)
    page.get_by_role("button", name="Sign in").click()
    number = compose(page, installation)
    send(page, number)
    read_and_leave(page, installation, number)
    check_the_books(installation, number)


def sign_up(page: Page, installation: Installation) -> None:
    page.goto(installation.url)
    page.get_by_label("Multiple micronutrient supplements").check()
    page.get_by_label("Your e-mail address").fill("ada@")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_role("button", name="Stay informed").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Ada Lovelace")
    page.get_by_label("Your e-mail address").fill(READER)
    page.get_by_role("button", name="Stay informed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    assert page.context.cookies() == []


def confirm(page: Page, installation: Installation) -> None:
    open_mail(page, installation, "Confirm your subscription")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Confirm my subscription").first.click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_have_text("One more click")
    assert READER not in tab.content()
    tab.get_by_role("button", name="Yes, send me these e-mails").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("You are on the list")
    tab.close()
    open_mail(page, installation, "You are subscribed to")


def compose(page: Page, installation: Installation) -> int:
    page.goto(f"{installation.url}/desk/issues/new")
    boxes = page.locator("input[name=items]")
    assert boxes.count() >= 3
    for place in range(3):
        boxes.nth(place).check()
    page.get_by_role("button", name="Begin the issue").click()
    number = int(page.url.rpartition("/")[2].partition("?")[0])
    page.get_by_label("Subject").fill("New guidance for {{ name | you }}")
    page.get_by_label("Preheader").fill("The MMS TAG answers a question about breastfeeding women")
    page.get_by_label("Introduction").fill(
        "Dear {{ name | reader }},\n\nthere is **new guidance**."
    )
    page.get_by_role("button", name="Preview", exact=True).click()
    frame = page.frame_locator("iframe.message")
    expect(frame.get_by_text("Dear reader")).to_be_visible()
    page.get_by_role("link", name="Plain text").click()
    expect(page.locator("pre.message-text")).to_contain_text("Dear reader")
    page.goto(f"{installation.url}/desk/issues/{number}")
    return number


def send(page: Page, number: int) -> None:
    page.get_by_role("button", name="Send or schedule").click()
    expect(page.locator("#sentence")).to_contain_text(f"issue {number} goes to")
    page.get_by_role("link", name="Now, with a hold").click()
    page.get_by_label("Minutes to hold it").fill("5")
    page.get_by_role("button", name=f"Send issue {number}").click()
    page.get_by_role("button", name=f"Stop issue {number}").click()
    page.goto(page.url.partition("/desk/")[0] + f"/desk/issues/{number}/send?when=soon")
    page.get_by_label("Minutes to hold it").fill("0")
    page.get_by_role("button", name=f"Send issue {number}").click()


def read_and_leave(page: Page, installation: Installation, number: int) -> None:
    open_mail(page, installation, "New guidance for Ada Lovelace")
    expect(page.frame_locator("iframe").get_by_text("Dear Ada Lovelace")).to_be_visible()
    page.goto(f"{installation.url}/archive/{number}")
    expect(page.get_by_role("heading", level=1)).to_have_text("New guidance for you")
    open_mail(page, installation, "New guidance for Ada Lovelace")
    with page.expect_popup() as opened:
        page.locator("a[href*='/unsubscribe/']").first.click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Stop e-mails from")
    tab.get_by_role("button", name="Stop these e-mails").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("These e-mails have stopped")


def check_the_books(installation: Installation, number: int) -> None:
    report = json.loads(installation.flask("issues", "report", str(number), "--json"))
    assert (report["planned"], report["sent"]) == (1, 1)
    traced = json.loads(installation.flask("issues", "trace", str(number), READER, "--json"))
    assert traced["state"] == "sent"
    shown = json.loads(installation.flask("subscribers", "show", READER, "--json"))
    assert shown["state"] == "unsubscribed"


def open_mail(page: Page, installation: Installation, subject: str) -> None:
    """Open the newest mail with this subject in the development mailbox."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.goto(f"{installation.url}/mailbox")
        found = page.get_by_role("link", name=subject)
        if found.count():
            found.first.click()
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"no mail “{subject}” came within {PATIENCE} seconds")
