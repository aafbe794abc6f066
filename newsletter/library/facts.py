"""What a person may type about an item or a topic: each fact checked and brought into one form.

Pure functions: text in, the value to keep out, or InvalidInput that names the field.
"""

import re
from datetime import date
from urllib.parse import urlsplit

from newsletter import inputs, markdown
from newsletter.errors import InvalidInput
from newsletter.library.models import ItemKind

LONGEST_TITLE = 300
LONGEST_SUMMARY = 2_000
LONGEST_BODY = 100_000
LONGEST_URL = 2_000
LONGEST_REGION = 120
LONGEST_TOPIC_NAME = 120
LONGEST_INVITATION = 300
"""Characters of the longest title, summary, body, link, region, topic's name, invitation."""

_NEVER_IN_A_LINK = re.compile(r"[\s\\<>\"`{}|^]")


def kind(text: str) -> ItemKind:
    """Return the kind called `text`."""
    try:
        return ItemKind(text.strip().lower())
    except ValueError as exc:
        known = ", ".join(ItemKind)
        raise InvalidInput(
            f"“{text[:40]}” is not a kind of item. Choose one of {known}.", field="kind"
        ) from exc


def title(text: str) -> str:
    """Return the title on one line."""
    line = inputs.one_line(text, field="title", most=LONGEST_TITLE)
    if not line:
        raise InvalidInput("Give the item a title.", field="title")
    return line


def summary(text: str) -> str:
    """Return the summary: the sentence or two that stand in a list and in a mail."""
    words = inputs.printable(text, field="summary", most=LONGEST_SUMMARY)
    if not words:
        raise InvalidInput("Say in a sentence or two what the item is about.", field="summary")
    return words


def body(text: str) -> str:
    """Return the body, which is Markdown and may be empty."""
    words = inputs.printable(text, field="body", most=LONGEST_BODY)
    markdown.refuse_costly(words, field="body")
    return words


def url(text: str) -> str:
    """Return the link: absolute, http or https, without a name and password; or empty."""
    link = text.strip()
    if not link:
        return ""
    if len(link) > LONGEST_URL:
        raise InvalidInput(f"A link has at most {LONGEST_URL:,} characters.", field="url")
    if not is_web_address(link):
        raise InvalidInput(
            "Write the whole address of the link, like https://example.org/guidance.", field="url"
        )
    return link


def region(text: str) -> str:
    """Return the region on one line; empty where the item is about none."""
    return inputs.one_line(text, field="region", most=LONGEST_REGION)


def published_on(text: str) -> date | None:
    """Return the date that `text` names, as in 2025-01-20; None where nothing was typed."""
    return _date(text, field="published_on")


def comments_until(text: str) -> date | None:
    """Return the last day on which comments are welcome; None where they are not asked for."""
    return _date(text, field="comments_until")


def _date(text: str, *, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as exc:
        raise InvalidInput(
            f"“{text[:40]}” is not a date. Write it like 2025-01-20.", field=field
        ) from exc


def invitation(text: str) -> str:
    """Return the words that invite comments; empty where our own are enough."""
    return inputs.printable(text, field="comments_invitation", most=LONGEST_INVITATION)


def topic_name(text: str) -> str:
    """Return the name of a topic on one line."""
    line = inputs.one_line(text, field="name", most=LONGEST_TOPIC_NAME)
    if not line:
        raise InvalidInput("Give the topic a name.", field="name")
    return line


def is_web_address(link: str) -> bool:
    """Tell whether a link is absolute, http or https, and has no name and password in it."""
    if _NEVER_IN_A_LINK.search(link) or not link.isprintable():
        return False
    try:
        parts = urlsplit(link)
        # Reading the port checks it.
        port = parts.port
    except ValueError:
        return False
    has_host = bool(parts.hostname) and port != 0
    return parts.scheme in ("http", "https") and has_host and "@" not in parts.netloc
