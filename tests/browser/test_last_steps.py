"""From the last button to the correction, at a browser with scripts and a relay that answers."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from newsletter import accounts, clock
from newsletter.delivery.models import Delivery, DeliveryState
from newsletter.extensions import db
from newsletter.issues import composing
from tests.browser.test_live import installation  # noqa: F401  # pytest finds it by this name
from tests.factories import make_editor, make_list, make_subscription
from tests.message_standards import parse, text_of
from tests.relay import CLOSE, Relay
from tests.story import tick

ISSUE = "/desk/issues/1"


@pytest.fixture
def relay(installation: Flask) -> Iterator[Relay]:  # noqa: F811  # it is the fixture
    with Relay() as relay:
        relay.configure(installation)
        yield relay


@pytest.fixture
def page(browser: Browser, installation: Flask, relay: Relay) -> Iterator[Page]:  # noqa: F811
    """An editor before an issue to three readers."""
    news = make_list()
    for reader in ("ada", "ben", "cleo"):
        make_subscription(news, f"{reader}@example.org")
    composing.create_issue(
        news, subject="Dates", introduction="It begins on the 4th.", by=None, now=clock.now()
    )
    link = accounts.make_sign_in_link(make_editor(), now=clock.now())
    db.session.commit()
    context = browser.new_context(locale="en-GB", base_url=installation.config["PUBLIC_URL"])
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    yield page
    context.close()
    assert complaints == []


def press_send(page: Page, number: int, *, hold: int) -> None:
    """Choose “now, with a hold” on the page of an issue, and press the button."""
    page.goto(f"/desk/issues/{number}")
    page.get_by_role("button", name="Send or schedule").click()
    page.get_by_role("link", name="Now, with a hold").click()
    page.get_by_label("Minutes to hold it").fill(str(hold))
    page.get_by_role("button", name=f"Send issue {number}").click()
    expect(page.get_by_role("button", name=f"Stop issue {number}")).to_be_visible()


def the_clock_does(*names: str) -> None:
    """Let the clock do some of its jobs, and hold nothing afterwards."""
    tick(*names)
    db.session.commit()


def test_a_hold_is_stopped_and_nothing_has_left(page: Page, relay: Relay) -> None:
    press_send(page, 1, hold=10)
    expect(page.get_by_role("timer")).to_contain_text("In 9:")
    the_clock_does()
    page.get_by_role("button", name="Stop issue 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Stopped. Nobody got issue 1")
    the_clock_does()
    assert relay.messages == []


def test_an_issue_is_sent_now_and_its_page_follows_it_to_the_end(page: Page, relay: Relay) -> None:
    press_send(page, 1, hold=0)
    the_clock_does("start-due-issues")
    page.get_by_role("link", name="Load this page again").click()
    expect(page.locator("#live-progress")).to_contain_text("0 of 3 sent")
    the_clock_does("deliver")
    expect(page.locator("#live-numbers")).to_contain_text("Sent3")
    page.get_by_role("link", name="Load this page again").click()
    expect(page.locator("main")).to_contain_text("Our relay took it for 3 people of 3.")
    assert len(relay.messages) == 3


def test_what_is_uncertain_appears_by_itself_and_is_decided(page: Page, relay: Relay) -> None:
    relay.answer("DOT", CLOSE, to="ben@example.org", times=1)
    # One stays to be written to, so that the issue is not over.
    relay.answer("RCPT", "450 4.2.0 Later", to="cleo@example.org")
    press_send(page, 1, hold=0)
    the_clock_does("start-due-issues")
    page.goto(ISSUE)
    expect(page.locator("#live-progress")).to_contain_text("0 of 3 sent")
    expect(page.get_by_role("heading", name="What is uncertain")).to_have_count(0)
    the_clock_does("deliver")
    section = page.locator("#live-uncertain")
    expect(section).to_contain_text("after the last byte of 1 message")
    expect(section).to_contain_text("Whoever does not have the message never gets it.")
    expect(section).to_contain_text("Whoever has the message already gets it a second time.")
    expect(section).to_contain_text("ben@example.org")
    section.get_by_role("button", name="Count it as sent").click()
    expect(page.get_by_role("status").first).to_contain_text("1 message counts as sent.")
    expect(page.get_by_role("heading", name="What is uncertain")).to_have_count(0)
    states = db.session.scalars(sa.select(Delivery.state)).all()
    db.session.rollback()
    assert DeliveryState.UNCERTAIN not in states


def test_a_correction_goes_to_exactly_those_who_got_it_and_the_archive_says_so(
    page: Page, relay: Relay
) -> None:
    relay.answer("RCPT", "550 5.1.1 No such user", to="cleo@example.org", times=1)
    press_send(page, 1, hold=0)
    the_clock_does()
    make_subscription(composing.find_issue(1).mailing_list, "late@example.org")
    db.session.commit()
    page.goto(ISSUE)
    page.get_by_role("button", name="Send a correction").click()
    expect(page.locator("main")).to_contain_text("It corrects issue 1")
    page.get_by_role("textbox", name="Introduction").fill(
        "In issue 1 we wrote the 4th. Correct is: the 5th."
    )
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Send or schedule").click()
    sentence = page.locator("#sentence")
    expect(sentence).to_contain_text("which corrects issue 1, goes to the 2 people who got issue 1")
    press_send(page, 2, hold=0)
    the_clock_does()
    got = {
        mail.recipient: text_of(mail.data)
        for mail in relay.messages
        if str(parse(mail.data)["Subject"]) == "Correction: Dates"
    }
    assert set(got) == {"ada@example.org", "ben@example.org"}
    assert all("Correct is: the 5th." in text for text in got.values())
    page.goto("/archive/1")
    expect(page.locator("body")).to_contain_text("This issue was corrected on")
    page.get_by_role("link", name="Read the correction").click()
    expect(page.locator("body")).to_contain_text("Correct is: the 5th.")
    page.goto(ISSUE)
    expect(page.locator("main")).to_contain_text("Issue 2 corrects this one")
