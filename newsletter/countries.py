"""Countries: the codes that name them (ISO 3166-1 alpha-2), and their names in a language."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale

from newsletter.errors import InvalidInput
from newsletter.marking import marked

NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "ZZ"})
"""What CLDR names by two letters and nobody is a citizen of: islands, unions, nowhere."""


def code(text: str) -> str:
    """Return the code of a country that was chosen; raise InvalidInput for what is none."""
    chosen = text.strip().upper()
    if chosen not in names("en"):
        raise InvalidInput(marked("Choose a country from the list."), field="country")
    return chosen


def name(country: str, language: str) -> str:
    """Return what a country is called in a language, or its code if nobody knows."""
    return names(language).get(country, country)


@lru_cache(maxsize=20)
def names(language: str) -> Mapping[str, str]:
    """Return code and name of every country, in the order of the names."""
    known = Locale.parse(language).territories
    found = {code: name for code, name in known.items() if _is_country(code)}
    return dict(sorted(found.items(), key=lambda pair: _letters(pair[1])))


def _is_country(code: str) -> bool:
    is_tested_with = code in ("XA", "XB")
    return len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES and not is_tested_with


def _letters(name: str) -> str:
    """Return a name without its accents: Égypte stands beside Équateur, before Finlande."""
    plain = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
