"""All that an issue says, in every language, in the order of its blocks: what a revision keeps."""

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from newsletter.issues.texts import Texts
from newsletter.library.models import ItemKind


class BlockKind(enum.StrEnum):
    """What a block is."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    BUTTON = "button"
    IMAGE = "image"
    DIVIDER = "divider"


@dataclass(frozen=True)
class Words:
    """What a block says in one language; empty is what it does not say, or not otherwise.

    `title` is a heading, the words of a button, or an item's own title here;
    `text` is a text (Markdown), an item's own summary here, or the alternative
    text of an image; `url` is where a button or an image leads. `is_silent` says
    that an item has no summary here, though the original has one.
    """

    title: str = ""
    text: str = ""
    url: str = ""
    is_silent: bool = False


NOTHING = Words()


@dataclass(frozen=True)
class PickedItem:
    """An item as it was when it was picked, or a page elsewhere, which has no `slug` and no `kind`.

    `seen_at` is when the library's item had last been changed then (ISO 8601):
    a later change is for the editor to take over or to leave. `trouble` says
    why a page elsewhere could not be read.
    """

    title: str
    summary: str
    url: str
    language: str
    slug: str = ""
    kind: ItemKind | None = None
    published_on: date | None = None
    seen_at: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class PickedImage:
    """An uploaded image, its size in pixels as it is shown, and its path on this site."""

    number: int
    path: str
    width: int
    height: int
    is_decorative: bool = False


@dataclass(frozen=True)
class Block:
    """One block: its `key` stays the same in every revision, its words are by language."""

    key: str
    kind: BlockKind
    words: Mapping[str, Words] = field(default_factory=dict)
    item: PickedItem | None = None
    image: PickedImage | None = None

    def says(self, language: str) -> Words:
        """Return the words in one language, empty where there are none."""
        return self.words.get(language, NOTHING)


@dataclass(frozen=True)
class Composition:
    """Everything that an issue says: the texts of each edition, the first one first, and blocks."""

    editions: Mapping[str, Texts]
    blocks: tuple[Block, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, the one that stands in for missing words first."""
        return tuple(self.editions)

    @property
    def first_language(self) -> str:
        """The language that everybody gets whose own there is no edition in."""
        return self.languages[0]

    @property
    def slugs(self) -> tuple[str, ...]:
        """The short names of the library's items in it, in their order."""
        return tuple(block.item.slug for block in self.blocks if block.item and block.item.slug)

    def block(self, key: str) -> Block | None:
        """Return the block with this key, or None."""
        return next((block for block in self.blocks if block.key == key), None)


def to_json(whole: Composition) -> dict[str, Any]:
    """Return plain values, ready for Revision.content."""
    return {
        "editions": [
            {"language": language, **asdict(texts)} for language, texts in whole.editions.items()
        ],
        "blocks": [_block_to_json(block) for block in whole.blocks],
    }


def from_json(plain: Mapping[str, Any]) -> Composition:
    """Return the composition that `to_json` made `plain` from."""
    return Composition(
        editions={
            edition["language"]: Texts(
                edition["subject"], edition["preheader"], edition["introduction"]
            )
            for edition in plain["editions"]
        },
        blocks=tuple(_block_from_json(block) for block in plain["blocks"]),
    )


def _block_to_json(block: Block) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "key": block.key,
        "kind": block.kind.value,
        "words": {
            language: asdict(words) for language, words in block.words.items() if words != NOTHING
        },
    }
    if block.item is not None:
        day = block.item.published_on
        plain["item"] = {
            **asdict(block.item),
            "kind": block.item.kind.value if block.item.kind else None,
            "published_on": day.isoformat() if day else None,
        }
    if block.image is not None:
        plain["image"] = asdict(block.image)
    return plain


def _block_from_json(plain: Mapping[str, Any]) -> Block:
    item, image = plain.get("item"), plain.get("image")
    return Block(
        key=plain["key"],
        kind=BlockKind(plain["kind"]),
        words={language: Words(**words) for language, words in plain["words"].items()},
        item=_item_from_json(item) if item else None,
        image=PickedImage(**image) if image else None,
    )


def _item_from_json(plain: Mapping[str, Any]) -> PickedItem:
    kind, day = plain["kind"], plain["published_on"]
    return PickedItem(
        **{
            **plain,
            "kind": ItemKind(kind) if kind else None,
            "published_on": date.fromisoformat(day) if day else None,
        }
    )
