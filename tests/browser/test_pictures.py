"""Each page in a picture, as docs/ shows it: it is that page, and it is not blank."""

import os
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import PIL.Image
import pytest
from playwright.sync_api import Browser, Page, Playwright, StorageState, expect

from newsletter import accounts, clock
from newsletter.extensions import db
from newsletter.fetching.rules import Rules
from tests.browser import showing, showing_people
from tests.browser.conftest import launch
from tests.browser.furnishing import front_door, serving, signed_in
from tests.browser.pictures import PICTURES, Picture, tokens
from tests.browser.showing import Stage
from tests.conftest import NOW, running, settings

HOST = "news.example.org"
COLOURS = 64
LARGEST = 120_000
"""Octets of a picture."""

FONTS = Path(__file__).with_name("fonts.conf")


class Shown:
    """The installation that is shown: a browser, its admin's cookies, how far its draft came."""

    def __init__(self, browser: Browser, cookies: StorageState) -> None:
        self.browser, self.cookies, self.stage = browser, cookies, Stage.WRITTEN

    def reach(self, stage: Stage) -> None:
        """Bring the draft to a stage; it never comes back from one."""
        assert stage >= self.stage, "the pictures are out of order"
        while self.stage < stage:
            self.stage = Stage(self.stage + 1)
            showing.advance(self.stage, now=NOW)


@pytest.fixture(scope="module")
def shown(
    playwright: Playwright, migrated_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    """The installation, in a browser that knows it by name and has letters as readers have.

    Time stands still in both, so that two pictures differ by what was changed alone.
    """
    folder = tmp_path_factory.mktemp("shown")
    shutil.copy(migrated_database, folder / "test.sqlite3")
    rule = f"--host-resolver-rules=MAP {HOST}:80"
    here = {"PUBLIC_URL": f"http://{HOST}", "IS_PRODUCTION": False, "FETCH_RULES": Rules()}
    with (
        pytest.MonkeyPatch.context() as patched,
        running({**settings(folder), **here}) as app,
        front_door() as (door, there),
        serving(app, door),
        launch(playwright, f"{rule} {there}", FONTCONFIG_FILE=str(FONTS)) as browser,
    ):
        patched.setattr(clock, "now", lambda: NOW)
        editor = showing.fill(now=NOW)
        link = accounts.make_sign_in_link(editor, now=NOW)
        db.session.commit()
        cookies = signed_in(browser, link)
        showing_people.furnish_account(editor, now=NOW)
        yield Shown(browser, cookies)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_page_can_be_shown(picture: Picture, shown: Shown, tmp_path: Path) -> None:
    shown.reach(picture.stage)
    context = shown.browser.new_context(
        base_url=f"http://{HOST}",
        storage_state=None if picture.is_reader else shown.cookies,
        color_scheme=picture.scheme,
        viewport={"width": picture.width, "height": 800},
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(5_000)
    page.clock.set_fixed_time(NOW)
    page.goto(picture.path.format_map(tokens()) if picture.is_reader else picture.path)
    if picture.act:
        picture.act(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(picture.heading)
    expect(page.locator("main")).to_contain_text(picture.says)
    taken = drawn(page, picture)
    context.close()
    file = Path(os.environ.get("PICTURES", tmp_path)) / f"{picture.name}.png"
    file.write_bytes(taken)
    with PIL.Image.open(file) as saved:
        assert saved.width == picture.width
        assert len(saved.getcolors()) > 10, "it is blank"
    assert len(taken) < LARGEST


def drawn(page: Page, picture: Picture) -> bytes:
    """Return what is shown of a page, in as few colours as it needs."""
    width, top = picture.width, picture.top
    page.wait_for_load_state()
    page.mouse.move(0, 0)
    # What sticks to the end of the window stands at the end of the page then.
    height = page.evaluate("Math.max(500, document.body.scrollHeight)")
    page.set_viewport_size({"width": width, "height": height})
    begins = int(page.locator(top).bounding_box()["y"]) - 24 if top else 0
    with PIL.Image.open(BytesIO(page.screenshot())) as whole:
        cut = whole.convert("RGB").crop((0, begins, width, min(height, begins + picture.highest)))
    few = cut.quantize(COLOURS, method=PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.NONE)
    written = BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()
