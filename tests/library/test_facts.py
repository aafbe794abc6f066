from datetime import date

import pytest

from newsletter import inputs, languages
from newsletter.errors import InvalidInput
from newsletter.library import facts
from newsletter.library.models import ItemKind


def test_a_kind_is_known_by_its_word_in_any_case() -> None:
    assert facts.kind(" Guidance ") is ItemKind.GUIDANCE


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="news, guidance, tool, event, publication") as caught:
        facts.kind("poem")
    assert caught.value.field == "kind"


def test_a_title_becomes_one_line() -> None:
    assert facts.title("  Guidance\r\n on\t MMS ") == "Guidance on MMS"


@pytest.mark.parametrize("text", ["", " \n ", "x" * 301, "a\0b", "a\x1bb", "a\udc80b"])
def test_a_title_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facts.title(text)
    assert caught.value.field == "title"


def test_a_title_may_have_300_characters() -> None:
    assert len(facts.title("x" * 300)) == 300


def test_text_is_kept_with_composed_letters_and_plain_line_ends() -> None:
    assert facts.body("Pre\u0301natal\r\ncare\rnow\n") == "Prénatal\ncare\nnow"


def test_a_summary_is_needed() -> None:
    with pytest.raises(InvalidInput) as caught:
        facts.summary(" ")
    assert caught.value.field == "summary"


def test_what_is_too_long_says_by_how_much() -> None:
    with pytest.raises(InvalidInput, match="100,001 characters; it may have 100,000"):
        facts.body("x" * 100_001)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/guidance",
        "http://example.org",
        "HTTPS://example.org:8443/a?b=c&d=e#f",
        "https://[2001:db8::1]/",
        "https://bücher.example/größe",
    ],
)
def test_an_absolute_web_address_is_a_link(text: str) -> None:
    assert facts.url(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "/guidance",
        "//example.org/",
        "ftp://example.org/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///path",
        "https://example.org:x/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/a b",
        "https://example.org/\nX-Header: y",
        "https://example.org\\@elsewhere.example/",
        "https://name:secret@example.org/",
        'https://example.org/"onclick="x',
        "https://example.org/\u200b",
        "https://example.org/" + "x" * 2_000,
    ],
)
def test_anything_else_is_no_link(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facts.url(text)
    assert caught.value.field == "url"


def test_an_item_may_have_no_link() -> None:
    assert facts.url(" ") == ""


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


def test_a_date_is_read_and_may_be_left_out() -> None:
    assert facts.published_on(" 2025-01-20 ") == date(2025, 1, 20)
    assert facts.published_on(" ") is None


@pytest.mark.parametrize("text", ["20 January 2025", "2025-02-30", "0000-01-01", "yesterday"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facts.published_on(text)
    assert caught.value.field == "published_on"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("New Guidance from the MMS TAG", "new-guidance-from-the-mms-tag"),
        ("  Prénatal: où & quand?  ", "prenatal-ou-quand"),
        ("A mother's diet", "a-mothers-diet"),
        ("دليل جديد", ""),
        ("!?", ""),
    ],
)
def test_a_title_suggests_a_slug_in_ascii(title: str, slug: str) -> None:
    assert inputs.slug_from(title) == slug


def test_a_long_title_is_cut_between_words() -> None:
    slug = inputs.slug_from("supplements for pregnant women " * 5)
    assert slug == "supplements-for-pregnant-women-supplements-for-pregnant-women-supplements-for"


def test_a_long_word_is_cut_where_it_must() -> None:
    assert inputs.slug_from("x" * 100) == "x" * 80


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a-", "a--b", "é", "a/b", "a" * 81, "a\n"])
def test_a_slug_that_cannot_stand_in_a_link_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        inputs.slug(text)
    assert caught.value.field == "slug"


def test_a_topic_needs_a_name() -> None:
    assert facts.topic_name(" Maternal\nnutrition ") == "Maternal nutrition"
    with pytest.raises(InvalidInput) as caught:
        facts.topic_name(" ")
    assert caught.value.field == "name"
