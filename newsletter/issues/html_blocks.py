"""The blocks of an issue as values for its MJML template: all words wait behind tokens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from newsletter.translating import Translator, translator

WIDEST = 552
"""Pixels that an image may be wide: a mail of 600 less its margins (STANDARDS H11)."""


@dataclass(frozen=True)
class _Frame:
    """What all blocks of one edition share."""

    tokens: Tokens
    public_url: str
    ours: Translator


def parts(content: Content, tokens: Tokens, *, public_url: str) -> list[dict[str, Any]]:
    """Return what the template shows of each block, in their order.

    Items below a heading are one level deeper than it (STANDARDS H02). A rule parts an
    item from what comes before it, unless a heading or a divider does.
    """
    frame = _Frame(tokens, public_url, translator(content.language))
    return list(_parts(content, frame))


def _parts(content: Content, frame: _Frame) -> Iterator[dict[str, Any]]:
    level, is_parted = 2, False
    for block in content.blocks:
        if isinstance(block, Heading):
            level = block.level + 1
        yield {
            "kind": _KINDS[type(block)],
            "language": getattr(block, "language", content.language),
            "direction": languages.direction(getattr(block, "language", content.language)),
            "level": level,
            "has_rule": isinstance(block, ItemRow) and not is_parted,
            **_SHOWN[type(block)](block, frame),
        }
        is_parted = isinstance(block, (Heading, Divider))


def _prose(block: Prose, frame: _Frame) -> dict[str, Any]:
    markup = prose.styled(prose.to_html(block.markdown, frame.tokens), block.language)
    return {"words": frame.tokens.put(*frame.tokens.cut(markup))}


def _heading(block: Heading, frame: _Frame) -> dict[str, Any]:
    return {
        "words": frame.tokens.line(block.words),
        "url": frame.tokens.text(block.url) if block.url else "",
        "level": block.level,
    }


def _button(block: Button, frame: _Frame) -> dict[str, Any]:
    return {"words": frame.tokens.line(block.words), "url": frame.tokens.text(block.url)}


def _image(block: Image, frame: _Frame) -> dict[str, Any]:
    width = min(block.width, WIDEST)
    return {
        "source": frame.tokens.text(f"{frame.public_url}{block.path}"),
        "alt": frame.tokens.text(block.alt),
        "url": frame.tokens.text(block.url) if block.url else "",
        "width": width,
        "height": max(1, round(block.height * width / max(block.width, 1))),
    }


def _divider(block: Divider, frame: _Frame) -> dict[str, Any]:
    return {}


def _item(block: ItemRow, frame: _Frame) -> dict[str, Any]:
    return {
        "label": frame.tokens.text(wording.label(block, frame.ours)),
        "title": frame.tokens.text(block.title),
        "summary": block.summary and frame.tokens.text(block.summary),
        "url": frame.tokens.text(wording.item_url(block, frame.public_url)),
        "action": frame.tokens.text(wording.action(block, frame.ours)),
    }


_KINDS: dict[type[Block], str] = {
    Prose: "text",
    Heading: "heading",
    Button: "button",
    Image: "image",
    Divider: "divider",
    ItemRow: "item",
}

_SHOWN: dict[type[Block], Callable[[Any, _Frame], dict[str, Any]]] = {
    Prose: _prose,
    Heading: _heading,
    Button: _button,
    Image: _image,
    Divider: _divider,
    ItemRow: _item,
}
