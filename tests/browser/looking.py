"""Looking at a page as somebody does, and what can be wrong with it."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.furnishing import Furnished

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}

NARROW, WIDE = 320, 1280
WINDOWS = [("light", NARROW), ("dark", WIDE), ("light", WIDE), ("dark", NARROW)]
"""In each the first address of every page is looked at, the others in one of them."""

EVERYWHERE = "LOOK_EVERYWHERE" in os.environ
"""Whether each page is looked at in each language in each window, which takes ten minutes."""

OF_FRAMES = {
    # The page around it has the heading, and stands still.
    "/progress": {"page-has-heading-one", "meta-refresh"},
}
"""Rules that do not hold for what is only ever shown in a frame, by the end of its address.

Without scripts a frame can show live numbers only by loading itself again. It has no time limit
and takes nobody's place: who reads or types does so in the page around it (WCAG 2.2.1).
"""


ODD_SIZES = """() => {
    const scale = ['15px', '17px', '21px', '27px', '34px'];
    const found = {};
    for (const one of document.querySelectorAll('body *')) {
        const hasText = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!hasText || !one.checkVisibility() || !one.getClientRects().length) continue;
        const size = getComputedStyle(one).fontSize;
        if (!scale.includes(size)) found[size] ??= one.outerHTML.slice(0, 100);
    }
    return found;
}"""
"""Which sizes of type a page shows that are not in the scale (docs/look.md), with an example."""


@dataclass(frozen=True)
class Eyes:
    """Somebody's browser at an installation."""

    page: Page
    url: str
    # Whether it is light or dark, and how many pixels wide it is.
    window: tuple[str, int]

    def faults_of(self, path: str) -> list[str]:
        """Open a page and return what is wrong with it."""
        return self.faults_after(lambda: self.page.goto(path))

    def faults_after(self, act: Callable[[], object]) -> list[str]:
        """Do something that leads to a page and return what is wrong with that."""
        with self._listening() as faults:
            act()
            self.page.wait_for_load_state()
            if self.page.evaluate("document.contentType") != "text/html":
                return []
            faults += self._seen()
        return faults

    def _seen(self) -> list[str]:
        found = []
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if too_wide > 0:
            found.append(f"it scrolls sideways by {too_wide} pixels")
        for size, example in self.page.evaluate(ODD_SIZES).items():
            found.append(f"letters of {size}, which is not in the scale: {example}")
        primary = self.page.locator(".primary:visible").all_inner_texts()
        if len(primary) > 1:
            found.append(f"more than one primary button: {', '.join(primary)}")
        excepted = OF_FRAMES.get(self.page.url[self.page.url.rindex("/") :], set())
        for violation in Axe().run(self.page, options=OPTIONS).response["violations"]:
            if violation["id"] not in excepted:
                places = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
                found.append(f"{violation['id']}: {violation['help']}: {', '.join(places[:3])}")
        return found

    def _is_no_news(self, message: ConsoleMessage) -> bool:
        """A page says itself that it is not there, and a frame has no icon of its own."""
        where = message.location["url"]
        own = where in (self.page.url, f"{self.url}/favicon.ico")
        return own and message.text.startswith("Failed to load resource")

    @contextmanager
    def _listening(self) -> Iterator[list[str]]:
        """Hear what a page asks of others, and what the browser complains of."""
        heard: list[str] = []

        def on_request(request: Request) -> None:
            if urlsplit(request.url).netloc != urlsplit(self.url).netloc:
                heard.append(f"it asks another host: {request.url}")

        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not self._is_no_news(message):
                heard.append(f"the console says: {message.text}")

        def on_error(error: Exception) -> None:
            heard.append(f"a script failed: {error}")

        listeners = {"request": on_request, "console": on_console, "pageerror": on_error}
        for event, listener in listeners.items():
            self.page.on(event, listener)
        try:
            yield heard
        finally:
            for event, listener in listeners.items():
                self.page.remove_listener(event, listener)


@contextmanager
def looking(
    browser: Browser, there: Furnished, scheme: str, width: int, *, is_admin: bool
) -> Iterator[Eyes]:
    """Somebody with a window of this width, whose machine is light or dark."""
    context = browser.new_context(
        base_url=there.url,
        storage_state=there.cookies if is_admin else None,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield Eyes(page, there.url, (scheme, width))
    context.close()


def refuse(faults: Mapping[str, Sequence[str]]) -> None:
    """Fail with each fault once, and where it is, if there is any."""
    where = defaultdict(list)
    for path, of_page in faults.items():
        for fault in of_page:
            where[fault].append(path)
    if where:
        lines = (f"{fault}\n    on {' '.join(paths)}" for fault, paths in where.items())
        pytest.fail("\n".join(lines), pytrace=False)


def in_turns(every: list[str], eyes: Eyes) -> list[str]:
    """Return those of many addresses that are looked at in this window: each is, in one."""
    place = WINDOWS.index(eyes.window)
    return every if EVERYWHERE else every[place :: len(WINDOWS)]


def press(button: str, **typed: str) -> Callable[[Page], None]:
    """Return what fills fields by their names and presses a button, whatever the browser thinks."""

    def act(page: Page) -> None:
        form = page.locator("main form").filter(has=page.get_by_role("button", name=button)).first
        form.evaluate("form => form.noValidate = true")
        for name, text in typed.items():
            form.locator(f"[name={name}]").fill(text)
        form.get_by_role("button", name=button).click()

    return act
