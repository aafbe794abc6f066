"""Markdown to HTML that is safe to show, on pages and in mail, and never takes long.

What a parser has to look at again and again is counted before it begins: a text with more of it
than anybody writes is refused where it is typed, and shown as it stands if it is there already.
"""

import html
import re
from collections.abc import Iterable, Iterator

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.errors import InvalidInput

INLINE_TAGS = {"a", "br", "code", "em", "s", "strong"}
BLOCK_TAGS = {"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLE_TAGS = {"table", "tbody", "td", "th", "thead", "tr"}
SCHEMES = {"http", "https", "mailto", "tel"}

DEEPEST = 10
"""Elements inside one another within a line: of thousands, each pass over the HTML would be slow.

Quotes and lists inside one another end at the parser's own limit of 20.
"""

MOST_MARKS = 5_000
"""Characters of one text that Markdown may read as marks; a book of 100,000 letters has fewer."""

_MARKS = "[]*_`<>|\\~&\n"

MOST_BARE_LINKS = 1_000
"""Places of a text that might be addresses without marks around them; beyond, none is a link."""

LONGEST_WORD = 2_000
"""Characters without a space among which an address is looked for: the longest that is kept."""

_MAYBE_LINKS = re.compile(r"[.:@]\S")
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1}}}")

MOST_CELLS = 3_000
"""Cells of the tables of a text: short rows are filled up, so that few letters make many."""


# Raw HTML stays text. An image would be fetched from elsewhere by every reader's
# program, so `![text](address)` becomes a link to it.
def _parser(*, links_bare: bool, has_tables: bool) -> MarkdownIt:
    off = [name for name, on in (("linkify", links_bare), ("table", has_tables)) if not on]
    return MarkdownIt("gfm-like", {"html": False, "linkify": True}).disable(["image", *off])


_parsers = {
    (links_bare, has_tables): _parser(links_bare=links_bare, has_tables=has_tables)
    for links_bare in (True, False)
    for has_tables in (True, False)
}
_cleaner = nh3.Cleaner(
    tags=INLINE_TAGS | BLOCK_TAGS | TABLE_TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    url_schemes=SCHEMES,
    link_rel="noopener noreferrer",
)


def to_html(text: str) -> str:
    """Return `text` as sanitised HTML; its headings begin at level 2, below the page's own."""
    if count_marks(text) > MOST_MARKS:
        return _cleaner.clean(f"<pre>{html.escape(text)}</pre>")
    parser = _parsers[_may_link_bare(text), _cells(text) <= MOST_CELLS]
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.children:
            token.children = list(_shallow(token.children))
    return _cleaner.clean(parser.renderer.render(tokens, parser.options, {})).strip()


def count_marks(text: str) -> int:
    """Return how many characters of a text Markdown may read as marks."""
    return sum(text.count(mark) for mark in _MARKS)


def refuse_costly(text: str, *, field: str) -> None:
    """Raise InvalidInput for a text with more marks than anybody writes."""
    found = count_marks(text)
    if found > MOST_MARKS:
        raise InvalidInput(
            f"This text has {found:,} line ends and characters like [ * _ < > | that mean "
            f"something in Markdown; it may have {MOST_MARKS:,}. Take out what is no text.",
            field=field,
        )


def _may_link_bare(text: str) -> bool:
    # Around each of these the line is searched for an address: thousands would take minutes.
    is_short = len(text) <= MOST_BARE_LINKS or len(_MAYBE_LINKS.findall(text)) <= MOST_BARE_LINKS
    return is_short and not _LONG_WORD.search(text)


def _cells(text: str) -> int:
    """Return how many cells the tables of a text have at most."""
    if "|" not in text:
        return 0
    parts = [part.split("\n") for part in re.split(r"\n[ \t]*\n", text)]
    return sum(len(lines) * max(line.count("|") for line in lines) for lines in parts)


def _shallow(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens of a line without the emphasis that is deeper than any reader can see."""
    depth = 0
    for token in tokens:
        depth += token.nesting == 1
        if token.nesting == 0 or depth <= DEEPEST:
            yield token
        depth -= token.nesting == -1
