"""Language tags: their usual case, their direction, and what is none."""

import pytest

from newsletter import languages
from newsletter.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("en", "en"),
        ("FR", "fr"),
        ("pt_br", "pt-BR"),
        ("es-419", "es-419"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        (" swh ", "swh"),
    ],
)
def test_a_language_tag_gets_its_usual_case(typed: str, kept: str) -> None:
    assert languages.tag(typed) == kept


@pytest.mark.parametrize("text", ["", "e", "english", "en-", "en-US-x-private", "en; drop", "12"])
def test_what_is_no_language_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        languages.tag(text)
    assert caught.value.field == "language"


@pytest.mark.parametrize(
    ("tag", "direction"),
    [("ar", "rtl"), ("ar-EG", "rtl"), ("he", "rtl"), ("en", "ltr"), ("fr-CA", "ltr"), ("", "ltr")],
)
def test_a_language_has_its_direction(tag: str, direction: str) -> None:
    assert languages.direction(tag) == direction


def test_what_the_form_offers_are_tags() -> None:
    assert [languages.tag(tag) for tag in languages.OFFERED] == list(languages.OFFERED)
