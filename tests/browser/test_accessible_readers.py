"""Every page of readers, light and dark, narrow and wide: nothing is wrong or in the way."""

import itertools
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser

from benchmarks import people
from newsletter import clock, links
from newsletter.extensions import db, reading
from newsletter.subscriptions import undoing, unsubscribing
from newsletter.subscriptions.managing import ManageLink
from newsletter.subscriptions.models import Subscription
from tests import pages
from tests.browser.furnishing import Furnished
from tests.browser.looking import NARROW, WINDOWS, Eyes, in_turns, looking, press, refuse

PENDING = itertools.count(7, step=50)
"""Subscriptions that wait to be confirmed, which each does once."""

LEAVER = 1

ELSEWHERE = ("fr", "es", "pt", "ar")
"""The languages besides the one that pages are written in."""


@pytest.fixture(params=WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
def reader(
    browser: Browser, furnished_installation: Furnished, request: pytest.FixtureRequest
) -> Iterator[Eyes]:
    with looking(browser, furnished_installation, *request.param, is_admin=False) as eyes:
        yield eyes


def test_pages_for_everybody_are_without_fault(reader: Eyes) -> None:
    shown = open_paths()
    for_readers = [path for path in shown if not path.startswith("/desk/")]
    refuse({path: reader.faults_of(path) for path in [*shown, *elsewhere(for_readers, reader)]})


def test_the_own_pages_of_readers_are_without_fault(reader: Eyes) -> None:
    reader.page.goto("/manage/open/{manage}".format_map(tokens()))
    reader.page.get_by_role("button", name="Open my page").click()
    reader.page.wait_for_url("**/manage")
    shown = ["/manage", *(path for paths in pages.READERS_OWN.values() for path in paths)]
    refuse({path: reader.faults_of(path) for path in [*shown, *elsewhere(shown, reader)]})


def test_what_readers_are_answered_is_without_fault(reader: Eyes) -> None:
    faults, of_links = {}, tokens()
    for path, fill_in in ANSWERS_TO_READERS.items():
        reader.page.goto(path.format_map(of_links))
        faults[path] = reader.faults_after(lambda fill_in=fill_in: fill_in(reader.page))
    refuse(faults)


def test_faults_are_seen(browser: Browser, furnished_installation: Furnished) -> None:
    plant = """addEventListener("DOMContentLoaded", () => {
        const picture = document.createElement("img");
        picture.src = "https://elsewhere.example.org/picture.png";
        const wide = document.createElement("hr");
        wide.style.width = "2000px";
        document.body.append(picture, wide);
        throw new Error("planted");
    })"""
    with looking(browser, furnished_installation, "light", NARROW, is_admin=False) as eyes:
        eyes.page.add_init_script(plant)
        faults = "\n".join(eyes.faults_of("/privacy"))
    for fault in ("Content Security Policy", "sideways", "image-alt", "planted"):
        assert fault in faults


def elsewhere(paths: list[str], reader: Eyes) -> list[str]:
    """Return the addresses in the other languages, each of which is looked at in one window."""
    every = [
        f"{path}{'&' if '?' in path else '?'}lang={language}"
        for language in ELSEWHERE
        for path in paths
    ]
    return in_turns(every, reader)


def tokens() -> dict[str, str]:
    """Return tokens of links that work."""
    now = clock.now()
    leaving = unsubscribing.payload(LEAVER)
    number = next(PENDING)
    # A transaction that writes would keep the installation from doing so.
    with reading():
        wish = db.session.get_one(Subscription, number).wish
    return {
        "confirm": links.CONFIRM.token(f"{number}-{wish}", now=now),
        "manage": links.MANAGE.token(str(_new_manage_link(now)), now=now),
        "membership": links.MEMBERSHIP.token(f"{people.PENDING}-{people.PENDING:016x}", now=now),
        "undo": links.UNDO.token(undoing.NOTHING, now=now),
        "undo_by_mail": links.UNDO_BY_MAIL.token(undoing.NOTHING, now=now),
        "preferences": links.PREFERENCES.token(leaving, now=now),
        "unsubscribe": links.UNSUBSCRIBE.token(leaving, now=now),
    }


def _new_manage_link(now: datetime) -> int:
    """Mail nobody a link to somebody's own page, and return its number."""
    link = ManageLink(subscriber_id=LEAVER, made_at=now)
    db.session.add(link)
    db.session.flush()
    number = link.id
    db.session.commit()
    return number


def open_paths() -> list[str]:
    """Return the pages for which nobody needs to sign in."""
    of_links = tokens()
    tables = (pages.READERS, pages.DESK_OF_NOBODY)
    every = [path for table in tables for of_rule in table.values() for path in of_rule]
    return [path.format_map(of_links) for path in every]


ANSWERS_TO_READERS = {
    "/": press("Stay informed", address="no address"),
    "/?again": press("Stay informed", address="new.reader@example.org"),
    "/confirm/{confirm}": press("Yes, send me these e-mails"),
    "/manage": press("Send the link", address="no address"),
    "/manage?again": press("Send the link", address="new.reader@example.org"),
    "/preferences/{preferences}": press("Stop the topics I ticked"),
    "/preferences/{preferences}?again": press("Pause until that day", until=""),
    "/preferences/{preferences}?lang=ar": press("إيقاف هذه الرسائل"),
    "/members/join": press("Ask to become a member", address="no address"),
    f"/library/{people.COMMENTED}": press("Share your thoughts", comment=""),
    "/undo/{undo}": press("Yes, take it back"),
    "/unsubscribe/{unsubscribe}": press("Stop these e-mails"),
    "/unsubscribe/{unsubscribe}?lang=ar": press("مرة في الشهر بدلًا من ذلك"),
    "/desk/sign-in": press("Sign in", address="nobody@example.org", password="wrong"),
}
