"""The blocks of an issue as values for its MJML template: all words wait behind tokens."""

from collections.abc import Callable, Iterator
from typing import Any

from newsletter import languages
from newsletter.issues import prose, wording
from newsletter.issues.content import (
    Block,
    Button,
    Content,
    Divider,
    Heading,
    Image,
    ItemRow,
    Prose,
)
from newsletter.issues.tokens import Tokens

WIDEST = 552
"""Pixels that an image may be wide: a mail of 600 less its margins (STANDARDS H11)."""


def parts(content: Content, tokens: Tokens, *, public_url: str) -> list[dict[str, Any]]:
    """Return what the template shows of each block, in their order.

    Items below a heading are one level deeper than it (STANDARDS H02). A rule parts an
    item from what comes before it, unless a heading or a divider does.
    """
    return list(_parts(content, tokens, public_url))


def _parts(content: Content, tokens: Tokens, public_url: str) -> Iterator[dict[str, Any]]:
    level, is_parted = 2, False
    for block in content.blocks:
        if isinstance(block, Heading):
            level = 3
        yield {
            "kind": _KINDS[type(block)],
            "language": getattr(block, "language", content.language),
            "direction": languages.direction(getattr(block, "language", content.language)),
            "level": level,
            "has_rule": isinstance(block, ItemRow) and not is_parted,
            **_SHOWN[type(block)](block, tokens, public_url),
        }
        is_parted = isinstance(block, (Heading, Divider))


def _prose(block: Prose, tokens: Tokens, public_url: str) -> dict[str, Any]:
    markup = prose.styled(prose.to_html(block.markdown, tokens), block.language)
    return {"words": tokens.put(*tokens.cut(markup))}


def _heading(block: Heading, tokens: Tokens, public_url: str) -> dict[str, Any]:
    return {"words": tokens.line(block.words)}


def _button(block: Button, tokens: Tokens, public_url: str) -> dict[str, Any]:
    return {"words": tokens.line(block.words), "url": tokens.text(block.url)}


def _image(block: Image, tokens: Tokens, public_url: str) -> dict[str, Any]:
    width = min(block.width, WIDEST)
    return {
        "source": tokens.text(f"{public_url}{block.path}"),
        "alt": tokens.text(block.alt),
        "url": tokens.text(block.url) if block.url else "",
        "width": width,
        "height": max(1, round(block.height * width / max(block.width, 1))),
    }


def _divider(block: Divider, tokens: Tokens, public_url: str) -> dict[str, Any]:
    return {}


def _item(block: ItemRow, tokens: Tokens, public_url: str) -> dict[str, Any]:
    return {
        "label": wording.label(block),
        "title": tokens.text(block.title),
        "summary": block.summary and tokens.text(block.summary),
        "url": tokens.text(wording.item_url(block, public_url)),
        "action": wording.action(block),
        # The fixed words are English, whatever language the item is in.
        "foreign": not languages.is_english(block.language),
    }


_KINDS: dict[type[Block], str] = {
    Prose: "text",
    Heading: "heading",
    Button: "button",
    Image: "image",
    Divider: "divider",
    ItemRow: "item",
}

_SHOWN: dict[type[Block], Callable[[Any, Tokens, str], dict[str, Any]]] = {
    Prose: _prose,
    Heading: _heading,
    Button: _button,
    Image: _image,
    Divider: _divider,
    ItemRow: _item,
}
