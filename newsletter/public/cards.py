"""What a page tells search engines and whoever shows a link to it: title, summary, its address."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from newsletter import languages, links, page_language, translating

LONGEST_DESCRIPTION = 200
"""Letters that are shown below a link; the rest would be cut off anywhere."""

ANY_LANGUAGE = "x-default"
"""What search engines call the address that chooses by the browser's language."""


@dataclass(frozen=True)
class Picture:
    """An image of ours that stands in what the page shows."""

    address: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Feed:
    """An Atom feed that has what is new here."""

    title: str
    address: str


@dataclass(frozen=True)
class Card:
    """One page: `address` is the one to remember, `others` are the same in other languages."""

    title: str
    description: str
    address: str
    language: str
    kind: str = "website"
    others: Mapping[str, str] = field(default_factory=dict)
    picture: Picture | None = None
    feeds: tuple[Feed, ...] = ()
    is_indexed: bool = True

    @property
    def summary(self) -> str:
        """The description on one line, cut between two words."""
        return textwrap.shorten(self.description, LONGEST_DESCRIPTION, placeholder="…")

    @property
    def place(self) -> str:
        """The language as Open Graph writes it."""
        return languages.with_country(self.language)


def of_page(
    title: str,
    description: str,
    path: str,
    *,
    feeds: tuple[Feed, ...] = (),
    is_indexed: bool = True,
    **arguments: str | int,
) -> Card:
    """Return the card of a page that there is in each language of ours."""
    given = {name: value for name, value in arguments.items() if value}
    return Card(
        title=title,
        description=description,
        address=links.public_url(page_language.to(path, **given)),
        language=page_language.spoken(),
        others={
            code: links.public_url(page_language.to(path, **{**given, page_language.FIELD: code}))
            for code in translating.written()
        }
        | {ANY_LANGUAGE: links.public_url(page_language.plain(path, **given))},
        feeds=feeds,
        is_indexed=is_indexed,
    )


def feed(title: str, path: str) -> Feed:
    """Return a feed of ours in the language that a link chose."""
    return Feed(title, links.public_url(page_language.to(path)))
