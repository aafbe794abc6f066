"""What readers live through, each in a language of their own, without scripts.

The story in English, which begins with the installation and ends in its books, is in test_story.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Installation
from tests.browser.telling import PATIENCE, Teller, day_of, teller
from tests.browser.test_story import compose, send

LIST = "Stay Informed"
TOPIC = "Multiple micronutrient supplements (MMS)"

Send = Callable[[], int]


@pytest.fixture(scope="module")
def editor(browser: Browser, module_installation: Installation) -> Iterator[Page]:
    """The desk, in the browser of somebody who is signed in."""
    context = browser.new_context(
        java_script_enabled=False, locale="en-GB", base_url=module_installation.url
    )
    page = context.new_page()
    page.goto(module_installation.sign_in_link)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()


@pytest.fixture
def send_an_issue(editor: Page, module_installation: Installation) -> Send:
    """The editor writes an issue, sends it at once and tells its number."""

    def write_and_send() -> int:
        number = compose(editor, module_installation)
        send(editor, number)
        return number

    return write_and_send


def test_in_french_somebody_decides_how_often_and_what_about(
    browser: Browser, module_installation: Installation
) -> None:
    with teller(browser, module_installation, "fr") as amina:
        amina.goes_to("/")
        amina.field("Once a month").check()
        amina.page.get_by_label(TOPIC).check()
        amina.field("Your e-mail address").fill("amina@")
        amina.presses("Stay informed")
        wrong = amina.page.get_by_role("alert").get_by_role("link")
        wrong.click()
        expect(amina.field("Once a month")).to_be_checked()
        amina.field("Your e-mail address").fill("amina@example.org")
        amina.presses("Stay informed")
        amina.sees("Check your e-mail")
        assert amina.page.context.cookies() == []
        confirm(amina)
        link = open_own_page(amina, "amina@example.org")
        amina.follows("Change how often")
        amina.field("Once a week").check()
        amina.presses("Save how often")
        amina.follows("Change the topics")
        amina.page.get_by_label(TOPIC).uncheck()
        amina.presses("Save the topics")
        amina.sees("What are you interested in?")
        expect(amina.page.get_by_role("alert")).to_contain_text(
            amina.say("Choose at least one topic, or go back and stop these e-mails.")
        )
        amina.follows("Back, and change nothing")
        amina.follows("Change the look")
        amina.field("Text only").check()
        amina.presses("Save the look")
        expect(amina.page.get_by_role("status")).to_have_text(
            amina.say("Saved. It counts from now on.")
        )
        amina.presses("Close my page on this device")
        assert amina.page.context.cookies() == []
        amina.page.goto(link)
        amina.reads()
        expect(amina.page.locator("main")).to_contain_text(
            amina.say("This link does not work any more, or part of it is missing.")
        )
    shown = of_books(module_installation, "amina@example.org")
    assert shown["state"] == "confirmed"


def test_in_spanish_somebody_stops_takes_it_back_and_stops(
    browser: Browser, module_installation: Installation, send_an_issue: Send
) -> None:
    with teller(browser, module_installation, "es") as luz:
        sign_up(luz, "luz@example.org", name="Luz")
        confirm(luz)
        send_an_issue()
        with luz.mail("New guidance for Luz") as issue:
            luz.goes_to_link(issue, "/unsubscribe/")
        link = luz.page.url
        luz.presses("Once a month instead")
        luz.sees("At most once a month")
        luz.presses("Undo")
        luz.sees("It is taken back")
        luz.page.goto(link)
        luz.presses("Stop these e-mails")
        luz.sees("These e-mails have stopped")
        luz.page.get_by_role("radio").first.check()
        luz.presses("Say why")
        luz.sees("Thank you")
        assert of_books(module_installation, "luz@example.org")["state"] == "unsubscribed"
        let_pass(module_installation, minutes=3)
        luz.opens_from_mail("You will get no more of %(list)s", "/undo/by-mail/", list=LIST)
        luz.sees("Take it back?")
        luz.presses("Yes, take it back")
        luz.sees("It is taken back")
        assert of_books(module_installation, "luz@example.org")["state"] == "confirmed"
        luz.page.goto(link)
        luz.presses("Stop everything you send me")
        luz.sees("All e-mails have stopped")
    assert of_books(module_installation, "luz@example.org")["state"] == "unsubscribed"


def test_in_portuguese_somebody_moves_takes_all_along_and_goes(
    browser: Browser, module_installation: Installation
) -> None:
    with teller(browser, module_installation, "pt") as rui:
        sign_up(rui, "rui@example.org", name="Rui")
        confirm(rui)
        open_own_page(rui, "rui@example.org")
        rui.follows("Change the address")
        rui.field("Your new e-mail address").fill("rui@example.com")
        rui.presses("Change the address")
        rui.sees("Check your e-mail")
        with rui.mail("Another address was asked for at %(list)s", list=LIST) as told:
            expect(told.locator("main")).to_contain_text("rui@example.org")
        subject = "Should e-mails from %(list)s come to this address?"
        rui.opens_from_mail(subject, "/manage/new-address/", list=LIST)
        rui.presses("Yes, write to this address")
        rui.sees("This address counts now")
        open_own_page(rui, "rui@example.com")
        rui.follows("Take your data with you")
        with rui.page.expect_download() as coming:
            rui.page.get_by_role("link", name=rui.say("Download the file (JSON)")).click()
        taken = json.loads(coming.value.path().read_text())
        assert "rui@example.com" in json.dumps(taken)
        rui.follows("Back to your page")
        rui.follows("Delete everything about you")
        rui.presses("Delete everything about me")
        rui.sees("Everything about you is deleted")
        rui.goes_to("/manage")
        rui.sees("What is your e-mail address?")
        assert of_books(module_installation, "rui@example.com")["state"] == "suppressed"
        sign_up(rui, "rui@example.com", name="")
        confirm(rui)
    assert of_books(module_installation, "rui@example.com")["state"] == "confirmed"


def test_in_arabic_somebody_looks_around_and_pauses(
    browser: Browser, module_installation: Installation, send_an_issue: Send
) -> None:
    with teller(browser, module_installation, "ar") as noor:
        noor.goes_to("/library/")
        noor.page.locator("main h2 a, main h3 a").first.click()
        noor.reads()
        sign_up(noor, "noor@example.org", name="نور")
        confirm(noor)
        number = send_an_issue()
        noor.goes_to(f"/archive/{number}")
        open_own_page(noor, "noor@example.org")
        noor.follows("Pause")
        noor.field("Nothing before this day").fill(day_of(30))
        noor.field("Send me what I missed as one summary").check()
        noor.presses("Pause until that day")
        expect(noor.page.locator("main")).to_contain_text(
            noor.say("After that you get what you missed as one summary.")
        )
        noor.follows("What was sent to you")
        noor.sees("What was sent to you?")
        expect(noor.page.get_by_role("link", name="New guidance for")).to_be_visible()
        noor.follows("Back to your page")
        noor.follows("What you agreed to, and when")
        noor.sees("What did you agree to, and when?")
    assert of_books(module_installation, "noor@example.org")["state"] == "paused"


def test_in_arabic_somebody_becomes_a_member(
    browser: Browser, module_installation: Installation, editor: Page
) -> None:
    with teller(browser, module_installation, "ar") as hoda:
        hoda.goes_to("/")
        hoda.follows("Become a member")
        hoda.sees("Would you like to become a member?")
        hoda.presses("Ask to become a member")
        expect(hoda.page.get_by_role("alert").get_by_role("link").first).to_be_visible()
        hoda.field("For an organisation").check()
        hoda.field("Name of the organisation, or your own").fill("مركز صحة الأم")
        hoda.page.locator("[name=country]").select_option("EG")
        hoda.field("Your e-mail address").fill("hoda@example.org")
        hoda.field("What would you bring?").fill("نعمل مع القابلات في الصعيد.")
        hoda.field("Yes, I agree with these words").check()
        hoda.presses("Ask to become a member")
        hoda.sees("Check your e-mail")
        subject = "Confirm that you want to become a member"
        hoda.opens_from_mail(subject, "/members/confirm/")
        hoda.presses("Send the application")
        hoda.sees("We have your application")
        editor.goto("/desk/")
        editor.get_by_role("link", name="Decide", exact=True).click()
        editor.get_by_role("link", name="مركز صحة الأم").click()
        editor.get_by_role("button", name="Accept the application").click()
        with hoda.mail("You are a member now") as told:
            expect(told.frame_locator("iframe").locator("html")).to_have_attribute("dir", "rtl")
    assert of_books(module_installation, "hoda@example.org")["state"] == "confirmed"


def sign_up(reader: Teller, address: str, *, name: str) -> None:
    reader.goes_to("/")
    reader.field("Your e-mail address").fill(address)
    reader.field("Your name (you may leave it out)").fill(name)
    reader.presses("Stay informed")
    reader.sees("Check your e-mail")


def confirm(reader: Teller) -> None:
    reader.opens_from_mail("Confirm your subscription to %(list)s", "/confirm/", list=LIST)
    reader.sees("One more click")
    reader.presses("Yes, send me these e-mails")
    reader.sees("You are on the list")


def open_own_page(reader: Teller, address: str) -> str:
    reader.goes_to("/manage")
    reader.field("Your e-mail address").fill(address)
    reader.presses("Send the link")
    subject = "Your link to change what you get from %(list)s"
    reader.opens_from_mail(subject, "/manage/open/", list=LIST)
    link = reader.page.url
    reader.presses("Open my page")
    reader.sees("What would you like to change?")
    return link


def let_pass(installation: Installation, *, minutes: int) -> None:
    """Let so much time pass for whoever stopped: nobody is written to who takes it back at once."""
    earlier = f"strftime('%Y-%m-%d %H:%M:%f000', made_at, '-{minutes} minutes')"
    (file,) = Path(installation.environ["INSTANCE_PATH"]).glob("*.sqlite3")
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute(f"UPDATE undo SET made_at = {earlier}")


def of_books(installation: Installation, address: str) -> dict[str, object]:
    shown = installation.flask("subscribers", "show", address, "--json")
    return dict(json.loads(shown))
