"""Every page by keyboard alone: all can be reached, in its order, and one sees where one is."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from benchmarks import past
from tests import pages
from tests.browser.furnishing import Furnished
from tests.browser.looking import looking, refuse

MOST = 60
"""Places of a page that are gone through; the rest of a long list is like its beginning."""

# Marks what the Tab key should reach, in the order of the page. Of radio buttons with one name it
# reaches one, which the arrow keys move from; what a closed <details> hides it does not reach.
# Frames are left out: they hold pages without scripts, and so nothing that could hold anybody.
MARK = """() => {
    const kinds = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    for (const frame of document.querySelectorAll('iframe')) frame.inert = true;
    const radios = new Set();
    let number = 0;
    for (const one of document.querySelectorAll(kinds)) {
        if (one.matches(':disabled, [type=hidden], [tabindex="-1"]')) continue;
        if (!one.checkVisibility({visibilityProperty: true})) continue;
        if (one.type === 'radio') {
            const group = document.getElementsByName(one.name);
            const first = [...group].find(other => other.checked) ?? group[0];
            if (one !== first || radios.has(one.name)) continue;
            radios.add(one.name);
        }
        one.place = ++number;
    }
    return number;
}"""

WHERE = """() => {
    const one = document.activeElement;
    const ring = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    return {
        place: one.place ?? 0,
        what: one.outerHTML.slice(0, 120),
        isDate: one.matches('[type^=date], [type=time], [type=month]'),
        isRinged: ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2,
        isBehind: [...document.querySelectorAll('.sticky')].some((bar) => {
            const its = bar.getBoundingClientRect();
            const isBar = getComputedStyle(bar).position === 'sticky' && !bar.contains(one);
            const isBeside = box.left >= its.right || box.right <= its.left;
            return isBar && !isBeside && box.top >= its.top && box.bottom <= its.bottom + 1;
        }),
        isThere: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    };
}"""


@pytest.fixture(params=[320, 1280])
def page(
    browser: Browser, furnished_installation: Furnished, request: pytest.FixtureRequest
) -> Iterator[Page]:
    with looking(browser, furnished_installation, "light", request.param, is_admin=True) as eyes:
        yield eyes.page


def test_the_tab_key_reaches_everything_in_its_order_and_shows_where(page: Page) -> None:
    every = {**pages.DESK, **pages.READERS}
    firsts = [paths[0] for rule, paths in every.items() if paths and rule not in pages.NO_PAGES]
    faults = {path: faults_of(page, path) for path in firsts if "{" not in path}
    refuse(faults)


def test_the_first_link_leads_over_the_places_to_the_content(page: Page) -> None:
    page.goto("/desk/issues/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("path", ["", "/basket?all=yes"])
def test_what_is_focused_is_never_behind_the_bar(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(f"/desk/issues/{past.DRAFT}{path}")
    count = page.evaluate(MARK)
    hidden = [at["what"] for at in islice(_places(page), count) if at["isBehind"]]
    assert hidden == []


def faults_of(page: Page, path: str) -> list[str]:
    """Go through a page with the Tab key and return what is wrong with that."""
    page.goto(path)
    count = page.evaluate(MARK)
    visited = list(islice(_places(page), min(count, MOST) + 1))
    after = visited.pop()
    faults = [
        f"place {number} of the page is not reached, but {at['what']}"
        for number, at in enumerate(visited, start=1)
        if at["place"] != number
    ][:1]
    faults += [f"no ring around {at['what']}" for at in visited if not at["isRinged"]]
    faults += [f"out of sight is {at['what']}" for at in visited if not at["isThere"]]
    faults += [f"behind the bar is {at['what']}" for at in visited if at["isBehind"]]
    if count <= MOST and after["place"] not in (0, 1):
        faults.append("the Tab key does not leave the page")
    return faults


def _places(page: Page) -> Iterator[dict[str, Any]]:
    """Press the Tab key again and again and yield where that leads.

    A field for a date has places within, for its day, month and year: they count as one.
    """
    last = None
    while True:
        page.keyboard.press("Tab")
        at = page.evaluate(WHERE)
        if at["place"] != last or not at["isDate"]:
            yield at
        last = at["place"]
