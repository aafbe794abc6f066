"""Messages as mail programs show them: narrow and wide, dark, without images, without styles.

STANDARDS H06, H08 to H11 and H13; tests/html_standards.py has what needs no browser.
"""

import io
import re
from collections.abc import Iterator

import PIL.Image
import PIL.ImageChops
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Route

from tests.issues.editions_of_all import WORDS, edition
from tests.letters import issue_in, own_mail
from tests.message_standards import html_of

WIDTHS = (320, 375, 600, 1280)
ELSEWHERE = re.compile("^https:")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

MOST_CHANGED = 0.01
"""The part of the picture that may differ where a program throws the style sheets away."""

# What Gmail and Outlook do to a message on a phone that is dark: they turn the lightness of its
# colours around, of all of them or of light grounds and dark letters only.
INVERT = """isWhole => {
    const turned = (colour, isText) => {
        const [r, g, b, alpha] = colour.match(/[\\d.]+/g).map(Number);
        if (alpha === 0) return colour;
        const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
        const isLight = most + least > 255;
        if (!isWhole && isLight === isText) return colour;
        const move = 255 - most - least;
        return `rgb(${r + move}, ${g + move}, ${b + move})`;
    };
    const all = [...document.querySelectorAll('body, body *')];
    const colours = all.map(one => [one, {...getComputedStyle(one)}, getComputedStyle(one)])
        .map(([one, , style]) => [one, style.color, style.backgroundColor]);
    for (const [one, color, ground] of colours) {
        one.style.setProperty('color', turned(color, true), 'important');
        one.style.setProperty('background', turned(ground, false), 'important');
    }
    if (!document.body.style.background) document.body.style.background = 'rgb(0, 0, 0)';
}"""


@pytest.fixture(params=[*WORDS, "confirm", "next-day"])
def source(app: Flask, request: pytest.FixtureRequest) -> str:
    """Return the HTML part of an issue in one language, or of a mail of our own."""
    raw = issue_in(request.param) if request.param in WORDS else own_mail(request.param)
    return html_of(raw)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 600, "height": 900})
    page = context.new_page()
    page.route(ELSEWHERE, _picture)
    yield page
    context.close()


def test_a_message_fits_any_width(page: Page, source: str) -> None:
    page.set_content(source)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator("body > div > div[style*='max-width:600px']").first.bounding_box()
        assert box is not None and box["width"] <= 600


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_message(page: Page, source: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_content(source)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 250, 247)", "dark": "rgb(19, 24, 23)"}[scheme]
    assert _violations(page) == []


@pytest.mark.parametrize("is_whole", [True, False], ids=["all colours", "light grounds"])
def test_a_message_is_readable_where_a_program_inverts_it(
    page: Page, source: str, is_whole: bool
) -> None:
    page.set_content(re.sub(r"@media \(prefers-color-scheme: dark\)", "@media not all", source))
    page.evaluate(INVERT, is_whole)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(251, 250, 247)"
    assert [one for one in _violations(page) if one.startswith("color-contrast")] == []


def test_a_message_without_its_style_sheets_looks_nearly_the_same(page: Page, source: str) -> None:
    # A program that throws them away has margins of its own around a message.
    bare = re.sub(r"<style.*?</style>", "", source, flags=re.DOTALL)
    bare = bare.replace("</head>", "<style>body { margin: 0; }</style></head>")
    for width in (375, 600):
        page.set_viewport_size({"width": width, "height": 900})
        page.set_content(source)
        whole = _picture_of(page)
        page.set_content(bare)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert _difference(whole, _picture_of(page)) <= MOST_CHANGED


@pytest.mark.parametrize("language", list(WORDS))
def test_an_issue_without_its_images_says_what_they_show(
    app: Flask, page: Page, language: str
) -> None:
    page.unroute(ELSEWHERE)
    page.route(ELSEWHERE, lambda route: route.abort())
    page.set_content(html_of(issue_in(language)))
    assert page.evaluate("document.documentElement.scrollWidth") <= 600
    image = page.get_by_role("img", name=WORDS[language].alt)
    box = image.bounding_box()
    assert box is not None and box["width"] > 100 and box["height"] > 20
    shown = page.locator("body").inner_text()
    for block in edition(language).blocks:
        for words in (getattr(block, name, "") for name in ("title", "summary", "words")):
            assert words in shown


@pytest.mark.parametrize("language", list(WORDS))
def test_an_issue_begins_where_its_language_does(app: Flask, page: Page, language: str) -> None:
    page.set_content(html_of(issue_in(language)))
    gaps = page.evaluate("""() => [...document.querySelectorAll('h1, h2')].map(heading => {
        const words = document.createRange();
        words.selectNodeContents(heading);
        const [inner, outer] = [words.getBoundingClientRect(), heading.getBoundingClientRect()];
        return [inner.left - outer.left, outer.right - inner.right];
    })""")
    side = 1 if language == "ar" else 0
    assert gaps[0][side] < 1
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == (
        "rtl" if language == "ar" else "ltr"
    )


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def _picture(route: Route) -> None:
    drawn = io.BytesIO()
    PIL.Image.new("RGB", (60, 40), "#56625e").save(drawn, "PNG")
    route.fulfill(body=drawn.getvalue(), content_type="image/png")


def _picture_of(page: Page) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L")


def _difference(one: PIL.Image.Image, other: PIL.Image.Image) -> float:
    """Return the part of the picture that is not the same, of the larger one."""
    size = (max(one.width, other.width), max(one.height, other.height))
    canvases = [PIL.Image.new("L", size, 255) for _ in range(2)]
    for canvas, picture in zip(canvases, (one, other), strict=True):
        canvas.paste(picture)
    changed = PIL.ImageChops.difference(*canvases).point(lambda level: 255 if level > 32 else 0)
    return changed.histogram()[255] / (size[0] * size[1])
