from datetime import date

import pytest

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


def test_a_date_is_read_and_may_be_left_out() -> None:
    assert facts.published_on(" 2025-01-20 ") == date(2025, 1, 20)
    assert facts.published_on(" ") is None


@pytest.mark.parametrize("text", ["20 January 2025", "2025-02-30", "0000-01-01", "yesterday"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facts.published_on(text)
    assert caught.value.field == "published_on"


def test_a_topic_needs_a_name() -> None:
    assert facts.topic_name(" Maternal\nnutrition ") == "Maternal nutrition"
    with pytest.raises(InvalidInput) as caught:
        facts.topic_name(" ")
    assert caught.value.field == "name"
