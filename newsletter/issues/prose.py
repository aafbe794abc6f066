"""The texts of an issue: Markdown with merge fields to HTML that is safe to show."""

import re

from selectolax.lexbor import LexborHTMLParser

from newsletter import markdown
from newsletter.issues.merge_fields import Part
from newsletter.issues.segments import fill
from newsletter.issues.tokens import Tokens
from newsletter.languages import direction

LINK_STYLE = "color:#0a5f54;text-decoration:underline"

STYLES = {
    "a": LINK_STYLE,
    "p": "margin:0 0 16px",
    "h2": "margin:24px 0 8px;font-size:21px;line-height:1.3;font-weight:bold",
    "h3": "margin:24px 0 8px;font-size:17px;line-height:1.4;font-weight:bold",
    "h4": "margin:16px 0 8px;font-size:17px;line-height:1.4;font-weight:bold",
    "h5": "margin:16px 0 8px;font-size:15px;line-height:1.4;font-weight:bold",
    "h6": "margin:16px 0 8px;font-size:15px;line-height:1.4;font-weight:bold",
    "ul": "margin:0 0 16px;padding:0 24px",
    "ol": "margin:0 0 16px;padding:0 24px",
    "li": "margin:0 0 4px",
    "blockquote": "margin:0 0 16px;padding:0 16px;border-left:3px solid #d9dcd6",
    "hr": "margin:24px 0;border:0;border-top:1px solid #d9dcd6",
    "pre": "margin:0 0 16px;white-space:pre-wrap;font-size:15px",
    "table": "margin:0 0 16px;border-collapse:collapse",
    "th": "padding:4px 8px;border:1px solid #d9dcd6;font-weight:bold",
    "td": "padding:4px 8px;border:1px solid #d9dcd6",
}
"""How a text looks in a mail; inline, because some programs drop every style sheet (H13)."""

_HEADING = re.compile(r"<(/?)h([2-6])>")


def to_html(text: str, tokens: Tokens) -> str:
    """Return a text as sanitised HTML whose merge fields are tokens."""
    markup = _without_jumps(markdown.to_html(tokens.lift(text)))
    tree = LexborHTMLParser(f"<body>{markup}</body>")
    for link in tree.css("a[href]"):
        link.attrs["href"] = tokens.in_url(link.attributes["href"] or "")
    return (tree.body.inner_html if tree.body else "") or ""


def neutral_html(text: str) -> str:
    """Return a text as sanitised HTML with neutral values, the same for everybody."""
    tokens = Tokens(isolates=False)
    return fill(tokens.cut(to_html(text, tokens)), {}, part=Part.HTML)


def styled(markup: str, language: str) -> str:
    """Return sanitised HTML with the mail's look written into every element."""
    tree = LexborHTMLParser(f"<body>{markup}</body>")
    for tag, style in STYLES.items():
        if direction(language) == "rtl":
            style = style.replace("border-left", "border-right")
        for node in tree.css(f"body {tag}"):
            node.attrs["style"] = style
    for head in tree.css("th"):
        head.attrs["scope"] = "col"
    return (tree.body.inner_html if tree.body else "") or ""


def _without_jumps(markup: str) -> str:
    """Return sanitised HTML whose heading levels grow by one at most, beginning at 2 (H02)."""
    above: list[int] = []

    def renumber(match: re.Match[str]) -> str:
        if not match[1]:
            while above and above[-1] >= int(match[2]):
                above.pop()
            above.append(int(match[2]))
        return f"<{match[1]}h{len(above) + 1}>"

    return _HEADING.sub(renumber, markup)
