"""The blocks of an issue as plain text: everything that the HTML part says, too (STANDARDS H17)."""

from collections.abc import Callable
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

RULE = "-" * 40


def parts(content: Content, tokens: Tokens, *, public_url: str) -> list[str]:
    """Return each block as finished lines, merge fields as tokens; a rule before each item."""
    said = [_SAID[type(block)](block, tokens, public_url) for block in content.blocks]
    return [text for text in said if text]


def _prose(block: Prose, tokens: Tokens, public_url: str) -> str:
    return plaintext.from_html(prose.to_html(block.markdown, tokens))


def _heading(block: Heading, tokens: Tokens, public_url: str) -> str:
    words = plaintext.wrap(tokens.lift(block.words))
    return f"{words}\n{'=' * 40}"


def _button(block: Button, tokens: Tokens, public_url: str) -> str:
    return f"{plaintext.wrap(tokens.lift(block.words))}:\n{block.url}"


def _image(block: Image, tokens: Tokens, public_url: str) -> str:
    if block.is_decorative or not block.alt:
        return block.url
    return plaintext.wrap(f"[{block.alt}]") + (f"\n{block.url}" if block.url else "")


def _divider(block: Divider, tokens: Tokens, public_url: str) -> str:
    return RULE


def _item(block: ItemRow, tokens: Tokens, public_url: str) -> str:
    lines = [RULE, "", wording.label(block), plaintext.wrap(block.title), ""]
    if block.summary:
        lines += [plaintext.wrap(block.summary), ""]
    return "\n".join([*lines, f"{wording.action(block)}:", wording.item_url(block, public_url)])


_SAID: dict[type[Block], Callable[[Any, Tokens, str], str]] = {
    Prose: _prose,
    Heading: _heading,
    Button: _button,
    Image: _image,
    Divider: _divider,
    ItemRow: _item,
}
