"""Where an item of an issue leads, and how its day is written."""

from datetime import date

from newsletter.issues.content import ItemRow


def item_url(row: ItemRow, public_url: str) -> str:
    """Return where an item leads: its own page elsewhere, else its page in the library."""
    if row.url.lower().startswith(("https://", "http://")):
        return row.url
    return f"{public_url}/library/{row.slug}"


def long_date(day: date) -> str:
    """Return a day as people write it: 20 January 2025."""
    return f"{day.day} {day:%B %Y}"
