"""An issue as a page of the archive: the same for everybody, in the site's own templates."""

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from newsletter.issues import introduction, merge_fields
from newsletter.issues.content import Content
from newsletter.issues.wording import item_url
from newsletter.languages import direction
from newsletter.library.models import ItemKind
from newsletter.library.words import BUTTON_WORDS, KIND_NAMES


@dataclass(frozen=True)
class ArchiveRow:
    """One item as a page of ours shows it; `url` may be a path on this site."""

    kind: ItemKind
    kind_words: str
    button_words: str
    title: str
    summary: str
    url: str
    published_on: date
    language: str
    direction: str


@dataclass(frozen=True)
class ArchivePage:
    """An issue for the site's own templates, with neutral values in place of merge fields."""

    subject: str
    preheader: str
    language: str
    direction: str
    introduction: Markup
    rows: tuple[ArchiveRow, ...]


def archive_page_parts(content: Content) -> ArchivePage:
    """Return what the archive shows of an issue: the same for everybody (DESIGN 4, 9)."""
    return ArchivePage(
        subject=merge_fields.neutral(content.subject),
        preheader=merge_fields.neutral(content.preheader),
        language=content.language,
        direction=direction(content.language),
        # Sanitised by newsletter.markdown, its slots filled with escaped fallbacks.
        introduction=Markup(introduction.neutral_html(content.introduction)),
        rows=tuple(
            ArchiveRow(
                kind=row.kind,
                kind_words=KIND_NAMES[row.kind],
                button_words=BUTTON_WORDS[row.kind],
                title=row.title,
                summary=row.summary,
                url=item_url(row, ""),
                published_on=row.published_on,
                language=row.language,
                direction=direction(row.language),
            )
            for row in content.rows
        ),
    )
