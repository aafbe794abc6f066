"""An issue as a page of the archive: the same for everybody, in the site's own templates."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from markupsafe import Markup

from newsletter.issues import content, merge_fields, prose, wording
from newsletter.issues.content import Content, ItemRow
from newsletter.languages import direction
from newsletter.library.models import ItemKind
from newsletter.translating import Translator, translator


@dataclass(frozen=True)
class ArchiveRow:
    """One item as a page of ours shows it; `url` may be a path on this site.

    `slug` is empty for a page elsewhere.
    """

    slug: str
    kind: ItemKind | None
    label: str
    button_words: str
    title: str
    summary: str
    url: str
    published_on: date | None
    language: str
    direction: str


@dataclass(frozen=True)
class ArchiveBlock:
    """One block as a page of ours shows it: which fields count depends on its `kind`.

    `level` is that of the headings of items: one deeper below a heading.
    """

    kind: str
    language: str
    direction: str
    level: int = 2
    markup: Markup = Markup("")
    words: str = ""
    url: str = ""
    image: content.Image | None = None
    row: ArchiveRow | None = None


@dataclass(frozen=True)
class ArchivePage:
    """An issue for the site's own templates, with neutral values in place of merge fields."""

    subject: str
    preheader: str
    language: str
    direction: str
    introduction: Markup
    blocks: tuple[ArchiveBlock, ...]
    ours: Translator
    """Says what stands around it, in its language if we know that."""

    @property
    def rows(self) -> tuple[ArchiveRow, ...]:
        """The items among the blocks."""
        return tuple(block.row for block in self.blocks if block.row is not None)


def archive_page_parts(said: Content) -> ArchivePage:
    """Return what the archive shows of an issue: the same for everybody (DESIGN 4, 9)."""
    ours = translator(said.language)
    return ArchivePage(
        subject=merge_fields.neutral(said.subject),
        preheader=merge_fields.neutral(said.preheader),
        language=said.language,
        direction=direction(said.language),
        introduction=_markup(said.introduction),
        blocks=tuple(_blocks(said, ours)),
        ours=ours,
    )


def _blocks(said: Content, ours: Translator) -> Iterator[ArchiveBlock]:
    level = 2
    for block in said.blocks:
        spoken = getattr(block, "language", said.language)
        frame = ArchiveBlock("", spoken, direction(spoken), level)
        match block:
            case content.Prose():
                yield replace(frame, kind="text", markup=_markup(block.markdown))
            case content.Heading():
                level = 3
                yield replace(frame, kind="heading", words=merge_fields.neutral(block.words))
            case content.Button():
                words = merge_fields.neutral(block.words)
                yield replace(frame, kind="button", words=words, url=block.url)
            case content.Image():
                yield replace(frame, kind="image", image=block, url=block.url)
            case content.Divider():
                yield replace(frame, kind="divider")
            case ItemRow():
                yield replace(frame, kind="item", row=_row(block, ours))


def _row(row: ItemRow, ours: Translator) -> ArchiveRow:
    return ArchiveRow(
        slug=row.slug,
        kind=row.kind,
        label=wording.label(row, ours),
        button_words=wording.action(row, ours),
        title=row.title,
        summary=row.summary,
        url=wording.item_url(row, ""),
        published_on=row.published_on,
        language=row.language,
        direction=direction(row.language),
    )


def _markup(markdown: str) -> Markup:
    # Sanitised by newsletter.markdown, its slots filled with escaped fallbacks.
    return Markup(prose.neutral_html(markdown))
