"""Every page, light and dark, narrow and wide: axe-core finds nothing, nothing is in the way."""

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page

from benchmarks import past, people
from newsletter import clock, links
from newsletter.extensions import db, reading
from newsletter.subscriptions import undoing, unsubscribing
from newsletter.subscriptions.managing import ManageLink
from newsletter.subscriptions.models import Subscription
from tests import pages
from tests.browser.furnishing import Furnished
from tests.browser.looking import Eyes, looking, refuse

NARROW, WIDE = 320, 1280
WINDOWS = [("light", NARROW), ("dark", WIDE), ("light", WIDE), ("dark", NARROW)]
"""In each the first address of every page is looked at, the others in one of them."""

PENDING = itertools.count(7, step=50)
"""Subscriptions that wait to be confirmed, which each does once."""

LEAVER = 1

ELSEWHERE = ("fr", "es", "pt", "ar")
"""The languages besides the one that pages are written in."""

EVERYWHERE = "LOOK_EVERYWHERE" in os.environ
"""Whether each page is looked at in each language in each window, which takes ten minutes."""


@pytest.fixture(params=WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
def admin(
    browser: Browser, furnished_installation: Furnished, request: pytest.FixtureRequest
) -> Iterator[Eyes]:
    with looking(browser, furnished_installation, *request.param, is_admin=True) as eyes:
        yield eyes


@pytest.fixture(params=WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
def reader(
    browser: Browser, furnished_installation: Furnished, request: pytest.FixtureRequest
) -> Iterator[Eyes]:
    with looking(browser, furnished_installation, *request.param, is_admin=False) as eyes:
        yield eyes


def test_pages_of_the_desk_are_without_fault(admin: Eyes) -> None:
    shown = [paths for rule, paths in pages.DESK.items() if rule not in pages.NO_PAGES]
    first = [path for paths in shown for path in paths[:1]]
    more = [path for paths in shown for path in paths[1:]]
    faults = {path: admin.faults_of(path) for path in [*first, *in_turns(more, admin)]}
    refuse(faults)


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


def test_what_the_desk_answers_is_without_fault(admin: Eyes) -> None:
    faults = {}
    for path, fill_in in ANSWERS_OF_THE_DESK.items():
        admin.page.goto(path)
        faults[path] = admin.faults_after(lambda fill_in=fill_in: fill_in(admin.page))
    refuse(faults)


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


def in_turns(every: list[str], eyes: Eyes) -> list[str]:
    """Return those of many addresses that are looked at in this window: each is, in one."""
    place = WINDOWS.index(eyes.window)
    return every if EVERYWHERE else every[place :: len(WINDOWS)]


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


def press(button: str, **typed: str) -> Callable[[Page], None]:
    """Return what fills fields by their names and presses a button, whatever the browser thinks."""

    def act(page: Page) -> None:
        form = page.locator("main form").filter(has=page.get_by_role("button", name=button)).first
        form.evaluate("form => form.noValidate = true")
        for name, text in typed.items():
            form.locator(f"[name={name}]").fill(text)
        form.get_by_role("button", name=button).click()

    return act


ANSWERS_OF_THE_DESK = {
    "/desk/library/new": press("Add the item", title="", url="not an address"),
    "/desk/lists/new": press("Add the list", name=""),
    "/desk/subscribers/": press("Look it up", address="reader.12@gmail.com"),
    "/desk/subscribers/12/evidence": press("Show the evidence"),
    f"/desk/issues/{past.SENT_TO_FEW}": press("Look it up", address="nobody@example.org"),
    f"/desk/issues/{past.SENT_TO_FEW}?of": press("Look it up", address="reader.1@gmail.com"),
    f"/desk/issues/{past.DRAFT}/send": press("Show who"),
    "/desk/account/password": press("Set", password="short"),
}
"""What is pressed on some pages of the desk."""

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
