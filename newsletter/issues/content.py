"""What an issue says, apart from the tables it is kept in."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from newsletter.library.models import ItemKind


@dataclass(frozen=True)
class ItemRow:
    """One library item as it was when the issue was saved.

    `url` is empty where the item has no page of its own elsewhere: readers
    are then led to its page in the library.
    """

    slug: str
    kind: ItemKind
    title: str
    summary: str
    url: str
    published_on: date
    language: str


@dataclass(frozen=True)
class Content:
    """One language of an issue: `subject`, `preheader` and `introduction` may hold merge fields.

    The introduction is Markdown; an item's title and summary are plain text.
    """

    subject: str
    preheader: str
    introduction: str
    rows: tuple[ItemRow, ...]
    language: str


def to_json(content: Content) -> dict[str, Any]:
    """Return `content` as plain values, ready for Revision.content."""
    plain = asdict(content)
    plain["rows"] = [
        {**asdict(row), "kind": row.kind.value, "published_on": row.published_on.isoformat()}
        for row in content.rows
    ]
    return plain


def from_json(plain: dict[str, Any]) -> Content:
    """Return the content that `to_json` made `plain` from."""
    rows = tuple(
        ItemRow(
            **{
                **row,
                "kind": ItemKind(row["kind"]),
                "published_on": date.fromisoformat(row["published_on"]),
            }
        )
        for row in plain["rows"]
    )
    return Content(**{**plain, "rows": rows})
