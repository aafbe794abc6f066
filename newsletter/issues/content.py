"""What an issue says in one language, apart from how it is kept: what is rendered and checked."""

from dataclasses import dataclass
from datetime import date

from newsletter.library.models import ItemKind


@dataclass(frozen=True)
class Prose:
    """A text: Markdown, which may hold merge fields."""

    key: str
    markdown: str
    language: str


@dataclass(frozen=True)
class Heading:
    """A line above what follows; it may hold merge fields.

    Above an issue in a digest it leads to the issue's page; the issue's own headings are
    one `level` deeper there.
    """

    key: str
    words: str
    language: str
    url: str = ""
    level: int = 2


@dataclass(frozen=True)
class Button:
    """A link that stands for itself; its words may hold merge fields."""

    key: str
    words: str
    url: str
    language: str


@dataclass(frozen=True)
class Image:
    """A picture, its size in pixels as it is stored; `url` is where it leads, or empty."""

    key: str
    path: str
    width: int
    height: int
    alt: str
    url: str
    language: str
    is_decorative: bool = False


@dataclass(frozen=True)
class Divider:
    """A rule between what stands before and after."""

    key: str


@dataclass(frozen=True)
class ItemRow:
    """One library item as it was when it was picked, or a page elsewhere, in this issue's words.

    `url` is empty where the item has no page of its own elsewhere: readers
    are then led to its page in the library. A page elsewhere has no `slug`,
    no `kind` and perhaps no date.
    """

    slug: str
    kind: ItemKind | None
    title: str
    summary: str
    url: str
    published_on: date | None
    language: str
    key: str = ""


Block = Prose | Heading | Button | Image | Divider | ItemRow


@dataclass(frozen=True)
class Content:
    """One language of an issue: `subject`, `preheader` and `introduction` may hold merge fields.

    The introduction is Markdown; an item's title and summary are plain text.
    """

    subject: str
    preheader: str
    introduction: str
    blocks: tuple[Block, ...]
    language: str

    @property
    def rows(self) -> tuple[ItemRow, ...]:
        """The items and pages among the blocks, in their order."""
        return tuple(block for block in self.blocks if isinstance(block, ItemRow))
