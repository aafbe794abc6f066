"""Markdown cannot be nested so deeply that whoever reads the HTML slows down or gives up."""

from html.parser import HTMLParser

import pytest

from newsletter import markdown
from newsletter.issues import plaintext

MANY = 10_000


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
