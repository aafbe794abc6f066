"""Our own fixed words in the language of whoever reads them, and days as that language writes them.

Nothing here asks which request is being answered: most mail is written where there is none. The
catalogues are gettext's, newsletter/translations/<language>/LC_MESSAGES/messages.po.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from markupsafe import Markup, escape

from newsletter.languages import direction, tongue

CATALOGUES = Path(__file__).parent / "translations"

ORIGINAL = "en"
"""What the words are written in: also for everybody whose language has no catalogue."""

WORLD_ENGLISH = Locale.parse("en_001")
"""English of no country, which writes the day first, as the desk does."""

_ISOLATE, _END = "\u2068", "\u2069"


@dataclass(frozen=True)
class Translator:
    """Says our words among texts in the language `asked`; they themselves are in `language`."""

    asked: str
    language: str
    locale: Locale = field(repr=False)
    words: NullTranslations = field(repr=False)

    @property
    def is_substitute(self) -> bool:
        """Whether the words have to be marked as being in another language (WCAG 3.1.2)."""
        return self.language != tongue(self.asked)

    @property
    def direction(self) -> str:
        """Where its lines begin, as HTML's dir attribute wants it."""
        return direction(self.language)

    def gettext(self, message: str, /, **values: Any) -> str:
        """Return `message` in this language with its `%(name)s` filled in.

        If one of the values is Markup, so is the result, and all else in it is escaped.
        """
        return _filled(self.words.gettext(message), values)

    def ngettext(self, one: str, many: str, number: int, /, **values: Any) -> str:
        """Return the form that fits the number, which `%(number)s` stands for."""
        return _filled(self.words.ngettext(one, many, number), {"number": number, **values})

    def day(self, day: date) -> str:
        """Return a day as people write it: 20 January 2025."""
        text = format_date(day, "long", locale=self.locale)
        # CLDR has no ordinals, but French has one for the first of a month.
        return f"1er{text[1:]}" if self.language == "fr" and day.day == 1 else text

    def moment(self, at: datetime) -> str:
        """Return an instant as people write it: 20 January 2025 at 14:05 UTC."""
        at = at.astimezone(UTC)
        return self.gettext("%(day)s at %(time)s UTC", day=self.day(at), time=f"{at:%H:%M}")

    def name_of(self, language: str) -> str:
        """Return what a language is called in this one, or its tag if nobody knows."""
        try:
            return Locale.parse(language, sep="-").get_display_name(self.locale) or language
        except (UnknownLocaleError, ValueError):
            return language

    def isolated(self, name: str) -> str:
        """Return a name, line by line, so that it reorders no words around it.

        It matters only where lines run from the right (UAX 9).
        """
        if not name or direction(self.asked) == "ltr":
            return name
        return "\n".join(f"{_ISOLATE}{line}{_END}" for line in name.split("\n"))


@lru_cache(maxsize=100)
def translator(language: str) -> Translator:
    """Return who says our words in `language`, a tag like fr or pt-BR, or else in English."""
    spoken = tongue(language) if tongue(language) in written() else ORIGINAL
    return Translator(
        asked=language,
        language=spoken,
        locale=_locale(language if spoken == tongue(language) else ORIGINAL),
        words=words(spoken),
    )


@lru_cache(maxsize=1)
def written() -> tuple[str, ...]:
    """Return the languages that the words exist in, the original first."""
    return (ORIGINAL, *sorted(path.parts[-3] for path in CATALOGUES.glob("*/*/messages.po")))


@lru_cache(maxsize=20)
def words(language: str) -> NullTranslations:
    """Return the catalogue, compiled in memory: nobody has to remember a step before a start."""
    if language == ORIGINAL:
        return NullTranslations()
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def _locale(language: str) -> Locale:
    """Return how days are written: as in the region that the tag names, if that is known."""
    try:
        found = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        found = Locale.parse(tongue(language))
    return WORLD_ENGLISH if str(found) == ORIGINAL else found


def _filled(text: str, values: Mapping[str, Any]) -> str:
    if not values:
        return text
    if any(isinstance(value, Markup) for value in values.values()):
        return escape(text) % values
    return text % values
