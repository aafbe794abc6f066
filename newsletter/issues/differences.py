"""What is different between two versions of an issue, as a person reads it."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.issues.composition import Block, BlockKind, Composition
from newsletter.issues.texts import Texts

_PIECES = re.compile(r"\s+|\S+\s*")

LONGEST_COMPARED = 20_000
"""Characters up to which words are compared one by one; longer texts are shown before and after."""


@dataclass(frozen=True)
class Piece:
    """A run of words: `how` is same, gone or new."""

    how: str
    words: str


@dataclass(frozen=True)
class Difference:
    """One place that differs: what it is called, in which language, and its pieces in order."""

    what: str
    language: str
    pieces: tuple[Piece, ...]


def between(old: Composition, new: Composition) -> list[Difference]:
    """Return all that differs: texts edition by edition, then blocks as the new one has them."""
    return [
        *_editions(old, new),
        *_blocks(old, new),
        *_order(old, new),
    ]


def words(old: str, new: str) -> tuple[Piece, ...]:
    """Return how one text became the other, in runs of words that are the same, gone or new."""
    if len(old) + len(new) > LONGEST_COMPARED:
        return tuple(Piece(how, text) for how, text in (("gone", old), ("new", new)) if text)
    before, after = _PIECES.findall(old), _PIECES.findall(new)
    pieces: list[Piece] = []
    # Words that are everywhere are no landmarks: comparing by them would take for ever.
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=True)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[start:end])))
            continue
        gone, fresh = "".join(before[start:end]), "".join(after[first:last])
        pieces += [Piece(how, text) for how, text in (("gone", gone), ("new", fresh)) if text]
    return tuple(pieces)


def _editions(old: Composition, new: Composition) -> Iterator[Difference]:
    nothing = Texts("", "", "")
    for language in dict.fromkeys((*new.languages, *old.languages)):
        before = old.editions.get(language, nothing)
        after = new.editions.get(language, nothing)
        for name in ("subject", "preheader", "introduction"):
            yield from _text(
                name.capitalize(), language, getattr(before, name), getattr(after, name)
            )


def _blocks(old: Composition, new: Composition) -> Iterator[Difference]:
    known = {block.key: block for block in old.blocks}
    for block in new.blocks:
        before = known.pop(block.key, None)
        yield from _block(before, block)
    for block in known.values():
        yield from _block(block, None)


def _block(old: Block | None, new: Block | None) -> Iterator[Difference]:
    block = new or old
    if block is None:
        return
    what = _called(block)
    if old is None or new is None:
        how = "new" if old is None else "gone"
        verb = "added" if old is None else "taken out"
        said = "\n".join(text for language in block.words for text in _said(block, language))
        yield Difference(f"{what}, {verb}", "", (Piece(how, said or what),))
        return
    for language in dict.fromkeys((*new.words, *old.words)):
        before, after = "\n".join(_said(old, language)), "\n".join(_said(new, language))
        yield from _text(what, language, before, after)
    if (old.item, old.image) != (new.item, new.image):
        yield from _text(what, "", _kept(old), _kept(new))


def _order(old: Composition, new: Composition) -> Iterator[Difference]:
    before = [block.key for block in old.blocks if new.block(block.key)]
    after = [block.key for block in new.blocks if old.block(block.key)]
    if before != after:
        lines = "\n".join(f"{place}. {_called(block)}" for place, block in enumerate(new.blocks, 1))
        yield Difference("The order", "", (Piece("new", lines),))


def _text(what: str, language: str, old: str, new: str) -> Iterator[Difference]:
    if old != new:
        yield Difference(what, language, words(old, new))


def _called(block: Block) -> str:
    if block.item is not None:
        return f"Item “{block.item.title}”"
    return {
        BlockKind.TEXT: "Text",
        BlockKind.HEADING: "Heading",
        BlockKind.BUTTON: "Button",
        BlockKind.IMAGE: "Image",
        BlockKind.DIVIDER: "Divider",
        BlockKind.ITEM: "Item",
    }[block.kind]


def _said(block: Block, language: str) -> Sequence[str]:
    said = block.says(language)
    silence = "(no summary)" if said.is_silent else ""
    return [text for text in (said.title, said.text, said.url, silence) if text]


def _kept(block: Block) -> str:
    if block.item is not None:
        return "\n".join((block.item.title, block.item.summary, block.item.url))
    return block.image.path if block.image is not None else ""
