"""What people typed into an issue, each piece once, with the place where it stands."""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

from newsletter.issues import prose
from newsletter.issues.checks.findings import shown
from newsletter.issues.composition import Block, BlockKind, Composition, Words
from newsletter.issues.merge_fields import Part
from newsletter.issues.segments import Slot, fill
from newsletter.issues.tokens import Tokens

KEPT = 64
"""Texts whose links are remembered: of those in an issue, most are as they were a save ago."""


class Sort(enum.Enum):
    """What a piece is read as; in a plain one, merge fields mean nothing."""

    LINE = "line"
    MARKDOWN = "markdown"
    PLAIN = "plain"


@dataclass(frozen=True)
class Typed:
    """One text, in one edition; `name` is what a sentence calls it, after “the”."""

    place: str
    language: str
    name: str
    sort: Sort
    text: str


@dataclass(frozen=True)
class Link:
    """One link, in one edition: its words, and where it leads as it was typed.

    `name` is what it is: a link, a button, an image or an item.
    """

    place: str
    language: str
    name: str
    words: str
    address: str

    @property
    def called(self) -> str:
        """What a sentence calls it, at its beginning."""
        return f"The {self.name} “{shown(self.words)}”" if self.words else f"A {self.name}"


@dataclass(frozen=True)
class Prose:
    """What the Markdown of one text has in it: links, and the names of fields in their addresses.

    `has_empty_heading` tells of a heading without words.
    """

    links: tuple[tuple[str, str], ...]
    fields_in_links: tuple[str, ...]
    has_empty_heading: bool


def texts(whole: Composition) -> list[Typed]:
    """Return every text that is not empty, edition by edition; what an item says anyway is once."""
    found = [
        Typed(name, language, name, sort, getattr(said, name))
        for language, said in whole.editions.items()
        for name, sort in (
            ("subject", Sort.LINE),
            ("preheader", Sort.LINE),
            ("introduction", Sort.MARKDOWN),
        )
    ]
    for block in whole.blocks:
        found += _originals(block, whole)
        for language in whole.languages:
            found += _said(block, language, block.says(language))
    return [one for one in found if one.text.strip()]


def _originals(block: Block, whole: Composition) -> list[Typed]:
    """Return what an item says by itself, as far as some edition shows it."""
    if block.item is None:
        return []
    place, item = f"block-{block.key}", block.item
    named = f"item “{shown(item.title)}”"
    said = [block.says(language) for language in whole.languages]
    found = []
    if not all(words.title for words in said):
        found.append(Typed(place, "", named, Sort.PLAIN, item.title))
    if not all(words.text for words in said):
        found.append(Typed(place, "", named, Sort.PLAIN, item.summary))
    return found


def _said(block: Block, language: str, words: Words) -> Iterator[Typed]:
    place = f"block-{block.key}"
    match block.kind:
        case BlockKind.TEXT:
            yield Typed(place, language, "text", Sort.MARKDOWN, words.text)
        case BlockKind.HEADING:
            yield Typed(place, language, "heading", Sort.LINE, words.title)
        case BlockKind.BUTTON:
            yield Typed(place, language, "button", Sort.LINE, words.title)
        case BlockKind.IMAGE:
            yield Typed(place, language, "alternative text", Sort.PLAIN, words.text)
        case BlockKind.ITEM:
            title = words.title or (block.item.title if block.item else "")
            named = f"item “{shown(title)}”"
            yield Typed(place, language, named, Sort.PLAIN, words.title)
            yield Typed(place, language, named, Sort.PLAIN, words.text)


def links(whole: Composition) -> list[Link]:
    """Return every link that somebody made, edition by edition; those of items once."""
    found = [
        Link(one.place, one.language, "link", words, address)
        for one in texts(whole)
        if one.sort is Sort.MARKDOWN
        for words, address in in_prose(one.text).links
    ]
    first = whole.first_language
    for block in whole.blocks:
        place = f"block-{block.key}"
        if block.item is not None and block.item.url:
            found.append(Link(place, "", "item", block.item.title, block.item.url))
        if block.kind in (BlockKind.BUTTON, BlockKind.IMAGE):
            for language in whole.languages:
                own, other = block.says(language), block.says(first)
                if own.url or (language != first and other.url and own.title):
                    words = own.title if block.kind is BlockKind.BUTTON else own.text
                    address = own.url or other.url
                    found.append(Link(place, language, block.kind.value, words, address))
    return found


def once(links: Iterable[Link]) -> list[Link]:
    """Return the links without those that lead from one place to where another one there leads."""
    return list({(link.place, link.address): link for link in reversed([*links])}.values())[::-1]


def addresses(whole: Composition, *, public_url: str) -> list[str]:
    """Return where the issue leads, each address once, without the pages of this installation."""
    ours = f"{public_url}/"
    found = dict.fromkeys(link.address for link in links(whole))
    return [address for address in found if not f"{address}/".startswith(ours)]


@lru_cache(maxsize=KEPT)
def in_prose(text: str) -> Prose:
    """Return what the Markdown of `text` has in it that is checked."""
    tokens = Tokens(isolates=False)
    cut = tokens.cut(prose.to_html(text, tokens))
    tree = LexborHTMLParser(fill(cut, {}, part=Part.HTML))
    in_links = [piece.field.path for piece in cut if isinstance(piece, Slot) and piece.in_url]
    return Prose(
        links=tuple(
            (" ".join(node.text().split()), node.attributes.get("href") or "")
            for node in tree.css("a")
        ),
        fields_in_links=tuple(dict.fromkeys(in_links)),
        has_empty_heading=any(not node.text().strip() for node in tree.css("h2,h3,h4,h5,h6")),
    )
