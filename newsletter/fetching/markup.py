"""The few elements of a page that say something about it, found in one pass.

No tree is built: with a parser that builds one, a megabyte of open elements
takes minutes. Here nothing is looked at twice, whatever the page is made of.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

MOST_ATTRIBUTES = 40
LONGEST_HEADING = 4_000
"""Attributes of one element, and characters between the ends of a heading, that are looked at."""

# A comment, or an element that is wanted; a longer name, like that of a custom element, is not.
_OPENING = re.compile(
    r"<(!--|(?:html|meta|link|title|script|style|body|svg|article|h1|time)(?![a-z0-9-]))"
)
# What is inside is no markup: it ends where it says so, and nowhere else.
_TEXTS = frozenset(("title", "script", "style"))
_ATTRIBUTE = re.compile(
    r"""[\s/]*+([^\s"'<>/=]{1,60}+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'<>=`]++))?+"""
)
_TAG = re.compile(r"<[^<>]*+>")


@dataclass(frozen=True)
class Element:
    """One element: its name and attributes in small letters, and its text if it has one."""

    name: str
    attributes: dict[str, str]
    text: str = ""


def elements(page: str) -> Iterator[Element]:
    """Yield the elements that may say something about the page, in their order.

    Of its headings that is the first one.
    """
    # Only ASCII is made small: other letters may change their length, and move what follows.
    small = page.translate(_SMALL)
    at, has_heading = 0, False
    while (opening := _OPENING.search(small, at)) is not None:
        name = opening[1]
        if name == "!--":
            at = _after(small, "-->", opening.end())
            continue
        attributes, at = _attributes(page, opening.end())
        text = ""
        if name in _TEXTS:
            inside, at = at, _after(small, f"</{name}", at)
            text = page[inside : at - len(name) - len("</")]
        elif name == "h1" and not has_heading:
            has_heading = True
            end = small.find("</h1", at, at + LONGEST_HEADING)
            text = _TAG.sub(" ", page[at : max(at, end)])
        yield Element(name, attributes, text if name == "script" else unescape(text))


_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _after(small: str, end: str, at: int) -> int:
    """Return the place after the next `end`; without one, everything belongs to what it ends."""
    found = small.find(end, at)
    return found + len(end) if found >= 0 else len(small) + len(end)


def _attributes(page: str, at: int) -> tuple[dict[str, str], int]:
    """Return an element's attributes, the first of each name, and where its tag ends."""
    found: dict[str, str] = {}
    for _ in range(MOST_ATTRIBUTES):
        match = _ATTRIBUTE.match(page, at)
        if match is None:
            break
        at = match.end()
        value = match[2] or ""
        if value[:1] in ('"', "'"):
            value = value[1:-1]
        found.setdefault(match[1].lower(), unescape(value))
    end = page.find(">", at, at + LONGEST_HEADING)
    return found, end + 1 if end >= 0 else at
