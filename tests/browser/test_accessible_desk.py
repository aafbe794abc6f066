"""Every page of the desk, light and dark, narrow and wide: nothing is wrong or in the way."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks import past
from tests import pages
from tests.browser.furnishing import Furnished
from tests.browser.looking import WINDOWS, Eyes, in_turns, looking, press, refuse


@pytest.fixture(params=WINDOWS, ids=lambda window: f"{window[0]}-{window[1]}")
def admin(
    browser: Browser, furnished_installation: Furnished, request: pytest.FixtureRequest
) -> Iterator[Eyes]:
    with looking(browser, furnished_installation, *request.param, is_admin=True) as eyes:
        yield eyes


def test_pages_of_the_desk_are_without_fault(admin: Eyes) -> None:
    shown = [paths for rule, paths in pages.DESK.items() if rule not in pages.NO_PAGES]
    first = [path for paths in shown for path in paths[:1]]
    more = [path for paths in shown for path in paths[1:]]
    faults = {path: admin.faults_of(path) for path in [*first, *in_turns(more, admin)]}
    refuse(faults)


def test_what_the_desk_answers_is_without_fault(admin: Eyes) -> None:
    faults = {}
    for path, fill_in in ANSWERS_OF_THE_DESK.items():
        admin.page.goto(path)
        faults[path] = admin.faults_after(lambda fill_in=fill_in: fill_in(admin.page))
    refuse(faults)


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
