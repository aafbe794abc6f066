"""Markdown to HTML that is safe to show, on pages and in mail."""

from collections.abc import Iterable, Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

INLINE_TAGS = {"a", "br", "code", "em", "s", "strong"}
BLOCK_TAGS = {"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLE_TAGS = {"table", "tbody", "td", "th", "thead", "tr"}
SCHEMES = {"http", "https", "mailto", "tel"}

DEEPEST = 10
"""Elements inside one another within a line: of thousands, each pass over the HTML would be slow.

Quotes and lists inside one another end at the parser's own limit of 20.
"""

# Raw HTML stays text. An image would be fetched from elsewhere by every reader's
# program, so `![text](address)` becomes a link to it.
_parser = MarkdownIt("gfm-like", {"html": False, "linkify": True}).disable("image")
_cleaner = nh3.Cleaner(
    tags=INLINE_TAGS | BLOCK_TAGS | TABLE_TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes=SCHEMES,
    link_rel="noopener noreferrer",
)


def to_html(text: str) -> str:
    """Return `text` as sanitised HTML; its headings begin at level 2, below the page's own."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.children:
            token.children = list(_shallow(token.children))
    return _cleaner.clean(_parser.renderer.render(tokens, _parser.options, {})).strip()


def _shallow(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens of a line without the emphasis that is deeper than any reader can see."""
    depth = 0
    for token in tokens:
        depth += token.nesting == 1
        if token.nesting == 0 or depth <= DEEPEST:
            yield token
        depth -= token.nesting == -1
