"""What a person may type about an item or a topic: each fact checked and brought into one form.

Pure functions: text in, the value to keep out, or InvalidInput that names the field.
"""

import re
import unicodedata
from datetime import date
from urllib.parse import urlsplit

from newsletter.errors import InvalidInput
from newsletter.library.models import ItemKind

LONGEST_TITLE = 300
LONGEST_SUMMARY = 2_000
LONGEST_BODY = 100_000
LONGEST_URL = 2_000
LONGEST_REGION = 120
LONGEST_TOPIC_NAME = 120
"""Characters of the longest title, summary, body, link, region and name of a topic."""

LONGEST_SLUG = 80
"""Characters of the longest slug: a link must survive being read out and typed."""

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Language, script, region: what readers choose by. Extensions and variants are not.
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?")
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
    line = one_line(text, field="title", most=LONGEST_TITLE)
    if not line:
        raise InvalidInput("Give the item a title.", field="title")
    return line


def summary(text: str) -> str:
    """Return the summary: the sentence or two that stand in a list and in a mail."""
    words = _printable(text, field="summary", most=LONGEST_SUMMARY)
    if not words:
        raise InvalidInput("Say in a sentence or two what the item is about.", field="summary")
    return words


def body(text: str) -> str:
    """Return the body, which is Markdown and may be empty."""
    return _printable(text, field="body", most=LONGEST_BODY)


def url(text: str) -> str:
    """Return the link: absolute, http or https, without a name and password; or empty."""
    link = text.strip()
    if not link:
        return ""
    if len(link) > LONGEST_URL:
        raise InvalidInput(f"A link has at most {LONGEST_URL:,} characters.", field="url")
    if not _is_web_address(link):
        raise InvalidInput(
            "Write the whole address of the link, like https://example.org/guidance.", field="url"
        )
    return link


def region(text: str) -> str:
    """Return the region on one line; empty where the item is about none."""
    return one_line(text, field="region", most=LONGEST_REGION)


def language(text: str) -> str:
    """Return the language tag in its usual case, as in pt-BR (RFC 5646 section 2.1.1).

    Only language, script and region are taken; whether they are registered is not looked up.
    """
    match = _LANGUAGE.fullmatch(text.strip().replace("_", "-").lower())
    if match is None:
        raise InvalidInput(
            f"“{text[:40]}” is not a language tag. Write one like en, fr or pt-BR.",
            field="language",
        )
    tongue, script, place = match.groups()
    return "-".join(
        part for part in (tongue, script and script.capitalize(), place and place.upper()) if part
    )


def published_on(text: str) -> date | None:
    """Return the date that `text` names, as in 2025-01-20; None where nothing was typed."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as exc:
        raise InvalidInput(
            f"“{text[:40]}” is not a date. Write it like 2025-01-20.", field="published_on"
        ) from exc


def slug(text: str) -> str:
    """Return a slug that somebody chose."""
    if not is_slug(text):
        raise InvalidInput(
            f"“{text[:LONGEST_SLUG]}” cannot stand in a link. Use small letters a to z, digits "
            f"and single hyphens, {LONGEST_SLUG} characters at most.",
            field="slug",
        )
    return text


def is_slug(text: str) -> bool:
    """Tell whether `text` can be the slug of anything."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None


def slug_from(text: str) -> str:
    """Return the slug that a title suggests; empty where no letter of it is Latin."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    whole = re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("'", "")).strip("-")
    if len(whole) <= LONGEST_SLUG:
        return whole
    # Cut between words where that leaves a good part of the title.
    cut = whole[: LONGEST_SLUG + 1].rpartition("-")[0]
    return cut if len(cut) > LONGEST_SLUG // 2 else whole[:LONGEST_SLUG].rstrip("-")


def topic_name(text: str) -> str:
    """Return the name of a topic on one line."""
    line = one_line(text, field="name", most=LONGEST_TOPIC_NAME)
    if not line:
        raise InvalidInput("Give the topic a name.", field="name")
    return line


def one_line(text: str, *, field: str, most: int) -> str:
    """Return `text` with every run of white space as one blank, `most` characters at most."""
    return _printable(" ".join(text.split()), field=field, most=most)


def _printable(text: str, *, field: str, most: int) -> str:
    """Return `text` stripped, with plain line ends and composed letters (Unicode NFC)."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    # PostgreSQL keeps no NUL and no database keeps half a surrogate pair.
    if any(
        unicodedata.category(letter) in ("Cc", "Cs") for letter in clean if letter not in "\n\t"
    ):
        raise InvalidInput(
            f"The {field} contains characters that cannot be shown. Type it again by hand.",
            field=field,
        )
    if len(clean) > most:
        raise InvalidInput(
            f"The {field} has {len(clean):,} characters; it may have {most:,}. Shorten it.",
            field=field,
        )
    return clean


def _is_web_address(link: str) -> bool:
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
