"""What a language tag decides: the direction of its text."""

import re

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
"""Languages whose text runs from the right."""

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def direction(language: str) -> str:
    """Return `rtl` or `ltr`, as HTML's dir attribute wants it."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def is_english(language: str) -> bool:
    """Tell whether our own fixed words are in this language already."""
    return language.partition("-")[0].lower() == "en"


def checked(tag: str) -> str:
    """Return `tag` if it can be a language tag (BCP 47), else English's."""
    return tag if _TAG.fullmatch(tag) else "en"
