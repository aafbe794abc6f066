"""What a person typed, brought into one form that every database keeps, or refused.

Pure functions: text in, the value to keep out, or InvalidInput that names the field.
"""

import re
import unicodedata

from newsletter.errors import InvalidInput
from newsletter.marking import marked

LONGEST_SLUG = 80
"""Characters of the longest slug: a link must survive being read out and typed."""

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def one_line(text: str, *, field: str, most: int) -> str:
    """Return `text` with every run of white space as one blank, `most` characters at most."""
    return printable(" ".join(text.split()), field=field, most=most)


def printable(text: str, *, field: str, most: int) -> str:
    """Return `text` stripped, with plain line ends and composed letters (Unicode NFC)."""
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    # PostgreSQL keeps no NUL and no database keeps half a surrogate pair.
    # Printable ASCII needs no look at each letter, and most of what is typed is that.
    is_plain = clean.isascii() and clean.isprintable()
    if not is_plain and any(_is_unfit(letter) for letter in clean if letter not in "\n\t"):
        raise InvalidInput(
            marked("The %(what)s contains characters that cannot be shown. Type it again by hand."),
            field=field,
            what=field,
        )
    if len(clean) > most:
        raise InvalidInput(
            marked("The %(what)s has %(number)s characters; it may have %(most)s. Shorten it."),
            field=field,
            what=field,
            number=f"{len(clean):,}",
            most=f"{most:,}",
        )
    return clean


def _is_unfit(letter: str) -> bool:
    """Tell whether a character cannot be kept or cannot stand in XML, such as the feed."""
    return letter in "\ufffe\uffff" or unicodedata.category(letter) in ("Cc", "Cs")


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
