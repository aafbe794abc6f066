"""The blocks of an issue as plain text: everything that the HTML part says, too (STANDARDS H17)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from newsletter.issues import plaintext, prose, wording
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

RULE = "-" * 40


@dataclass(frozen=True)
class _Frame:
    """What all blocks of one edition share."""

    tokens: Tokens
    public_url: str
    ours: Translator


def parts(content: Content, tokens: Tokens, *, public_url: str) -> list[str]:
    """Return each block as finished lines, merge fields as tokens; a rule before each item."""
    frame = _Frame(tokens, public_url, translator(content.language))
    said = [_SAID[type(block)](block, frame) for block in content.blocks]
    return [text for text in said if text]


def _prose(block: Prose, frame: _Frame) -> str:
    return plaintext.from_html(prose.to_html(block.markdown, frame.tokens))


def _heading(block: Heading, frame: _Frame) -> str:
    words = plaintext.wrap(frame.tokens.lift(block.words))
    lines = [words, ("=" if block.level == 2 else "-") * 40]
    return "\n".join([*lines, "", block.url] if block.url else lines)


def _button(block: Button, frame: _Frame) -> str:
    words = plaintext.wrap(frame.tokens.lift(block.words))
    return f"{wording.before_address(words, frame.ours)}\n{block.url}"


def _image(block: Image, frame: _Frame) -> str:
    if block.is_decorative or not block.alt:
        return block.url
    return plaintext.wrap(f"[{block.alt}]") + (f"\n{block.url}" if block.url else "")


def _divider(block: Divider, frame: _Frame) -> str:
    return RULE


def _item(block: ItemRow, frame: _Frame) -> str:
    lines = [RULE, "", wording.label(block, frame.ours), plaintext.wrap(block.title), ""]
    if block.summary:
        lines += [plaintext.wrap(block.summary), ""]
    action = wording.before_address(wording.action(block, frame.ours), frame.ours)
    return "\n".join([*lines, action, wording.item_url(block, frame.public_url)])


_SAID: dict[type[Block], Callable[[Any, _Frame], str]] = {
    Prose: _prose,
    Heading: _heading,
    Button: _button,
    Image: _image,
    Divider: _divider,
    ItemRow: _item,
}
