"""Markdown cannot be nested so deeply that whoever reads the HTML slows down or gives up."""

import time
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from newsletter import markdown
from newsletter.errors import InvalidInput
from newsletter.issues import plaintext
from tests.endless import ENDLESS

MANY = 10_000

LONGEST = 1.0
"""Seconds of the processor's time, of which a fast machine needs a fifth."""

TRIES = 3


class Depth(HTMLParser):
    """How deep the elements of a fragment are inside one another."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "hr"):
            self.now += 1
            self.most = max(self.most, self.now)

    def handle_endtag(self, tag: str) -> None:
        self.now -= 1


@pytest.mark.parametrize(
    "text",
    [
        "*" * MANY + "a" + "*" * MANY,
        "*a _b " * MANY + "_ *" * MANY,
        "*a _b " * 500 + "c" + "_*" * 500,
        "~~a **b" * 500 + "** ~~" * 500,
        ">" * MANY + "a",
        "> - " * MANY + "a",
        "- " * MANY + "a",
        "".join(f"{'  ' * level}- a\n" for level in range(200)),
        "[" * 500 + "a" + "](https://example.org/)" * 500,
        "> " * 15 + "*" * 500 + "a" + "*" * 500,
    ],
)
def test_nothing_nests_deeply(text: str) -> None:
    markup = markdown.to_html(text)
    depth = Depth()
    depth.feed(markup)
    assert depth.now == 0
    assert depth.most <= 20 + markdown.DEEPEST
    # This one walks the tree by calling itself.
    assert isinstance(plaintext.from_html(markup), str)


def test_what_people_write_stays_as_it_is() -> None:
    typed = "> - **Read *the [new ~~old~~ guidance](https://example.org/)* today**"
    assert markdown.to_html(typed).replace("\n", "") == (
        "<blockquote><ul><li><strong>Read <em>the "
        '<a href="https://example.org/" rel="noopener noreferrer">new <s>old</s> guidance</a></em>'
        " today</strong></li></ul></blockquote>"
    )


def test_no_word_is_lost_where_emphasis_is_too_deep() -> None:
    assert "deep" in markdown.to_html("*" * 200 + "deep" + "*" * 200)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor time of what works; once more if others slowed the machine meanwhile."""
    took = LONGEST
    for _ in range(TRIES):
        began = time.thread_time()
        work()
        took = time.thread_time() - began
        if took < LONGEST:
            break
    return took


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_text_is_refused_or_shown_at_once(text: str) -> None:
    refused, markup = "", ""

    def take() -> None:
        nonlocal refused, markup
        try:
            markdown.refuse_costly(text, field="introduction")
        except InvalidInput as exc:
            refused = str(exc)
        # Also one that is refused may be there from before.
        markup = markdown.to_html(text)

    assert seconds_of(take) < LONGEST
    assert not refused or "Take out what is no text" in refused
    assert not refused or markup.startswith("<pre>")


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_as_much_of_it_as_is_taken_is_shown_at_once(text: str) -> None:
    while markdown.count_marks(text) > markdown.MOST_MARKS:
        text = text[: len(text) * 9 // 10]
    assert seconds_of(lambda: markdown.to_html(text)) < LONGEST


def test_a_long_text_with_many_links_and_tables_is_no_burden() -> None:
    link = (
        "Read [the new guidance](https://example.org/a_b/guidance-2027.html) or www.example.org. "
    )
    row = "| country | year | value | source | note |\n"
    page = (link + "Words of *some* weight. " * 5 + "\n\n") * 200
    text = page + row + "|-|-|-|-|-|\n" + row * 200
    markdown.refuse_costly(text, field="body")
    markup = markdown.to_html(text)
    assert markup.count('<a href="https://example.org/a_b/') == 200
    assert markup.count('<a href="http://www.example.org"') == 200
    assert markup.count("<tr>") == 201
