"""Our fixed words: in every language that the form offers, whole, and as code and templates say."""

import re
from datetime import UTC, date, datetime

import pytest
from babel.messages.catalog import Catalog, Message
from markupsafe import Markup

from newsletter import languages
from newsletter.marking import marked
from newsletter.translating import translator, written
from scripts.translations import catalogue_of
from tests import english

TRANSLATED = [language for language in written() if language != "en"]


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def gaps(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def test_every_language_that_the_form_offers_has_its_words() -> None:
    assert set(written()) == set(languages.OFFERED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_catalogue_has_what_is_said_and_nothing_else(language: str) -> None:
    said = {message.id for message in english.messages()}
    assert len(said) > 15
    assert {message.id for message in messages(catalogue_of(language))} == said, "run make words"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_missing_or_doubtful(language: str) -> None:
    catalogue = catalogue_of(language)
    for message in messages(catalogue):
        wanted = catalogue.num_plurals if message.pluralizable else 1
        written_forms = forms(message.string)
        assert len(written_forms) == wanted and all(written_forms), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_gaps_of_their_message(language: str) -> None:
    for message in messages(catalogue_of(language)):
        wanted = set().union(*map(gaps, forms(message.id)))
        for form in forms(message.string):
            # One and two of something are often said without the number.
            missing = {"%(number)s"} if message.pluralizable else set()
            assert gaps(form) | missing == wanted | missing, message.id
            assert form.count("%") == len(re.findall(r"%\(\w+\)s", form)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_to_the_house_style(language: str) -> None:
    for message in messages(catalogue_of(language)):
        last = forms(message.id)[-1][-1]
        for form in forms(message.string):
            assert form == form.strip()
            assert "!" not in form and "'" not in form
            # A sentence ends as the original does, so that none is cut off.
            assert (form[-1] in ".:؛") == (last in ".:"), message.id


@pytest.mark.parametrize(
    ("asked", "spoken", "is_substitute"),
    [
        ("en", "en", False),
        ("en-GB", "en", False),
        ("fr", "fr", False),
        ("pt-BR", "pt", False),
        ("AR-eg", "ar", False),
        ("sw", "en", True),
        ("he", "en", True),
        ("", "en", True),
    ],
)
def test_a_language_gets_its_words_or_english_ones(
    asked: str, spoken: str, is_substitute: bool
) -> None:
    ours = translator(asked)
    assert (ours.language, ours.is_substitute) == (spoken, is_substitute)
    assert ours.direction == languages.direction(spoken)


@pytest.mark.parametrize(
    ("language", "first", "later"),
    [
        ("en", "1 March 2021", "20 January 2025"),
        ("en-US", "March 1, 2021", "January 20, 2025"),
        ("fr-ZZ", "1er mars 2021", "20 janvier 2025"),
        ("fr", "1er mars 2021", "20 janvier 2025"),
        ("es", "1 de marzo de 2021", "20 de enero de 2025"),
        ("pt-BR", "1 de março de 2021", "20 de janeiro de 2025"),
        ("ar", "1 مارس 2021", "20 يناير 2025"),
        ("ar-DZ", "1 مارس 2021", "20 جانفي 2025"),
        ("sw-KE", "1 March 2021", "20 January 2025"),
    ],
)
def test_days_are_written_as_in_the_language_and_region(
    language: str, first: str, later: str
) -> None:
    ours = translator(language)
    assert ours.day(date(2021, 3, 1)) == first
    assert ours.day(date(2025, 1, 20)) == later


def test_a_moment_says_its_zone() -> None:
    at = datetime(2025, 1, 20, 14, 5, tzinfo=UTC)
    assert translator("en").moment(at) == "20 January 2025 at 14:05 UTC"
    assert translator("fr").moment(at) == "20 janvier 2025 à 14:05 UTC"


def test_markup_in_a_sentence_stays_and_all_else_is_escaped() -> None:
    ours = translator("fr")
    assert ours.gettext("Issue %(number)s", number="<b>") == "Numéro <b>"
    found = ours.gettext("%(day)s at %(time)s UTC", day=Markup("<b>1</b>"), time="<i>")
    assert isinstance(found, Markup)
    assert found == "<b>1</b> à &lt;i&gt; UTC"


def test_what_nobody_translated_is_said_as_it_was_written() -> None:
    assert translator("fr").gettext(marked("100 % of nothing")) == "100 % of nothing"


def test_a_name_is_isolated_only_where_lines_run_from_the_right() -> None:
    assert translator("fr").isolated("WHO") == "WHO"
    assert translator("ar").isolated("WHO\n1 Street") == "\u2068WHO\u2069\n\u20681 Street\u2069"
    # Hebrew readers get English words, in lines of their own direction.
    assert translator("he").isolated("WHO") == "\u2068WHO\u2069"
    assert translator("ar").isolated("") == ""
