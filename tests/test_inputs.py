"""What a person typed: one line, printable, and what can stand in a link."""

import pytest

from newsletter import inputs
from newsletter.errors import InvalidInput


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


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\ud800b", "a\ufffeb", "a\uffffb"])
def test_what_no_database_and_no_feed_can_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be shown") as caught:
        inputs.printable(text, field="summary", most=100)
    assert caught.value.field == "summary"


@pytest.mark.parametrize("text", ["plain", "é", "👩‍👩‍👧", "مرحبا", "a\tb\nc"])
def test_what_people_write_is_kept(text: str) -> None:
    assert inputs.printable(text, field="summary", most=100) == text
