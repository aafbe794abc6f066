"""What an issue calls its items, and where they lead."""

from datetime import date

from newsletter.issues.content import ItemRow
from newsletter.library.models import ItemKind

KIND_WORDS = {
    ItemKind.NEWS: "News",
    ItemKind.GUIDANCE: "Guidance",
    ItemKind.TOOL: "Tool",
    ItemKind.EVENT: "Event",
    ItemKind.PUBLICATION: "Publication",
}
"""What the line above an item calls it."""

BUTTON_WORDS = {
    ItemKind.NEWS: "Read the news",
    ItemKind.GUIDANCE: "Read the guidance",
    ItemKind.TOOL: "Open the tool",
    ItemKind.EVENT: "See the event",
    ItemKind.PUBLICATION: "Read the publication",
}
"""What the button below an item says."""


def item_url(row: ItemRow, public_url: str) -> str:
    """Return where an item leads: its own page elsewhere, else its page in the library."""
    if row.url.lower().startswith(("https://", "http://")):
        return row.url
    return f"{public_url}/library/{row.slug}"


def long_date(day: date) -> str:
    """Return a day as people write it: 20 January 2025."""
    return f"{day.day} {day:%B %Y}"
