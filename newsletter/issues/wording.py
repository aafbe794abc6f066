"""Where an item of an issue leads, and what stands around it."""

from datetime import date
from urllib.parse import urlsplit

from newsletter.issues.content import ItemRow
from newsletter.library.words import BUTTON_WORDS, KIND_NAMES


def item_url(row: ItemRow, public_url: str) -> str:
    """Return where an item leads: its own page elsewhere, else its page in the library."""
    if row.url.lower().startswith(("https://", "http://")):
        return row.url
    return f"{public_url}/library/{row.slug}"


def label(row: ItemRow) -> str:
    """Return the line above an item: its kind, or the site of a page elsewhere, and its day."""
    what = KIND_NAMES[row.kind] if row.kind else _site(row)
    return f"{what} · {long_date(row.published_on)}" if row.published_on else what


def action(row: ItemRow) -> str:
    """Return the words of the button that leads to an item."""
    return BUTTON_WORDS[row.kind] if row.kind else f"Read it at {_site(row)}"


def long_date(day: date) -> str:
    """Return a day as people write it: 20 January 2025."""
    return f"{day.day} {day:%B %Y}"


def _site(row: ItemRow) -> str:
    try:
        return (urlsplit(row.url).hostname or row.url).removeprefix("www.")
    except ValueError:
        return row.url
