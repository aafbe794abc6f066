"""Changing a composition: each change takes one and returns another, and touches no database."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace

from newsletter import inputs, languages, markdown
from newsletter.errors import InvalidInput
from newsletter.issues import texts
from newsletter.issues.composition import (
    NOTHING,
    Block,
    BlockKind,
    Composition,
    PickedImage,
    PickedItem,
    Words,
)
from newsletter.issues.texts import Texts
from newsletter.library import facts

MAX_BLOCKS = 150
"""Blocks that one issue may hold, its items among them."""

MAX_ITEMS = 100
"""Items that one issue may hold."""

MAX_EDITIONS = 12
"""Languages that one issue may be written in."""

MOST_MARKS = 30_000
"""Marks of Markdown in all texts of an issue: each of its pages is made of all of them."""

LONGEST_TITLE = 300
LONGEST_ALT = 500
"""Characters of a heading, of a button's words or an item's title; of an alternative text."""


_KEY = re.compile(r"b[0-9a-f]{10}")


def new_key() -> str:
    """Return a key for a new block, which no other block has."""
    return f"b{secrets.token_hex(5)}"


def is_key(text: str) -> bool:
    """Tell whether `text` can be the key of a block."""
    return _KEY.fullmatch(text) is not None


def blank(language: str) -> Composition:
    """Return an issue that says nothing yet, in one language."""
    return Composition(editions={languages.tag(language): Texts("", "", "")})


def refuse_costly(whole: Composition) -> None:
    """Raise InvalidInput for an issue that would take long to be shown."""
    prose = [said.introduction for said in whole.editions.values()]
    for block in whole.blocks:
        if block.kind is BlockKind.TEXT:
            prose += [words.text for words in block.words.values()]
    found = sum(markdown.count_marks(text) for text in prose)
    if found > MOST_MARKS:
        raise InvalidInput(
            f"All texts of this issue together have {found:,} line ends and characters like "
            f"[ * _ < > | that mean something in Markdown; they may have {MOST_MARKS:,}. "
            "Make two issues of it, or take out what is no text."
        )


def with_texts(whole: Composition, language: str, typed: Texts) -> Composition:
    """Put what was typed into one edition; raise InvalidInput at the field that is wrong."""
    checked = texts.checked(typed.subject, typed.preheader, typed.introduction)
    return replace(whole, editions={**whole.editions, language: checked})


def with_words(whole: Composition, key: str, language: str, typed: Words) -> Composition:
    """Put what was typed into one block; raise InvalidInput naming `key-title`, `-text` or `-url`.

    What an item says anyway is not kept as its own: emptying its title, or typing the
    original again, goes back to the original. Its summary may be emptied where the field
    shows the original: then it has none here.
    """
    block = _found(whole, key)
    words = _checked(block, typed)
    if block.item is not None:
        words = _as_own(block.item, words, language)
    said = {name: known for name, known in block.words.items() if name != language}
    if words != NOTHING:
        said[language] = words
    return _exchanged(whole, replace(block, words=said))


def without_words(whole: Composition, key: str, language: str) -> Composition:
    """Take what a block says in one language out: an item is as the original again."""
    block = _found(whole, key)
    said = {name: known for name, known in block.words.items() if name != language}
    return _exchanged(whole, replace(block, words=said))


def with_block(
    whole: Composition, kind: BlockKind, *, after: str = "", image: PickedImage | None = None
) -> Composition:
    """Add an empty block, at the end or after another one."""
    return _added(whole, [Block(new_key(), kind, image=image)], after=after)


def with_items(whole: Composition, items: Sequence[PickedItem], *, after: str = "") -> Composition:
    """Add items at the end or after a block, in their order; those that are in it already stay."""
    known = set(whole.slugs)
    fresh = [item for item in items if not item.slug or item.slug not in known]
    if len(fresh) + sum(block.item is not None for block in whole.blocks) > MAX_ITEMS:
        raise InvalidInput(f"An issue holds at most {MAX_ITEMS} items.", field="items")
    blocks = [Block(new_key(), BlockKind.ITEM, item=item) for item in fresh]
    return _added(whole, blocks, after=after)


def with_item_again(whole: Composition, key: str, item: PickedItem) -> Composition:
    """Exchange what is kept of an item, as after a change in the library; own words stay."""
    return _exchanged(whole, replace(_found(whole, key), item=item))


def moved(whole: Composition, key: str, by: int) -> Composition:
    """Move a block by some places, up if `by` is negative; it stops at either end."""
    block = _found(whole, key)
    blocks = list(whole.blocks)
    place = blocks.index(block)
    blocks.insert(max(0, place + by), blocks.pop(place))
    return replace(whole, blocks=tuple(blocks))


def in_order(whole: Composition, keys: Sequence[str]) -> Composition:
    """Put the blocks into the order of `keys`; those not named keep their order, at the end."""
    known = {block.key: block for block in whole.blocks}
    named = [known[key] for key in dict.fromkeys(keys) if key in known]
    rest = [block for block in whole.blocks if block not in named]
    return replace(whole, blocks=(*named, *rest))


def without(whole: Composition, key: str) -> Composition:
    """Take a block out."""
    block = _found(whole, key)
    return replace(whole, blocks=tuple(other for other in whole.blocks if other is not block))


def with_edition(whole: Composition, language: str) -> Composition:
    """Add an edition that says nothing yet; raise InvalidInput for what is no language."""
    name = languages.tag(language)
    if name in whole.editions:
        raise InvalidInput(f"There is an edition in {name} already.", field="language")
    if len(whole.editions) >= MAX_EDITIONS:
        raise InvalidInput(f"An issue has at most {MAX_EDITIONS} editions.", field="language")
    return replace(whole, editions={**whole.editions, name: Texts("", "", "")})


def without_edition(whole: Composition, language: str) -> Composition:
    """Take an edition and all its words out; the first one stays."""
    if language == whole.first_language or language not in whole.editions:
        raise InvalidInput("The first language of an issue stays.", field="language")
    return Composition(
        editions={name: said for name, said in whole.editions.items() if name != language},
        blocks=tuple(
            replace(
                block,
                words={name: said for name, said in block.words.items() if name != language},
            )
            for block in whole.blocks
        ),
    )


def _found(whole: Composition, key: str) -> Block:
    block = whole.block(key)
    if block is None:
        raise InvalidInput("This part is no longer in the issue. Load the page again.")
    return block


def _exchanged(whole: Composition, block: Block) -> Composition:
    return replace(
        whole, blocks=tuple(block if other.key == block.key else other for other in whole.blocks)
    )


def _added(whole: Composition, blocks: Sequence[Block], *, after: str) -> Composition:
    if len(whole.blocks) + len(blocks) > MAX_BLOCKS:
        raise InvalidInput(f"An issue holds at most {MAX_BLOCKS} parts.", field="items")
    keys = [block.key for block in whole.blocks]
    place = keys.index(after) + 1 if after in keys else len(keys)
    return replace(whole, blocks=(*whole.blocks[:place], *blocks, *whole.blocks[place:]))


def _checked(block: Block, typed: Words) -> Words:
    text = f"{block.key}-text"
    if block.kind is BlockKind.TEXT:
        said = texts.prose(typed.text, field=text)
    elif block.kind is BlockKind.IMAGE:
        said = inputs.one_line(typed.text, field=text, most=LONGEST_ALT)
    else:
        said = inputs.printable(typed.text, field=text, most=facts.LONGEST_SUMMARY)
    return Words(
        title=inputs.one_line(typed.title, field=f"{block.key}-title", most=LONGEST_TITLE),
        text=said,
        url=_checked_url(typed.url, field=f"{block.key}-url"),
    )


def _checked_url(typed: str, *, field: str) -> str:
    try:
        return facts.url(typed)
    except InvalidInput as exc:
        raise InvalidInput(str(exc), field=field) from exc


def _as_own(item: PickedItem, words: Words, language: str) -> Words:
    is_emptied = item.language == language and not words.text and bool(item.summary)
    return replace(
        words,
        title="" if words.title == item.title else words.title,
        text="" if words.text == item.summary else words.text,
        is_silent=is_emptied,
    )
