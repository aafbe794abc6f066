"""One issue's content that the tests of rendering, checks and the archive share."""

from dataclasses import replace
from datetime import date
from typing import Any

from newsletter.issues.content import Content, ItemRow
from newsletter.issues.rendering import Masthead
from newsletter.library.models import ItemKind

MASTHEAD = Masthead(
    list_name="Stay Informed",
    issue_number=42,
    postal_address="1 Example Street\n10115 Sample Town",
    public_url="https://news.example.org",
)

GUIDANCE = ItemRow(
    slug="guidance-on-mms",
    kind=ItemKind.GUIDANCE,
    title="Guidance on MMS",
    summary="What the guidance says, in one sentence.",
    url="https://example.org/guidance?a=1&b=2",
    published_on=date(2025, 1, 20),
    language="en",
)

CONTENT = Content(
    subject="New guidance, {{ name | reader }}",
    preheader="What decision-makers asked about, answered for {{ attributes.country | you }}.",
    introduction="Dear {{ name | friend }},\n\n"
    "## What is new\n\nRead [the overview](https://example.org/overview).",
    blocks=(
        GUIDANCE,
        replace(
            GUIDANCE,
            slug="launch",
            kind=ItemKind.NEWS,
            title="The launch",
            summary="The consortium began its work.",
            url="",
            published_on=date(2021, 3, 10),
        ),
    ),
    language="en",
)


def content(**changes: Any) -> Content:
    """The shared content with some of it changed; `rows` are blocks that are items."""
    if "rows" in changes:
        changes["blocks"] = changes.pop("rows")
    return replace(CONTENT, **changes)


def item(number: int = 1, **changes: Any) -> ItemRow:
    """An item of the shared sort, one of many."""
    return replace(GUIDANCE, slug=f"item-{number}", **changes)
