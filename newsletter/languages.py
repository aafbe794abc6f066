"""Languages: the tags that name them, those that the form offers, and where their lines begin."""

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from newsletter.errors import InvalidInput
from newsletter.marking import marked

OFFERED = {
    "en": "English",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "ar": "العربية",
}
"""The languages of mail that the form offers; others may be asked for."""

# Language, script, region: what readers choose by. Extensions and variants are not.
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?")


RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
"""Languages whose text runs from the right."""


def tongue(language: str) -> str:
    """Return what is spoken, without its script and region: pt for pt-BR."""
    return language.partition("-")[0].lower()


def direction(language: str) -> str:
    """Return `rtl` or `ltr`, as HTML's dir attribute wants it."""
    return "rtl" if tongue(language) in RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=100)
def english_name(language: str) -> str:
    """Return what a language is called in English, or its tag if nobody knows."""
    try:
        return Locale.parse(language, sep="-").get_display_name("en") or language
    except (UnknownLocaleError, ValueError):
        return language


@lru_cache(maxsize=100)
def own_name(language: str) -> str:
    """Return what a language calls itself, or its tag if nobody knows."""
    if language in OFFERED:
        return OFFERED[language]
    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=100)
def with_country(language: str) -> str:
    """Return a language with the country where it is likeliest read, as in fr_FR (Open Graph)."""
    likely = str(get_global("likely_subtags").get(tongue(language), "")).split("_")
    country = language.rpartition("-")[2]
    if len(country) != 2 or not country.isupper():
        country = likely[-1]
    return "_".join(part for part in (tongue(language), country) if part)


@lru_cache(maxsize=1_000)
def tag(text: str) -> str:
    """Return the language tag in its usual case, as in pt-BR (RFC 5646 section 2.1.1).

    Only language, script and region are taken; whether they are registered is not looked up.
    """
    match = _LANGUAGE.fullmatch(text.strip().replace("_", "-").lower())
    if match is None:
        raise InvalidInput(
            marked("“%(tag)s” is not a language tag. Write one like en, fr or pt-BR."),
            field="language",
            tag=text[:40],
        )
    tongue, script, place = match.groups()
    return "-".join(
        part for part in (tongue, script and script.capitalize(), place and place.upper()) if part
    )
