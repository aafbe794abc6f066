"""Writing with scripts: saved by itself, dragged, pasted, beside a colleague, in twelve clicks."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Installation

SAVED = re.compile(r"^Saved \d\d:\d\d$")
CLICKS = 12
"""What a normal issue of six items may take, from an open desk."""


@pytest.fixture
def scripted(browser: Browser) -> Iterator[Page]:
    """A page that runs scripts and complains of nothing."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    yield page
    assert complaints == []
    context.close()


class Counting:
    """A person at a mouse: each click is counted, typing is not."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()


def sign_in(page: Page, installation: Installation) -> None:
    page.goto(installation.sign_in_link)
    page.get_by_role("button", name="Sign in").click()


def begin(page: Page, url: str, items: int = 3) -> str:
    """Begin an issue with some items and return the address of its page."""
    page.goto(f"{url}/desk/issues/new")
    for place in range(items):
        page.locator("input[name=items]").nth(place).check()
    page.get_by_role("button", name="Begin the issue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Issue \d+"))
    # The heading is there before the scripts are.
    page.wait_for_load_state()
    return page.url.partition("#")[0]


def order_of(page: Page) -> list[str]:
    return [one.get_attribute("id") or "" for one in page.locator("#blocks > li").all()]


def paste(text: Locator, html: str, plain: str = "plain") -> None:
    text.focus()
    text.evaluate(
        """(text, [html, plain]) => {
            const data = new DataTransfer();
            data.setData("text/html", html);
            data.setData("text/plain", plain);
            const facts = { clipboardData: data, bubbles: true, cancelable: true };
            text.dispatchEvent(new ClipboardEvent("paste", facts));
        }""",
        [html, plain],
    )


def test_a_normal_issue_takes_twelve_clicks_at_most(
    scripted: Page, installation: Installation
) -> None:
    installation.flask("subscribers", "import", _one_reader(installation), "--list",
                       "stay-informed", "--consent", "At the meeting")  # fmt: skip
    page, hand = scripted, Counting()
    sign_in(page, installation)
    page.goto(f"{installation.url}/desk/")
    hand.click(page.get_by_role("link", name="New issue").first)
    for place in range(6):
        hand.click(page.locator("input[name=items]").nth(place))
    hand.click(page.get_by_role("button", name="Begin the issue"))
    hand.click(page.get_by_label("Subject"))
    page.keyboard.type("Six things that are new")
    page.keyboard.press("Tab")
    page.keyboard.type("What changed this month, and what it means where you work.")
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="Introduction").focus()
    page.keyboard.type("Dear {{ name | reader }},\n\nhere is what is new.")
    hand.click(page.get_by_role("button", name="Send or schedule"))
    expect(page.locator("#sentence")).to_contain_text("1 person")
    hand.click(page.get_by_role("link", name="Now, with a hold"))
    hand.click(page.get_by_role("button", name=re.compile(r"^Send issue \d+")))
    expect(page.get_by_role("button", name=re.compile("^Stop")).first).to_be_visible()
    assert hand.clicks <= CLICKS


def test_what_is_typed_is_saved_without_pressing_anything(
    scripted: Page, installation: Installation
) -> None:
    page = scripted
    sign_in(page, installation)
    issue = begin(page, installation.url)
    page.get_by_label("Subject").fill("Saved by itself")
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.get_by_label("Preheader").fill("And once more, from the version that it was given")
    expect(page.locator("#checks")).not_to_contain_text("There is no preheader")
    page.goto(issue)
    expect(page.get_by_label("Subject")).to_have_value("Saved by itself")


def test_what_could_not_be_saved_is_kept_and_offered_again(
    browser: Browser, installation: Installation
) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    sign_in(page, installation)
    issue = begin(page, installation.url)
    expect(page.get_by_role("toolbar").first).to_be_visible()
    context.set_offline(True)
    page.get_by_role("textbox", name="Introduction").fill("Words without a connection")
    expect(page.locator("#saved")).to_contain_text("kept in this browser", timeout=15_000)
    page.close()
    context.set_offline(False)
    other = context.new_page()
    other.goto(issue)
    other.get_by_role("button", name="Put them back").click()
    expect(other.get_by_text("Saved as version")).to_be_visible()
    introduction = other.get_by_role("textbox", name="Introduction")
    expect(introduction).to_have_value("Words without a connection")
    context.close()


def test_two_who_write_at_once_see_each_other_and_both_texts(
    browser: Browser, scripted: Page, installation: Installation
) -> None:
    page = scripted
    sign_in(page, installation)
    issue = begin(page, installation.url)
    made = installation.flask("editors", "add", "olga@example.org", "--role", "editor")
    context = browser.new_context(locale="en-GB")
    colleague = context.new_page()
    colleague.goto(made.split()[-1])
    colleague.get_by_role("button", name="Sign in").click()
    colleague.goto(issue)
    expect(colleague.locator("#others")).to_contain_text("Being edited by")
    page.get_by_role("textbox", name="Introduction").fill("Hers")
    expect(page.locator("#saved")).to_have_text(SAVED)
    colleague.get_by_role("textbox", name="Introduction").fill("His")
    show = colleague.get_by_role("button", name="Show both")
    show.click(timeout=15_000)
    expect(colleague.locator(".theirs pre").first).to_have_text("Hers")
    expect(colleague.get_by_role("textbox", name="Introduction")).to_have_value("His")
    context.close()


def test_blocks_are_dragged_and_moved_by_keys(scripted: Page, installation: Installation) -> None:
    page = scripted
    sign_in(page, installation)
    issue = begin(page, installation.url)
    first, second, third = order_of(page)
    handles = page.locator("button.handle")
    start = handles.first.bounding_box()
    target = page.locator("#blocks > li").nth(1).bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, target["y"] + target["height"] - 10, steps=6)
    expect(page.locator("#blocks > li").nth(1)).to_have_attribute("id", first)
    page.mouse.up()
    handles.nth(2).focus()
    page.keyboard.press("Alt+ArrowUp")
    assert order_of(page) == [second, third, first]
    expect(page.get_by_text("Moved to place 2 of 3")).to_be_attached()
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.goto(issue)
    assert order_of(page) == [second, third, first]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ('<p>Read <a href="https://example.org/a?b=1">the <b>guidance</b></a>.</p>',
         "Read [the **guidance**](https://example.org/a?b=1)."),
        ("<ul><li>one</li><li>two<ul><li>deep</li></ul></li></ul>", "- one\n- two\n  - deep"),
        ("<ol start=3><li>three</li><li>four</li></ol>", "3. three\n4. four"),
        ("<h1>Title</h1><h3>Below</h3><p>Text</p>", "## Title\n\n### Below\n\nText"),
        ("<p style='color:red'>Red <i>and</i> <em>soft</em></p>", "Red *and* *soft*"),
        ('<b style="font-weight:normal" id="docs-internal-guid-1"><p>From <span '
         'style="font-weight:700">Docs</span></p><p>Two</p></b>', "From **Docs**\n\nTwo"),
        ("<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'>·<span>&nbsp; </span>one</p>",
         "- one"),
        ("<style>p{color:red}</style><script>alert(1)</script><p>Words</p>", "Words"),
        ('<p><a href="javascript:alert(1)">bad</a> <a href="file:///etc">worse</a></p>',
         "bad worse"),
        ('<p>Dear <img src="https://evil.example/pixel.gif"> reader</p>', "Dear reader"),
        ("<p>2 * 3 [sic] `x` <b></b></p>", r"2 \* 3 \[sic\] \`x\`"),
        ("<div>one<br>two</div><div>three</div>", "one\ntwo\n\nthree"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a · b"),
        ("<blockquote><p>said</p></blockquote>", "> said"),
    ],
)  # fmt: skip
def test_what_is_pasted_keeps_links_and_lists(composing: Page, html: str, markdown: str) -> None:
    text = composing.get_by_role("textbox", name="Introduction")
    text.fill("")
    paste(text, html)
    expect(text).to_have_value(markdown)


def test_a_paste_of_ten_megabytes_is_refused_and_nothing_is_lost(composing: Page) -> None:
    text = composing.get_by_role("textbox", name="Introduction")
    text.fill("What was there")
    paste(text, "", "x" * 10_000_000)
    expect(composing.get_by_role("alert")).to_contain_text("10,000,000 characters")
    expect(text).to_have_value("What was there")


def test_the_toolbar_marks_words_and_undo_takes_it_back(composing: Page) -> None:
    text = composing.get_by_role("textbox", name="Introduction")
    bar = composing.get_by_role("toolbar", name="Formatting of Introduction")
    text.fill("some words")
    text.select_text()
    bar.get_by_role("button", name="Bold").click()
    expect(text).to_have_value("**some words**")
    composing.keyboard.press("Control+z")
    expect(text).to_have_value("some words")
    text.fill("one\ntwo")
    text.select_text()
    bar.get_by_role("button", name="List", exact=True).click()
    expect(text).to_have_value("- one\n- two")
    text.fill("Dear ")
    text.press("End")
    menu = bar.get_by_role("combobox", name="Merge field")
    menu.focus()
    composing.keyboard.press("ArrowDown")
    composing.keyboard.press("ArrowUp")
    expect(text).to_have_value("Dear ")
    composing.keyboard.press("ArrowRight")
    expect(bar.get_by_role("button", name="Insert the merge field")).to_be_focused()
    composing.keyboard.press("Enter")
    expect(text).to_have_value("Dear {{ name | friend }}")
    bar.get_by_role("button", name="Bold").focus()
    composing.keyboard.press("ArrowRight")
    expect(bar.get_by_role("button", name="Italic")).to_be_focused()


@pytest.fixture(scope="module")
def composing(browser: Browser, module_installation: Installation) -> Iterator[Page]:
    """A composer that several tests type into."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, module_installation)
    begin(page, module_installation.url)
    yield page
    context.close()


def _one_reader(installation: Installation) -> str:
    file = f"{installation.environ['INSTANCE_PATH']}/readers.csv"
    with open(file, "w", encoding="utf-8") as written:
        written.write("address,name,language\nada@example.org,Ada,en\n")
    return file
