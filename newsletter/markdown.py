"""Markdown to HTML that is safe to show, on pages and in mail."""

import nh3
from markdown_it import MarkdownIt

INLINE_TAGS = {"a", "br", "code", "em", "s", "strong"}
BLOCK_TAGS = {"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLE_TAGS = {"table", "tbody", "td", "th", "thead", "tr"}
SCHEMES = {"http", "https", "mailto", "tel"}

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
    return _cleaner.clean(_parser.renderer.render(tokens, _parser.options, {})).strip()
